"""Writes: a buyer asks to be told when the prepaid balance falls below an amount, and is told once per fall."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.payments import operations
from billing.payments.models import Wallet
from billing.rules.money import Money
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations

LOW = gettext_noop("The prepaid balance is %(balance)s, below the %(alert)s that you asked to be told of. Top it up.")


class InvalidAlert(errors.Refused):
    """The amount to be told of is not above zero."""


@transaction.atomic
def set_alert(*, organisation_id: int, alert: Money | None, currency: str, actor: actors.Actor, now: datetime) -> None:
    """Tell the buyer when the balance falls below `alert`; None: never. Raises InvalidAlert."""
    if alert is not None and (alert.amount_minor <= 0 or alert.currency != currency):
        raise InvalidAlert(_("Enter an amount above zero."), field="alert")
    wallet = operations.lock_wallet(organisation_id=organisation_id, currency=currency)
    wallet.alert_minor = alert.amount_minor if alert else None
    wallet.is_low = False
    wallet.save(update_fields=["alert_minor", "is_low"])
    organisations.record(
        actor=actor,
        action="wallet.alert_set",
        object_type="wallet",
        object_id=currency,
        now=now,
        details={"alert_minor": wallet.alert_minor},
    )


def tell_low(*, now: datetime, limit: int) -> int:
    """Tell up to `limit` buyers whose balance fell below their amount; arm those that rose again. Returns both."""
    rose = Wallet.objects.filter(Q(alert_minor=None) | Q(balance_minor__gte=F("alert_minor")), is_low=True)
    armed = rose.update(is_low=False)
    fallen = Wallet.objects.filter(balance_minor__lt=F("alert_minor"), is_low=False).order_by("pk")
    return armed + sum(_tell(pk, now=now) for pk in fallen.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _tell(wallet_id: int, *, now: datetime) -> bool:
    wallet = (
        Wallet.objects.select_for_update(skip_locked=True)
        .filter(pk=wallet_id, is_low=False, balance_minor__lt=F("alert_minor"))
        .first()
    )
    if wallet is None:
        return False
    wallet.is_low, wallet.alerts_count = True, wallet.alerts_count + 1
    wallet.save(update_fields=["is_low", "alerts_count"])
    notices.notify(
        organisation_id=wallet.organisation_id,
        key=f"wallet_low:{wallet.currency}:{wallet.alerts_count}",
        permission="payments.view",
        text=LOW,
        values={
            "balance": str(Money(wallet.balance_minor, wallet.currency)),
            "alert": str(Money(wallet.alert_minor or 0, wallet.currency)),
        },
        path="/buyer/balance/",
        now=now,
    )
    return True
