from django.utils.translation import gettext_lazy as _
from oscar.apps.partner import apps


class ProvidersConfig(apps.PartnerConfig):
    """Oscar's partner app under our name. Its receivers watch stock that we do not keep, so they stay out."""

    name = "providers"
    verbose_name = _("Providers")

    def ready(self) -> None:
        """Leave Oscar's receivers unconnected."""
