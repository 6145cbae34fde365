"""The services that are configured here, each in one mode."""

from typing import Any, Final

from django.conf import settings

from billing.payments.gateways.alipay import Alipay
from billing.payments.gateways.interface import Gateway
from billing.payments.gateways.stripe import Stripe

# By the name under which a payment is kept; the clearing account of the ledger follows from it.
KINDS: Final[dict[str, Any]] = {"alipay": Alipay, "stripe": Stripe}


def find(name: str) -> Gateway | None:
    """The service, or None if it is not configured here."""
    facts = settings.GATEWAYS.get(name)
    return KINDS[name](**facts) if facts else None


def find_stripe() -> Stripe | None:
    """Stripe with what only it can do."""
    found: Stripe | None = find("stripe")  # type: ignore[assignment]
    return found


def configured(*, currency: str = "") -> list[Gateway]:
    """The services that are configured and take `currency`."""
    found = [find(name) for name in KINDS]
    return [one for one in found if one and (not currency or currency in one.currencies)]
