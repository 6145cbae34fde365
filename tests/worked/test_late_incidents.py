"""Incidents that are confirmed or corrected after a month's credit was proposed: the sum of its credits stays right."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from billing.contracts import credit_tables, sla
from billing.contracts.models import SlaCredit
from billing.rating import credits
from billing.rating.models import Charge, RatedPeriod
from providers.service import operations as incidents
from providers.service.models import Incident
from tests import charges, factories
from tests.worked.breaches import CLOSED, OCTOBER, granted, seller

pytestmark = pytest.mark.django_db


def disturb(contract, *, day: int, minutes: int, now: datetime = CLOSED):
    """The provider owns up to a further outage in October."""
    start = datetime(2026, 10, day, 2, 0, tzinfo=UTC)
    return incidents.report(
        data_centre=contract.offering.data_centre,
        impact="outage",
        what="光缆中断",
        starts_at=start,
        ends_at=start + timedelta(minutes=minutes),
        actor=seller(contract),
        now=now,
    )


def shorten(contract, incident, *, minutes: int) -> None:
    """The operator corrects the end of an outage."""
    incidents.resolve(
        number=incident.number,
        ends_at=incident.starts_at + timedelta(minutes=minutes),
        text="更正结束时间",
        actor=factories.actor(factories.platform(), "operator"),
        now=CLOSED,
    )


def figures() -> list[tuple[int, str, Decimal]]:
    rows = SlaCredit.objects.order_by("revision")
    return [(one.revision, one.state, one.percent.normalize()) for one in rows]


def test_an_incident_confirmed_later_changes_the_open_credit(contract) -> None:
    sla.propose_due(now=CLOSED, limit=9)
    assert sla.revise_due(now=CLOSED, limit=9) == 0
    late = disturb(contract, day=20, minutes=2000)  # 100 × 42 040 ÷ 44 640 = 94.175627 %, below 95 %
    told = CLOSED + timedelta(days=2)
    assert [sla.revise_due(now=told, limit=9) for _ in range(2)] == [1, 0]
    credit = SlaCredit.objects.order_by("revision").last()
    assert (credit.percent, credit.availability, credit.answer_by) == (50, Decimal("94.175627"), told + timedelta(7))
    # Both outages are corrected to nothing that counts: the proposal goes.
    shorten(contract, late, minutes=0)
    shorten(contract, Incident.objects.order_by("starts_at")[0], minutes=10)
    assert [sla.revise_due(now=told, limit=9) for _ in range(2)] == [1, 0]
    assert figures() == [(0, "withdrawn", 25), (1, "withdrawn", 50)]
    assert credits.credit_pending(now=CLOSED, limit=9) == 0
    # And comes back when the month is a breach again.
    disturb(contract, day=21, minutes=600)
    assert [sla.revise_due(now=told, limit=9) for _ in range(2)] == [1, 0]
    assert figures() == [(0, "withdrawn", 25), (1, "withdrawn", 50), (2, "proposed", 25)]


def test_beside_a_closed_credit_the_difference_is_proposed_and_charged(contract) -> None:
    granted(contract)
    late = disturb(contract, day=20, minutes=2000, now=CLOSED + timedelta(days=8))
    now = CLOSED + timedelta(days=9)
    assert [sla.revise_due(now=now, limit=9) for _ in range(2)] == [1, 0]
    assert figures() == [(0, "agreed", 25), (1, "proposed", 25)]
    sla.agree(number=contract.number, month=OCTOBER, actor=seller(contract), now=now)
    assert [credits.credit_pending(now=now, limit=9) for _ in range(2)] == [2, 0]
    rows = Charge.objects.filter(kind="credit").order_by("vat_rate", "revision")
    assert [one.amount for one in rows] == [Decimal(one) for one in ("-53.175", "-53.175", "-25.025", "-25.025")]
    assert sum(one.amount for one in rows) == -(Decimal("212.70") + Decimal("100.10")) * 50 / 100
    # Late usage after it: the sum is right again.
    charges.charge(contract, "10", code="c1", revision=1)
    RatedPeriod.objects.update(rated_at=now)
    credits.credit_pending(now=now, limit=9)
    assert sum(Charge.objects.filter(kind="credit").values_list("amount", flat=True)) == -Decimal("322.80") / 2
    # What was agreed is not taken back by a month that was better after all.
    shorten(contract, late, minutes=0)
    assert sla.revise_due(now=now, limit=9) == 0


def test_an_operators_no_stands_for_what_it_decided_only(contract) -> None:
    sla.propose_due(now=CLOSED, limit=9)
    facts = {"number": contract.number, "month": OCTOBER, "now": CLOSED}
    operator = factories.actor(factories.platform(), "operator")
    sla.dispute(reason="用户自行关机", actor=seller(contract), **facts)
    sla.decide(is_granted=False, reason="监测显示用户关机", actor=operator, **facts)
    disturb(contract, day=20, minutes=2000)
    assert sla.revise_due(now=CLOSED, limit=9) == 1
    assert figures() == [(0, "decided", 25), (1, "proposed", 25)]


def test_two_credits_of_a_month_are_never_open_at_once(contract) -> None:
    sla.propose_due(now=CLOSED, limit=9)
    [one] = sla.reached_in(contracts=[contract], month=OCTOBER)
    table = credit_tables.table_in_force(on=OCTOBER.first_date)
    again = lambda: sla._propose(one, table=table, percent=Decimal(5), revision=1, now=CLOSED)  # noqa: E731
    assert again() is False
    with connection.cursor() as cursor:  # control: without the constraint it would stand beside the first
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX sla_credit_one_open")
    assert again() is True
