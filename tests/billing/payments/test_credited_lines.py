"""Payments after credits and during disputes: each line gets what is left of it; what is disputed is not drawn."""

import pytest

from billing.invoicing import crediting, disputes
from billing.invoicing.models import InvoiceBalance, InvoiceLine
from billing.payments import operations as payments
from billing.rules.money import Money
from billing.rules.periods import Month
from billing.settlement.operations import _claimable
from tests import factories
from tests.billing.payments.conftest import NOW, RECEIVED_AT

pytestmark = pytest.mark.django_db


def credit(desk, invoice, position, gross_minor) -> None:
    crediting.credit_invoice(
        invoice_number=invoice.number,
        lines=[crediting.LineRequest(position, gross_minor=gross_minor)],
        reason="mistake",
        remark="多记",
        request_key=f"{position}/{gross_minor}",
        actor=desk.actor,
        now=NOW,
    )


def collected() -> list[int]:
    lines = InvoiceLine.objects.order_by("position")
    return [sum(line.collections.values_list("amount_minor", flat=True)) for line in lines]


def test_a_payment_is_shared_by_what_is_left_after_credits(desk):
    invoice = desk.invoice("100", "300")
    credit(desk, invoice, 1, 106_00)
    desk.confirm(invoice, 18_00, "B1")
    assert collected() == [0, 18_00]
    desk.confirm(invoice, 300_00, "B2")
    assert (collected(), InvoiceBalance.objects.get().status) == ([0, 318_00], "paid")


def test_a_credit_of_a_line_that_was_paid_goes_to_the_others_with_the_next_payment(desk):
    invoice = desk.invoice("100", "300")
    desk.confirm(invoice, 212_00, "B1")
    assert collected() == [53_00, 159_00]
    credit(desk, invoice, 1, 106_00)
    desk.confirm(invoice, 106_00, "B2")
    assert (collected(), InvoiceBalance.objects.get().status) == ([0, 318_00], "paid")


def test_a_disputed_line_is_neither_drawn_nor_settled(desk):
    invoice = desk.invoice("100", "300", payment_method="prepaid_balance")
    opened = disputes.open_dispute(
        invoice_number=invoice.number, position=1, reason="停机", actor=factories.actor(invoice.buyer, "owner"), now=NOW
    )
    payments.record_top_up(
        organisation_id=invoice.buyer_id,
        amount=Money(500_00, "CNY"),
        bank_reference="T1",
        received_at=RECEIVED_AT,
        actor=desk.actor,
        now=NOW,
    )
    assert payments.collect_due(now=NOW, limit=10) == 1
    assert InvoiceBalance.objects.get().paid_minor == 318_00
    assert payments.collect_due(now=NOW, limit=10) == 0
    claims = _claimable(Month(2026, 11)).values_list("line__position", flat=True)
    assert list(claims) == [2]
    disputes.reject(number=opened.number, decision="用量无误", actor=desk.actor, now=NOW)
    assert payments.collect_due(now=NOW, limit=10) == 1
    assert (collected(), sorted(claims.all())) == ([106_00, 318_00], [1, 2])
