"""A contract whose October broke its promise, and its credit: the cast of the worked examples of credits."""

from datetime import UTC, datetime, timedelta

from billing.contracts import sla
from billing.contracts.models import SlaCredit
from billing.invoicing import operations as invoicing
from billing.rating import credits
from billing.rules.periods import Month
from providers.service import operations as incidents
from tests import charges, factories

OCTOBER = Month(2026, 10)
CLOSED = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
PLAN = [
    factories.MONTHLY,
    factories.Price("metered", "100.10", meter="traffic_gb", unit="GB", vat_rate="0.13"),
    factories.Price("one_time", "500", unit="次", vat_rate="0.06"),
]


def breached(**fields):
    """Rated for October, with an outage of 600 minutes in it, and invoiced for it."""
    factories.platform()
    host = factories.offering(
        factories.data_centre(factories.hongshan()),
        plans={"monthly": PLAN},
        **fields,
    )
    made = factories.contract(factories.foods(), host)
    for code, amount in (("c0", "212.70"), ("c1", "100.10"), ("c2", "500")):
        charges.charge(made, amount, code=code)
    charges.rated(made)
    start = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)
    incidents.report(
        data_centre=host.data_centre,
        impact="outage",
        what="供电中断",
        starts_at=start,
        ends_at=start + timedelta(minutes=600),
        actor=seller(made),
        now=start + timedelta(days=1),
    )
    assert invoicing.issue_due(now=CLOSED, limit=9) == 1
    return made


def seller(contract):
    return factories.actor(contract.provider.organisation, "operations")


def granted(contract, *, by_silence: bool = True) -> SlaCredit:
    """The credit of October, agreed and charged."""
    assert [sla.propose_due(now=CLOSED, limit=9) for _ in range(2)] == [1, 0]
    if by_silence:
        late = CLOSED + timedelta(days=7)
        assert sla.agree_overdue(now=late - timedelta(seconds=1), limit=9) == 0
        assert [sla.agree_overdue(now=late, limit=9) for _ in range(2)] == [1, 0]
    else:
        for _ in range(2):
            sla.agree(number=contract.number, month=OCTOBER, actor=seller(contract), now=CLOSED)
    assert [credits.credit_pending(now=CLOSED, limit=9) for _ in range(2)] == [1, 0]
    return SlaCredit.objects.get()
