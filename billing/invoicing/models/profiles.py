"""What a tax invoice says of a party besides its name and code (开票信息)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaxProfile(models.Model):
    """An organisation's address, telephone and bank as they stand on invoices issued from now on; frozen there."""

    organisation = models.OneToOneField(
        "organisations.Organisation", models.PROTECT, related_name="tax_profile", verbose_name=_("organisation")
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("telephone"), max_length=30, blank=True)
    bank_name = models.CharField(_("bank"), max_length=100, blank=True)
    bank_account = models.CharField(_("account number"), max_length=40, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("tax profile")
        verbose_name_plural = _("tax profiles")
