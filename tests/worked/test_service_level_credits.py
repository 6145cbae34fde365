"""A month that broke its promise, from the outage to the provider's settlement, in figures an accountant can repeat.

October 2026 has 31 × 24 × 60 = 44 640 minutes; 600 of them were interrupted without announcement.
availability   100 × 44 040 ÷ 44 640 = 98.655914 %, promised 99.9 %, below 99 %: 25 %
at  6 % VAT    212.70 rated in October × 25 % = 53.175, on the invoice 53.18
at 13 % VAT    100.10 rated in October × 25 % = 25.025, on the invoice 25.03
once           the 500.00 for the set-up earn nothing
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.contracts import credit_tables, sla
from billing.contracts.models import SlaCredit
from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice, InvoiceLine
from billing.ledger import queries as ledger
from billing.payments import operations as payments
from billing.payments.models import LineCollection
from billing.rating import credits
from billing.rating.models import Charge, RatedPeriod
from billing.rules.availability import Step
from billing.rules.money import Money
from billing.rules.periods import Month
from billing.settlement import operations as settlement
from billing.settlement.models import Settlement
from listings.models import Product
from providers.service import operations as incidents
from tests import charges, factories
from tests.worked.breaches import CLOSED, OCTOBER, granted, seller

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)


def rate(contract, month: Month, amount: str) -> None:
    charges.charge(contract, amount, month=month)
    charges.rated(contract, month=month)


def issue(month: Month) -> int:
    return invoicing.issue_due(now=month.end_at + timedelta(days=3), limit=9)


def test_the_worked_example(contract) -> None:
    credit = granted(contract)
    assert (credit.availability, credit.promised, credit.percent) == (Decimal("98.655914"), Decimal("99.9"), 25)
    found = Charge.objects.filter(kind="credit").order_by("vat_rate")
    assert [(one.vat_rate, one.amount, one.explanation["formula"]) for one in found] == [
        (Decimal("0.06"), Decimal("-53.175"), "−212.7 × 25 % = -53.175"),
        (Decimal("0.13"), Decimal("-25.025"), "−100.1 × 25 % = -25.025"),
    ]
    rate(contract, NOVEMBER, "212.70")
    assert issue(NOVEMBER) == 1
    invoice = Invoice.objects.get(period_start_date=NOVEMBER.first_date)
    # 6 %: 212.70 − 53.18 = 159.52, tax 9.5712; 13 %: −25.03, tax −3.2539
    assert [(one.net_minor, one.tax_minor) for one in invoice.taxes.order_by("vat_rate")] == [
        (15952, 957),
        (-2503, -325),
    ]
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (13449, 632, 14081)
    lines = list(invoice.lines.all())
    assert [one.net_minor for one in lines] == [-5318, -2503, 21270]
    assert "服务等级赔付 25%（可用性 98.655%，承诺 99.9%） · 2026-10" in lines[0].description


def test_the_provider_is_paid_less_and_every_sum_holds(contract) -> None:
    granted(contract, by_silence=False)
    rate(contract, NOVEMBER, "212.70")
    issue(NOVEMBER)
    first, second = Invoice.objects.order_by("period_start_date")
    clerk = factories.actor(factories.platform(), "finance")
    paid = [(first, first.total_minor), (second, 5_000), (second, second.total_minor - 5_000)]
    for serial, (invoice, amount) in enumerate(paid):
        payments.confirm_bank_transfer(
            invoice_number=invoice.number,
            amount=Money(amount, "CNY"),
            bank_reference=f"B{serial}",
            received_at=datetime(2026, 12, 5, tzinfo=UTC),
            actor=clerk,
            now=datetime(2026, 12, 6, tzinfo=UTC),
        )
    collected = {
        line.pk: sum(line.collections.values_list("amount_minor", flat=True)) for line in InvoiceLine.objects.all()
    }
    assert collected == {line.pk: line.gross_minor for line in InvoiceLine.objects.all()}
    assert min(collected.values()) < 0
    assert settlement.settle_due(now=datetime(2027, 1, 2, tzinfo=UTC), limit=9) == 1
    settled = Settlement.objects.get()
    assert settled.gross_minor == first.total_minor + 14081 == sum(collected.values())
    assert settled.net_minor == settled.gross_minor - settled.commission_minor - settled.commission_vat_minor
    assert LineCollection.objects.filter(settlement_line=None).count() == 0
    settlement.approve(number=settled.number, actor=clerk, now=datetime(2027, 1, 3, tzinfo=UTC))
    clearing = ledger.balance(
        kind="provider_clearing", organisation_id=contract.provider.organisation_id, currency="CNY"
    )
    assert clearing == Money(0, "CNY")


def test_an_invoice_never_falls_below_zero_and_the_rest_is_carried(contract) -> None:
    granted(contract)
    rate(contract, NOVEMBER, "20")  # 21.20 with tax, against a credit of 84.65
    assert issue(NOVEMBER) == 0
    rate(contract, DECEMBER, "212.70")
    assert issue(DECEMBER) == 1
    invoice = Invoice.objects.get(period_start_date=DECEMBER.first_date)
    assert [one.net_minor for one in invoice.lines.all()] == [-5318, -2503, 2000, 21270]
    assert not Charge.objects.filter(line=None).exists()


def test_late_usage_changes_the_credit_by_a_further_revision(contract) -> None:
    granted(contract)
    charges.charge(contract, "10", code="c1", revision=1)
    RatedPeriod.objects.update(rated_at=CLOSED + timedelta(days=8))
    assert [credits.credit_pending(now=CLOSED, limit=9) for _ in range(2)] == [1, 0]
    rows = Charge.objects.filter(kind="credit", vat_rate=Decimal("0.13")).order_by("revision")
    assert [(one.revision, one.amount) for one in rows] == [(0, Decimal("-25.025")), (1, Decimal("-2.5"))]
    assert sum(one.amount for one in rows) == -Decimal("110.10") * 25 / 100


def test_a_dispute_is_decided_by_the_operator(contract) -> None:
    sla.propose_due(now=CLOSED, limit=9)
    month, operator = OCTOBER, factories.actor(factories.platform(), "operator")
    with pytest.raises(sla.InvalidCredit):
        sla.dispute(number=contract.number, month=month, reason=" ", actor=seller(contract), now=CLOSED)
    sla.dispute(number=contract.number, month=month, reason="用户自行关机", actor=seller(contract), now=CLOSED)
    assert sla.agree_overdue(now=CLOSED + timedelta(days=30), limit=9) == 0
    with pytest.raises(sla.WrongState):
        sla.agree(number=contract.number, month=month, actor=seller(contract), now=CLOSED)
    stranger = factories.actor(factories.songmo().organisation, "operations")
    with pytest.raises(sla.NoSuchCredit):
        sla.dispute(number=contract.number, month=month, reason="?", actor=stranger, now=CLOSED)
    with pytest.raises(sla.NoSuchCredit):
        sla.decide(
            number=contract.number, month=month, is_granted=False, reason="?", actor=seller(contract), now=CLOSED
        )
    sla.decide(
        number=contract.number, month=month, is_granted=False, reason="监测显示用户关机", actor=operator, now=CLOSED
    )
    assert credits.credit_pending(now=CLOSED, limit=9) == 0
    assert not Charge.objects.filter(kind="credit").exists()


def test_after_seven_days_it_is_too_late_to_dispute(contract) -> None:
    sla.propose_due(now=CLOSED, limit=9)
    with pytest.raises(sla.WrongState):
        late = CLOSED + timedelta(days=7)
        sla.dispute(number=contract.number, month=OCTOBER, reason="?", actor=seller(contract), now=late)


def test_an_undecided_report_of_the_month_waits(contract) -> None:
    incidents.report(
        data_centre=contract.offering.data_centre,
        impact="outage",
        what="连不上",
        starts_at=datetime(2026, 10, 20, tzinfo=UTC),
        ends_at=datetime(2026, 10, 20, 1, tzinfo=UTC),
        offering_code=contract.offering.code,
        contract_number=contract.number,
        actor=factories.actor(contract.buyer, "buyer"),
        now=CLOSED,
    )
    assert sla.propose_due(now=CLOSED, limit=9) == 0


def test_one_credit_a_month_by_the_database(contract) -> None:
    [one] = sla._breaches(OCTOBER)
    table = credit_tables.table_in_force(on=OCTOBER.first_date)
    assert [sla._propose(one, table=table, now=CLOSED) for _ in range(2)] == [True, False]
    with connection.cursor() as cursor:  # control: without the constraint a second worker would propose again
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE contracts_slacredit DROP CONSTRAINT sla_credit_unique")
        cursor.execute("DROP INDEX sla_credit_one_open")
    assert sla._propose(one, table=table, now=CLOSED) is True
    assert SlaCredit.objects.count() == 2


def test_the_charge_of_a_credit_is_unique_though_it_has_no_component(contract) -> None:
    granted(contract)
    again = Charge.objects.filter(kind="credit")[0]
    again.pk = None
    with pytest.raises(IntegrityError, match="charge_unique"), transaction.atomic():
        again.save(force_insert=True)
    with connection.cursor() as cursor:  # control: where nulls are distinct, the same credit stands twice
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE rating_charge DROP CONSTRAINT charge_unique, ADD CONSTRAINT charge_unique UNIQUE"
            " (contract_id, component_id, period_start_date, row, revision)"
        )
    again.save(force_insert=True)
    for fields in ({"kind": "price"}, {"component": contract.plan.components.first()}):
        wrong = Charge.objects.filter(kind="credit")[0]
        wrong.pk, wrong.revision = None, 9
        for name, value in fields.items():
            setattr(wrong, name, value)
        with pytest.raises(IntegrityError, match="charge_has_component"), transaction.atomic():
            wrong.save(force_insert=True)


def test_only_the_time_in_which_the_contract_ran_counts(contract) -> None:
    """A contract that began after the outage was not hurt by it."""
    later = factories.contract(factories.bureau(), contract.offering, start=date(2026, 10, 20))
    assert [one.contract for one in sla._breaches(OCTOBER)] == [contract]
    [reached] = sla.reached_in(contracts=[later], month=OCTOBER)
    assert reached.availability == 100


def test_a_new_table_holds_for_later_months_only(contract) -> None:
    operator = factories.actor(factories.platform(), "operator")
    steps = [Step(None, Decimal(5)), Step(Decimal(90), Decimal(100))]
    enter = lambda **fields: credit_tables.enter_table(  # noqa: E731
        **{
            "effective_date": date(2026, 12, 1),
            "steps": steps,
            "source": "公告2026-11",
            "actor": operator,
            "now": CLOSED,
        }
        | fields
    )
    for fields, field in (
        ({"effective_date": date(2026, 11, 1)}, "effective_date"),
        ({"effective_date": date(2026, 12, 2)}, "effective_date"),
        ({"steps": steps[::-1]}, "steps"),
        ({"source": " "}, "source"),
    ):
        with pytest.raises(credit_tables.InvalidTable) as refused:
            enter(**fields)
        assert refused.value.field == field
    made = enter()
    with pytest.raises(credit_tables.InvalidTable):
        enter()
    assert credit_tables.table_in_force(on=date(2026, 12, 1)) == made
    assert granted(contract).percent == 25
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE contracts_credittable SET steps = '[]'")


@pytest.mark.parametrize(
    ("contract", "is_floor", "percent"),
    [
        ("10; 98: 90", False, 10),  # 98.655914 is below the promise, not below 98
        ("10; 98: 90", True, 25),  # the house's 25 below 99 is the least
        ("12; 99: 40", True, 40),
        ("", True, 25),
    ],
    indirect=["contract"],
)
def test_the_table_of_the_version_bought_decides(contract, is_floor, percent) -> None:
    steps = [Step(None, Decimal(10)), Step(Decimal(99), Decimal(25)), Step(Decimal(95), Decimal(50))]
    entered = {"source": "公告2026-08", "actor": factories.actor(factories.platform(), "operator")}
    credit_tables.enter_table(
        effective_date=date(2026, 9, 1), steps=steps, is_floor=is_floor, now=datetime(2026, 8, 1, tzinfo=UTC), **entered
    )
    # What the listing says today is not what was bought.
    Product.objects.filter(pk=contract.offering_id).update(sla_credits="100")
    assert granted(contract).percent == percent
