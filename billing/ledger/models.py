"""Accounts, entries and postings. See `migrations/` for the triggers that keep them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """A place where value stands, per organisation and currency. Its balance is the sum of its postings."""

    class Kind(models.TextChoices):
        RECEIVABLE = "receivable", _("Receivable from buyers")
        BANK_CLIENT_MONEY = "bank_client_money", _("Bank: client money")
        BUYER_BALANCE = "buyer_balance", _("Buyers' prepaid balances")
        PROVIDER_CLEARING = "provider_clearing", _("Held for providers, not settled")
        PROVIDER_PAYABLE = "provider_payable", _("Payable to providers")
        COMMISSION_REVENUE = "commission_revenue", _("Commission revenue")
        VAT_PAYABLE = "vat_payable", _("VAT payable")
        SUSPENSE = "suspense", _("Suspense: received, not matched yet")
        ALIPAY_CLEARING = "alipay_clearing", _("Held by Alipay")
        STRIPE_CLEARING = "stripe_clearing", _("Held by Stripe")
        GATEWAY_FEES = "gateway_fees", _("Fees of the payment services")

    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("organisation")
    )
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(fields=["kind", "organisation", "currency"], name="account_unique"),
        ]


class Entry(models.Model):
    """One business event, posted once: its key says which."""

    business_key = models.CharField(_("business key"), max_length=120, unique=True)
    posted_at = models.DateTimeField(_("posted"))
    description = models.CharField(_("description"), max_length=200)

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["id"]


class Posting(models.Model):
    """One side of an entry. A debit is positive, a credit negative."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings", verbose_name=_("entry"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="postings", verbose_name=_("account"))
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount_minor=0), name="posting_not_zero"),
            models.UniqueConstraint(fields=["entry", "account"], name="posting_account_once_per_entry"),
        ]
