"""Drafting: which money, for which month, how much to the fen, and only once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing.payments.models import LineCollection
from billing.settlement import operations
from billing.settlement.models import Settlement, SettlementLine, SettlementPart, SettlementSeries
from marketplace.organisations.models import AuditEntry
from providers.models import Agreement
from tests import factories, receipts

pytestmark = pytest.mark.django_db


def make_contract(partner=None, **fields):
    return factories.contract(
        factories.foods(), factories.offering(factories.data_centre(partner or factories.hongshan())), **fields
    )


def settle(now, limit=100):
    return operations.settle_due(now=now, limit=limit)


def test_worked_example_to_the_fen(now):
    """23 346.45 and 0.38 yuan collected = 23 346.83. Commission 2 % = 466.9366 → 466.94.

    VAT 6 % on 466.94 = 28.0164 → 28.02. The provider gets 23 346.83 − 466.94 − 28.02 = 22 851.87.
    """
    contract = make_contract()
    receipts.pay(receipts.invoice([(contract, 2_334_645), (contract, 38)]))

    assert settle(now) == 1

    made = Settlement.objects.get()
    assert (made.number, made.status, made.currency) == ("JS-202610-0001", "draft", "CNY")
    assert made.period_start_date == date(2026, 10, 1)
    assert (made.gross_minor, made.commission_minor, made.commission_vat_minor, made.net_minor) == (
        2_334_683,
        46_694,
        2_802,
        2_285_187,
    )
    assert (made.lines_count, made.orders_count) == (2, 1)
    assert made.due_date == date(2026, 11, 17)  # 2 November + 15 days
    assert list(made.parts.values_list("service_model", "gross_minor")) == [("iaas", 2_334_683)]
    assert AuditEntry.objects.filter(action="settlement.drafted", object_id=made.number).count() == 1


def test_running_again_changes_nothing(now):
    receipts.collect(make_contract(), 100_000)
    assert settle(now) == 1
    before = list(Settlement.objects.values())
    assert settle(now) == 0
    assert settle(now) == 0
    assert list(Settlement.objects.values()) == before
    assert SettlementLine.objects.count() == 1
    assert SettlementSeries.objects.get().last == 1


def test_collections_equal_settlements(now):
    """P5: what was collected is what was settled, to the fen, also with parts and odd amounts."""
    hongshan, songmo = factories.hongshan(), factories.songmo()
    for partner, amounts in ((hongshan, (33_333, 1, 9_999_999)), (songmo, (7, 123_457))):
        contract = make_contract(partner)
        made = receipts.invoice([(contract, amount) for amount in amounts])
        receipts.pay(made, 5)
        receipts.pay(made)
    assert settle(now) == 2
    collected = LineCollection.objects.aggregate(total=Sum("amount_minor"))["total"]
    assert collected == 33_333 + 1 + 9_999_999 + 7 + 123_457
    for model in (Settlement, SettlementLine, SettlementPart):
        assert model.objects.aggregate(total=Sum("gross_minor"))["total"] == collected
    for one in Settlement.objects.all():
        assert one.gross_minor == one.commission_minor + one.commission_vat_minor + one.net_minor


def test_months_are_shanghais(now):
    """31 October 23:59:59.999999 in Shanghai belongs to October, 1 November 00:00 does not."""
    contract = make_contract()
    receipts.collect(contract, 1_000, at=datetime(2026, 10, 31, 15, 59, 59, 999_999, tzinfo=UTC))
    receipts.collect(contract, 2_000, at=datetime(2026, 10, 31, 16, 0, tzinfo=UTC))
    assert settle(now) == 1
    assert Settlement.objects.get().gross_minor == 1_000


def test_a_month_that_has_not_ended_waits():
    receipts.collect(make_contract(), 1_000)
    assert settle(datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)) == 0
    assert not Settlement.objects.exists()
    assert settle(datetime(2026, 10, 31, 16, 0, tzinfo=UTC)) == 1


def test_money_recorded_late_waits_for_the_next_month(now):
    contract = make_contract()
    receipts.collect(contract, 1_000)
    assert settle(now) == 1
    receipts.collect(contract, 500)  # received in October, recorded after October was settled
    assert settle(now) == 0
    receipts.collect(contract, 70, at=datetime(2026, 11, 20, tzinfo=UTC))
    assert settle(datetime(2026, 12, 1, 1, tzinfo=UTC)) == 1
    assert list(Settlement.objects.order_by("id").values_list("number", "gross_minor")) == [
        ("JS-202610-0001", 1_000),
        ("JS-202611-0001", 570),
    ]


def test_unpaid_invoices_are_not_settled(now):
    receipts.invoice([(make_contract(), 1_000)])
    assert settle(now) == 0
    assert not Settlement.objects.exists()


def test_providers_and_currencies_stand_apart_and_numbers_have_no_gap(now):
    contract = make_contract()
    receipts.collect(contract, 1_000)
    receipts.collect(make_contract(contract.provider, currency="USD"), 3_000)
    receipts.collect(make_contract(factories.songmo()), 2_000)
    assert settle(now, limit=2) == 2
    assert settle(now, limit=2) == 1
    assert settle(now, limit=2) == 0
    assert sorted(Settlement.objects.values_list("number", flat=True)) == [
        "JS-202610-0001",
        "JS-202610-0002",
        "JS-202610-0003",
    ]
    assert sorted(Settlement.objects.values_list("currency", "gross_minor")) == [
        ("CNY", 1_000),
        ("CNY", 2_000),
        ("USD", 3_000),
    ]


def test_the_agreement_of_the_months_last_day_decides(now):
    contract = make_contract()
    for version, day, rate in ((2, date(2026, 10, 31), "0.05"), (3, date(2026, 11, 1), "0.5")):
        Agreement.objects.create(
            partner=contract.provider, version=version, effective_date=day, commission_rate=Decimal(rate)
        )
    receipts.collect(contract, 10_000)
    settle(now)
    made = Settlement.objects.get()
    assert (made.agreement.version, made.commission_minor, made.commission_vat_minor) == (2, 500, 30)


def test_one_provider_without_an_agreement_does_not_hold_up_the_others(now, caplog):
    lost = make_contract(factories.songmo())
    Agreement.objects.filter(partner=lost.provider).update(effective_date=date(2027, 1, 1))
    receipts.collect(lost, 5_000)
    receipts.collect(make_contract(), 1_000)
    assert settle(now) == 1
    assert Settlement.objects.get().gross_minor == 1_000
    assert f"provider {lost.provider_id} has no agreement" in caplog.text


def test_a_group_that_leaves_nothing_to_pay_waits(now):
    """60 % of 1 fen rounds to 1 fen: nothing is left for the provider, so it waits for more."""
    contract = make_contract()
    Agreement.objects.filter(partner=contract.provider).update(commission_rate=Decimal("0.6"))
    receipts.collect(contract, 1)
    assert settle(now) == 0
    assert not Settlement.objects.exists()
    receipts.collect(contract, 99)
    assert settle(now) == 1
    assert Settlement.objects.get().gross_minor == 100


def test_parts_name_every_service_type(now):
    centre = factories.data_centre(factories.hongshan())
    buyer = factories.foods()
    for service_model, amount in (("saas", 300), ("iaas", 100), ("saas", 11)):
        receipts.collect(factories.contract(buyer, factories.offering(centre, service_model=service_model)), amount)
    settle(now)
    made = Settlement.objects.get()
    assert list(made.parts.values_list("service_model", "gross_minor")) == [("iaas", 100), ("saas", 311)]
    assert made.orders_count == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda made: Settlement.objects.filter(pk=made.pk).update(gross_minor=1, net_minor=1),
        lambda made: Settlement.objects.filter(pk=made.pk).update(net_minor=0),
        lambda made: Settlement.objects.filter(pk=made.pk).update(orders_count=9),
        lambda made: made.lines.update(gross_minor=1),
        lambda made: made.parts.update(gross_minor=1),
        lambda made: made.lines.all().delete(),
        lambda made: Settlement.objects.filter(pk=made.pk).delete(),
    ],
)
def test_the_database_refuses_changes(now, change):
    receipts.collect(make_contract(), 1_000)
    settle(now)
    with pytest.raises(IntegrityError), transaction.atomic():
        change(Settlement.objects.get())
    assert Settlement.objects.get().gross_minor == 1_000
