from django.urls import URLPattern, path
from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    """Oscar's checkout as one page: shipping, payment details and previews have no address."""

    name = "marketplace.shop.checkout"

    def ready(self) -> None:
        """Leave Oscar's views out."""

    def get_urls(self) -> list[URLPattern]:
        from marketplace.shop.checkout import views  # needs the models, which are not loaded yet above

        return [
            path("", views.check_out, name="index"),
            path("begin/", views.begin, name="begin"),
        ]
