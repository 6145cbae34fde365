"""Two buyers' October, invoiced and partly paid: what the pages of invoices, payments and balances are tested with."""

from dataclasses import dataclass
from datetime import UTC, datetime

from billing.invoicing import operations as invoicing
from billing.payments import operations as payments
from billing.rules.money import Money
from billing.rules.periods import Month
from marketplace.organisations import actors
from marketplace.organisations.models import Organisation, User
from tests import charges, factories

NOW = datetime(2026, 12, 5, 4, 0, tzinfo=UTC)  # the invoices of October were due on 2 December
ISSUED_AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 11, 4, 16, 0, tzinfo=UTC)  # 5 November in Shanghai
FOODS_OCTOBER, BUREAU_OCTOBER, FOODS_NOVEMBER = "FP-2026-000001", "FP-2026-000002", "FP-2026-000003"


@dataclass(frozen=True)
class World:
    """foods: October 106.00 of which 53.00 are paid (6.00 from the bank, 47.00 from the balance), November 1,272.00
    open. The bureau: October 212.00, paid. foods' balance is 3.00.
    """

    foods: Organisation
    bureau: Organisation
    foods_finance: User
    bureau_finance: User
    finance: User
    finance_actor: actors.Actor


def make_world() -> World:
    platform, foods, bureau = factories.platform(), factories.foods(), factories.bureau()
    product = factories.offering(factories.data_centre(factories.hongshan()))
    finance = factories.member(platform, "finance")
    actor = factories.actor(platform, "finance", user=finance)
    contract = charges.rated_contract("50", buyer=foods, product=product)
    prepaid = charges.rated_contract("50", buyer=foods, product=product, payment_method="prepaid_balance")
    other = charges.rated_contract("200", buyer=bureau, product=product)
    invoicing.issue_due(now=ISSUED_AT, limit=10)
    facts = {"received_at": RECEIVED_AT, "actor": actor, "now": NOW}
    for reference, amount_minor in (("T1", 47_00), ("T2", 3_00)):
        payments.record_top_up(
            organisation_id=foods.pk, amount=Money(amount_minor, "CNY"), bank_reference=reference, **facts
        )
        if reference == "T1":
            payments.collect_due(now=RECEIVED_AT, limit=10)
    for number, amount_minor in ((FOODS_OCTOBER, 6_00), (BUREAU_OCTOBER, 212_00)):
        payments.confirm_bank_transfer(
            invoice_number=number, amount=Money(amount_minor, "CNY"), bank_reference=number, **facts
        )
    november = Month(2026, 11)
    charges.charge(contract, "1210", month=november)
    charges.charge(contract, "-10", revision=1)
    for one in (contract, prepaid, other):
        charges.rated(one, month=november)
    invoicing.issue_due(now=datetime(2026, 12, 2, 4, 0, tzinfo=UTC), limit=10)
    return World(
        foods,
        bureau,
        factories.member(foods, "finance"),
        factories.member(bureau, "finance"),
        finance,
        actor,
    )
