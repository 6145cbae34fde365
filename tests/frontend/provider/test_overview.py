"""The provider's overview: each figure is what its query says, and the page costs the same however much there is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.invoicing import queries as invoices
from billing.metering import queries as metering
from billing.metering.models import UsageDay
from billing.rules.periods import Month
from providers import queries as providers
from providers.models import Evidence
from providers.service import operations as incidents
from tests import factories, receipts
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def the_clock(monkeypatch):
    monkeypatch.setattr("marketplace.clock.now", lambda: NOW)


@pytest.fixture
def host():
    factories.platform()
    return factories.offering(factories.data_centre(factories.hongshan()), lead_time_days=3)


def used(contract, day: date) -> None:
    UsageDay.objects.create(contract=contract, meter="vcpu_hours", day=day, quantity=Decimal(1), event_count=1, batch=1)


def test_silent_contracts_are_found(host) -> None:
    buyer = factories.foods()
    silent, late, fine, _plain, fresh = (
        factories.contract(buyer, host, plan_code="metered"),
        factories.contract(buyer, host, plan_code="metered"),
        factories.contract(buyer, host, plan_code="metered"),
        factories.contract(buyer, host),  # has no meter
        factories.contract(buyer, host, plan_code="metered", start=date(2026, 11, 2)),  # since this morning
    )
    used(late, date(2026, 10, 31))
    used(fine, date(2026, 11, 1))
    factories.contract(buyer, factories.offering(factories.data_centre(factories.songmo())), plan_code="metered")
    found = metering.gaps_of(provider_id=host.partner_id, now=NOW, limit=9)
    assert {one.number: one.last_day for one in found} == {silent.number: None, late.number: date(2026, 10, 31)}
    later = metering.gaps_of(provider_id=host.partner_id, now=NOW + timedelta(days=1), limit=9)
    assert {one.number for one in later} == {silent.number, late.number, fine.number, fresh.number}


def test_what_was_billed_by_month(host) -> None:
    contract = factories.contract(factories.foods(), host)
    receipts.invoice([(contract, 10600)])  # September's
    stranger = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.songmo())))
    receipts.invoice([(stranger, 999)])
    found = invoices.billed_by_month(provider_id=host.partner_id, first=Month(2026, 8), last=Month(2026, 10))
    assert found == {Month(2026, 8): 0, Month(2026, 9): 10000, Month(2026, 10): 0}


def test_evidence_that_ends(host) -> None:
    for days in (-1, 0, 60, 61):
        Evidence.objects.create(
            kind="mlps",
            partner=host.partner,
            data_centre=host.data_centre,
            value=3,
            valid_from=date(2026, 1, 1),
            valid_until=NOW.date() + timedelta(days=days),
            status="verified",
            recorded_at=NOW,
            verified_at=NOW,
        )
    found = providers.evidence_ending(partner_id=host.partner_id, on=NOW.date(), within=timedelta(days=60))
    assert [(one.valid_until - NOW.date()).days for one in found] == [0, 60]


def test_the_page_shows_them_in_a_fixed_number_of_queries(host) -> None:
    owner = client_of(factories.actor(host.partner.organisation, "owner"))
    buyer = factories.foods()

    def more() -> int:
        factories.contract(buyer, host, start=None)
        factories.contract(buyer, host, plan_code="metered")
        incidents.report(
            data_centre=host.data_centre,
            impact="outage",
            what="供电中断",
            starts_at=NOW - timedelta(hours=1),
            actor=factories.actor(host.partner.organisation, "operations"),
            now=NOW,
        )
        owner.get("/provider/")
        with CaptureQueriesContext(connection) as asked:
            page = owner.get("/provider/")
        assert page.status_code == 200
        more.context = page.context  # type: ignore[attr-defined]
        return len(asked)

    first = more()
    assert more() == first
    shown = more.context  # type: ignore[attr-defined]
    assert (shown["waiting"], shown["lasting"], shown["gaps_count"]) == (2, 2, "2")
    assert [row["delivery"].status for row in shown["orders"]] == ["waiting", "waiting"]
    assert all(row["due"] == row["delivery"].accept_due_at for row in shown["orders"])


def test_who_may_not_see_money_sees_none(host) -> None:
    operations = client_of(factories.actor(host.partner.organisation, "operations")).get("/provider/")
    assert "revenue" not in operations.context
    assert "revenue" in client_of(factories.actor(host.partner.organisation, "finance")).get("/provider/").context
