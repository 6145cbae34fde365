"""Charges that come to less than zero: credit notes on the invoices they correct; one bad account stops nobody."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing.invoicing import claims, drafting, parking
from billing.invoicing import operations as invoicing
from billing.invoicing.models import CreditedCharge, CreditNote, HeldBack, Invoice, InvoiceBalance, ParkedAccount
from billing.rating.models import Charge
from billing.rules.periods import Month
from tests import charges, factories

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
DECEMBER_2 = datetime(2026, 12, 2, 4, 0, tzinfo=UTC)


def close_november(contract, *amounts: str) -> None:
    for revision, amount in enumerate(amounts, start=1):
        charges.charge(contract, amount, revision=revision)
    charges.rated(contract, month=NOVEMBER)
    invoicing.issue_due(now=DECEMBER_2, limit=100)
    invoicing.credit_due(now=DECEMBER_2, limit=100)


def notes() -> list[tuple[str, str, int, int]]:
    return [
        (note.invoice.number, note.reason, note.net_minor, note.tax_minor)
        for note in CreditNote.objects.select_related("invoice").order_by("number")
    ]


def test_late_usage_of_a_buyer_who_buys_nothing_more(now):
    invoice = charges.issued_invoice("100")
    contract = Charge.objects.get().contract
    close_november(contract, "-3.335", "-6.665")
    assert notes() == [(invoice.number, "correction", 10_01, 60)]  # 3.34 and 6.67, each rounded once
    assert InvoiceBalance.objects.get().open_minor == 106_00 - 10_61
    assert sorted(CreditedCharge.objects.values_list("net_minor", flat=True)) == [-6_67, -3_34]
    assert invoicing.credit_due(now=DECEMBER_2, limit=100) == 0
    assert Invoice.objects.count() == 1
    assert not claims.find_due_groups(month=NOVEMBER)


def test_an_sla_credit_of_a_buyer_who_buys_nothing_more(now):
    invoice = charges.issued_invoice("100")
    Charge.objects.create(
        contract=Charge.objects.get().contract,
        kind="credit",
        component=None,
        period_start_date=charges.OCTOBER.first_date,
        quantity=Decimal(1),
        unit_price=Decimal("-25"),
        amount=Decimal("-25"),
        vat_rate=Decimal("0.06"),
        explanation={"percent": "25", "availability": "98.5", "promised": "99.9"},
        rated_at=charges.RATED_AT,
    )
    close_november(Charge.objects.filter(kind="price").get().contract)
    assert notes() == [(invoice.number, "service_level", 25_00, 1_50)]


def test_what_finds_too_little_left_waits_whole_and_is_parked(now):
    charges.issued_invoice("100")
    contract = Charge.objects.get().contract
    close_november(contract, "-60", "-60")
    assert [note[2] for note in notes()] == [60_00]
    assert (
        ParkedAccount.objects.get().reason.startswith("The group comes to less than zero")
        or ParkedAccount.objects.get()
    )
    assert CreditedCharge.objects.count() == 1
    charges.charge(contract, "100", month=NOVEMBER)
    ParkedAccount.objects.update(retry_at=DECEMBER_2)
    assert invoicing.issue_due(now=DECEMBER_2, limit=100) == 1  # 100 − 60 that waited
    assert Invoice.objects.get(period_start_date=NOVEMBER.first_date).net_minor == 40_00
    assert not ParkedAccount.objects.exists()


def test_what_comes_to_nothing_waits(now):
    charges.issued_invoice("100")
    contract = Charge.objects.get().contract
    close_november(contract, "-0.004")
    assert (notes(), ParkedAccount.objects.count()) == ([], 0)


def test_one_bad_account_is_parked_and_does_not_stop_the_others(now, monkeypatch):
    product = factories.offering(factories.data_centre(factories.hongshan()))
    factories.platform()
    good = [charges.rated_contract("100", product=product) for _ in range(3)]
    bad = charges.rated_contract("666", product=product)
    draft = drafting.draft_invoice

    def draft_or_break(*, charges, currency):
        if any(charge.amount == 666 for charge in charges):
            raise ArithmeticError("价格表损坏")
        return draft(charges=charges, currency=currency)

    monkeypatch.setattr(drafting, "draft_invoice", draft_or_break)
    assert invoicing.issue_due(now=now, limit=100) == 3
    assert {one.buyer_id for one in Invoice.objects.all()} == {one.buyer_id for one in good}
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [f"FP-2026-00000{n}" for n in (1, 2, 3)]
    parked = ParkedAccount.objects.get()
    assert (parked.buyer_id, parked.reason, parked.attempts) == (bad.buyer_id, "ArithmeticError: 价格表损坏", 1)
    assert invoicing.issue_due(now=now, limit=100) == 0
    assert ParkedAccount.objects.get().attempts == 1  # not tried again before its time
    monkeypatch.setattr(drafting, "draft_invoice", draft)
    parking.retry(parked_id=parked.pk, actor=factories.actor(factories.platform(), "finance"), now=now)
    assert invoicing.issue_due(now=now, limit=100) == 1
    assert not ParkedAccount.objects.exists()


def test_a_draft_held_back_is_not_issued_until_it_is_released(now):
    factories.platform()
    contract = charges.rated_contract("100")
    finance = factories.actor(factories.platform(), "finance")
    group = claims.Group(contract.buyer_id, contract.provider_id, "CNY")
    held = parking.hold_back(group=group, reason="价格有误", actor=finance, now=now)
    with pytest.raises(parking.AlreadyHeld):
        parking.hold_back(group=group, reason="价格有误", actor=finance, now=now)
    assert invoicing.issue_due(now=now, limit=100) == 0
    parking.release(held_id=held.pk, actor=finance, now=now)
    with pytest.raises(parking.NothingParked):
        parking.release(held_id=held.pk, actor=finance, now=now)
    assert invoicing.issue_due(now=now, limit=100) == 1
    assert HeldBack.objects.get().released_by_id == finance.user_id
