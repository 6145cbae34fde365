from django.urls import URLPattern, path
from oscar.apps.basket import apps


class BasketConfig(apps.BasketConfig):
    """Oscar's basket with our pages only: saved lists and vouchers have no address."""

    name = "marketplace.shop.basket"

    def ready(self) -> None:
        """Leave Oscar's views out."""

    def get_urls(self) -> list[URLPattern]:
        from marketplace.shop.basket import views  # needs the models, which are not loaded yet above

        return [
            path("", views.show_list, name="summary"),
            path("add/", views.add_offering, name="add-offering"),
            path("add-estimate/", views.add_estimate, name="add-estimate"),
            path("lines/<int:line_id>/", views.change_line, name="change-line"),
            path("lines/<int:line_id>/remove/", views.remove_line, name="remove-line"),
        ]
