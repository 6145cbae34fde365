"""What lines pay: by themselves, by a person, combined, too much, too little, and taken back."""

from typing import Any

import pytest

from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice
from billing.ledger import queries as ledger
from billing.payments import queries as payments
from billing.payments.models import LineCollection, Payment
from billing.payments.operations import collect_due
from billing.payments.statements import desk, queries
from billing.payments.statements.models import KnownPayer, LineMatch, StatementLine
from billing.rules import references
from tests import charges, factories
from tests.billing.payments.conftest import NOW
from tests.billing.payments.statements.conftest import Bank, csv, paid

pytestmark = pytest.mark.django_db


def ties_out(bank: Bank) -> None:
    """Lines and the suspense account agree, wallets and their accounts agree, and the bank holds what came in."""
    assert queries.suspense_differences() == []
    assert payments.wallet_differences() == []
    came_in = sum(StatementLine.objects.filter(amount_minor__gt=0).values_list("amount_minor", flat=True))
    assert ledger.balance(kind="bank_client_money", organisation_id=bank.platform.pk).amount_minor == came_in
    assert ledger.verify() == []


def state(line: StatementLine) -> tuple[str, int]:
    line.refresh_from_db()
    return line.status, line.open_minor


def two_invoices(bank: Bank, buyer: Any) -> list[Invoice]:
    """106.00 to one provider and 212.00 to another, of one buyer."""
    product = factories.offering(factories.data_centre(factories.songmo()))
    charges.rated_contract("100", buyer=buyer, product=bank.product)
    charges.rated_contract("200", buyer=buyer, product=product)
    assert invoicing.issue_due(now=NOW, limit=10) == 2
    return list(Invoice.objects.filter(buyer=buyer).order_by("total_minor"))


@pytest.mark.parametrize("form", ["{number}", "货款 {short} 谢谢", "{digits}"])
def test_the_reference_in_the_remark(bank: Bank, form: str) -> None:
    invoice = bank.invoice("100")
    short = references.short_reference(invoice.number)
    remark = form.format(number=invoice.number, short=short, digits=short.replace(" ", ""))
    line = bank.receive("106.00", remark=remark)
    assert (state(line), paid(invoice)) == (("matched", 0), (106_00, "paid"))
    payment = Payment.objects.get()
    assert (payment.match.reason, payment.organisation_id, payment.purpose) == (
        "reference",
        invoice.buyer_id,
        "invoice",
    )
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id).amount_minor == 0
    ties_out(bank)


def test_less_than_is_open_pays_a_part_and_more_leaves_the_rest(bank: Bank) -> None:
    invoice = bank.invoice("100")
    assert state(bank.receive("30.00", remark=invoice.number)) == ("matched", 0)
    assert paid(invoice) == (30_00, "partly_paid")
    assert state(bank.receive("80.00", remark=invoice.number)) == ("partly", 4_00)
    assert paid(invoice) == (106_00, "paid")
    assert sum(LineCollection.objects.values_list("amount_minor", flat=True)) == 106_00
    ties_out(bank)


def test_several_lines_of_one_statement_pay_one_invoice(bank: Bank) -> None:
    invoice = bank.invoice("100")
    rows = [(f"R{n}", "40.00", "", "", "a", "", invoice.number) for n in range(3)]
    bank.upload(csv(rows))
    assert paid(invoice) == (106_00, "paid")
    lines = StatementLine.objects.order_by("row").values_list("status", "matched_minor")
    assert list(lines) == [("matched", 40_00), ("matched", 40_00), ("partly", 26_00)]
    ties_out(bank)


def test_a_combined_payment_of_exactly_both(bank: Bank) -> None:
    first, second = two_invoices(bank, factories.foods())
    line = bank.receive("318.00", remark=f"{first.number} {second.number}")
    assert (state(line), paid(first), paid(second)) == (("matched", 0), (106_00, "paid"), (212_00, "paid"))
    assert Payment.objects.count() == 2
    ties_out(bank)


def test_a_combined_payment_of_another_sum_waits_for_a_person(bank: Bank) -> None:
    first, second = two_invoices(bank, factories.foods())
    line = bank.receive("300.00", remark=f"{first.number} {second.number}")
    assert state(line) == ("unmatched", 300_00)
    found = [(one.balance.invoice.number, one.amount_minor, one.is_chosen) for one in queries.suggest(line=line)]
    assert found == [(first.number, 106_00, True), (second.number, 194_00, True)] or found == [
        (second.number, 212_00, True),
        (first.number, 88_00, True),
    ]
    desk.match_line(
        line_id=line.pk,
        invoices={first.number: 106_00, second.number: 190_00},
        top_up_of=first.buyer_id,
        top_up_minor=3_00,
        actor=bank.actor,
        now=NOW,
    )
    assert (state(line), paid(second)) == (("partly", 1_00), (190_00, "partly_paid"))
    assert payments.wallet_balance(organisation_id=first.buyer_id).amount_minor == 3_00
    ties_out(bank)


def test_a_payer_by_name_and_by_a_learned_account_with_the_exact_amount(bank: Bank) -> None:
    buyer = factories.foods()
    _first, second = two_invoices(bank, buyer)
    line = bank.receive("106.00", payer=buyer.name, account="6222")
    assert (state(line), LineMatch.objects.get().reason) == (("matched", 0), "payer")
    other = bank.receive("12.00", payer="另一个户名", account="6333")
    desk.match_line(line_id=other.pk, invoices={second.number: 12_00}, actor=bank.actor, now=NOW)
    assert KnownPayer.objects.get().account == "6333"
    assert state(bank.receive("200.00", payer="另一个户名", account="6333")) == ("matched", 0)
    assert paid(second) == (212_00, "paid")
    ties_out(bank)


def test_two_open_invoices_of_the_same_amount_are_only_suggested(bank: Bank) -> None:
    buyer = factories.foods()
    product = factories.offering(factories.data_centre(factories.songmo()))
    for one in (bank.product, product):
        charges.rated_contract("100", buyer=buyer, product=one)
    invoicing.issue_due(now=NOW, limit=10)
    line = bank.receive("106.00", payer=buyer.name)
    assert state(line) == ("unmatched", 106_00)
    assert [(one.is_chosen, "exact" in one.reason) for one in queries.suggest(line=line)] == [(False, True)] * 2


def test_a_top_up_by_reference(bank: Bank) -> None:
    buyer = factories.foods()
    line = bank.receive("50.00", remark=f"充值 {buyer.public_id.lower()}")
    assert state(line) == ("matched", 0)
    assert payments.wallet_balance(organisation_id=buyer.pk).amount_minor == 50_00
    ties_out(bank)


@pytest.mark.parametrize("remark", ["", "FP-2026-999999", "2600000199", "20261102 6222001234"])
def test_what_names_nothing_waits(bank: Bank, remark: str) -> None:
    bank.invoice("100")
    assert state(bank.receive("106.00", remark=remark)) == ("unmatched", 106_00)
    ties_out(bank)


def test_a_match_is_taken_back_by_a_new_entry_and_made_again(bank: Bank) -> None:
    invoice = bank.invoice("100", "-20")
    line = bank.receive("84.80", remark=invoice.number)
    number = Payment.objects.get().number
    desk.reverse_match(payment_number=number, reason="付错了", actor=bank.actor, now=NOW)
    assert (state(line), paid(invoice)) == (("unmatched", 84_80), (0, "issued"))
    assert sum(LineCollection.objects.values_list("amount_minor", flat=True)) == 0
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id).amount_minor == 84_80
    ties_out(bank)
    with pytest.raises(desk.AlreadyReversed):
        desk.reverse_match(payment_number=number, reason="again", actor=bank.actor, now=NOW)
    desk.match_line(line_id=line.pk, invoices={invoice.number: 84_80}, actor=bank.actor, now=NOW)
    assert (state(line), paid(invoice)) == (("matched", 0), (84_80, "paid"))
    ties_out(bank)


def test_a_top_up_that_was_spent_is_not_taken_back(bank: Bank) -> None:
    invoice = bank.invoice("100", payment_method="prepaid_balance")
    buyer = invoice.buyer
    bank.receive("50.00", remark=buyer.public_id)
    number = Payment.objects.get().number
    collect_due(now=NOW, limit=1)
    with pytest.raises(desk.SpentAlready):
        desk.reverse_match(payment_number=number, reason="x", actor=bank.actor, now=NOW)
    bank.receive("206.00", remark=buyer.public_id)
    desk.reverse_match(payment_number=number, reason="x", actor=bank.actor, now=NOW)
    assert payments.wallet_balance(organisation_id=buyer.pk).amount_minor == 156_00
    ties_out(bank)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"FP-2026-000001": 106_01}, desk.InvalidMatch),
        ({"FP-2026-000001": 0}, desk.InvalidMatch),
        ({"FP-2026-000009": 1}, desk.InvalidMatch),
        ({"FP-2026-000001": 200_01}, desk.OverLine),
        ({}, desk.InvalidMatch),
    ],
)
def test_what_a_person_may_not_match(bank: Bank, parts: dict[str, int], error: type[Exception]) -> None:
    invoice = bank.invoice("100")
    line = bank.receive("200.00")
    with pytest.raises(error):
        desk.match_line(line_id=line.pk, invoices=parts, actor=bank.actor, now=NOW)
    assert (state(line), paid(invoice)) == (("unmatched", 200_00), (0, "issued"))
    with pytest.raises(desk.InvalidMatch):
        desk.reverse_match(payment_number="SK-0", reason=" ", actor=bank.actor, now=NOW)
    ties_out(bank)


def test_lines_that_wait_are_tried_again_when_invoices_have_come(bank: Bank) -> None:
    line = bank.receive("106.00", remark="FP-2026-000001")
    assert state(line) == ("unmatched", 106_00)
    bank.invoice("100")
    assert desk.match_waiting(actor=bank.actor, now=NOW) == 1
    assert state(line) == ("matched", 0)
    ties_out(bank)
