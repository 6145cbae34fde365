from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.reviews import apps


class ReviewsConfig(apps.CatalogueReviewsConfig):
    """Oscar's reviews under our name. Its views take reviews from anyone, so none is loaded or has an address."""

    name = "listings.reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        """Leave Oscar's views unloaded."""

    def get_urls(self) -> list[URLPattern]:
        """No address: the pages are ours."""
        return []
