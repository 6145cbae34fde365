"""A buyer is told once each time the balance falls below the amount it named."""

import pytest

from billing.payments import operations, wallets
from billing.payments.models import Wallet
from billing.rules.money import Money
from marketplace.organisations.models import Notice
from tests import factories
from tests.billing.payments.conftest import NOW, Desk

pytestmark = pytest.mark.django_db


def tell() -> int:
    while wallets.tell_low(now=NOW, limit=10):
        pass
    return Notice.objects.filter(key__startswith="wallet_low:").count()


def test_once_for_each_fall(desk: Desk) -> None:
    invoice = desk.invoice("100", payment_method="prepaid_balance")
    buyer = invoice.buyer
    actor = factories.actor(buyer, "finance")
    wallets.set_alert(organisation_id=buyer.pk, alert=Money(50_00, "CNY"), currency="CNY", actor=actor, now=NOW)
    assert (tell(), tell()) == (1, 1)  # it is empty
    desk.top_up(buyer, 60_00, "T1")
    assert tell() == 1
    operations.collect_due(now=NOW, limit=10)
    assert (Wallet.objects.get().balance_minor, tell(), tell()) == (0, 2, 2)
    wallets.set_alert(organisation_id=buyer.pk, alert=None, currency="CNY", actor=actor, now=NOW)
    assert tell() == 2
    with pytest.raises(wallets.InvalidAlert):
        wallets.set_alert(organisation_id=buyer.pk, alert=Money(0, "CNY"), currency="CNY", actor=actor, now=NOW)
