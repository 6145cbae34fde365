from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue import apps


class ListingsConfig(apps.CatalogueConfig):
    name = "listings"
    verbose_name = _("Listings")
