"""Incidents, credits and the status page in a browser: axe in light and dark, 320 px."""

from datetime import timedelta

import pytest

from billing.contracts import sla
from billing.contracts.models import SlaCredit
from billing.rules import periods
from billing.rules.periods import Month
from marketplace import clock
from providers.capacity import planning
from providers.service import operations as incidents
from tests import factories
from tests.browser import accessibility


@pytest.fixture
def contract(transactional_db):
    """A centre with an outage last month, a disturbance that lasts, a window to come; a report; a credit proposed."""
    factories.platform()
    now = clock.now()
    host = factories.offering(factories.data_centre(factories.hongshan()))
    month = Month.of(now).previous()
    made = factories.contract(factories.foods(), host, start=month.first_date)
    seller = factories.actor(made.provider.organisation, "operations")
    began = periods.midnight(month.first_date) + timedelta(days=20)
    for starts_at, ends_at, impact in (
        (began, began + timedelta(hours=9), "outage"),
        (now - timedelta(hours=1), None, "degraded"),
    ):
        incidents.report(
            data_centre=host.data_centre,
            impact=impact,
            what="供电中断",
            starts_at=starts_at,
            ends_at=ends_at,
            actor=seller,
            now=now,
        )
    planning.announce_maintenance(
        data_centre=host.data_centre,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, hours=3),
        reason="更换交换机",
        actor=seller,
        now=now,
    )
    sla.propose_due(now=Month.of(now).end_at - timedelta(seconds=1), limit=9)
    made.report = incidents.report(
        data_centre=host.data_centre,
        offering_code=host.code,
        offering_title=made.offering_title,
        contract_number=made.number,
        impact="outage",
        what="连不上",
        starts_at=now - timedelta(hours=3),
        actor=factories.actor(made.buyer, "buyer"),
        now=now,
    )
    return made


def test_the_pages_pass(visit, contract):
    assert SlaCredit.objects.count() == 1
    accessibility.assert_page_passes(visit("/status/"))
    seller = factories.member(contract.provider.organisation, "owner")
    for path in ("", "incidents/", "incidents/new/", "probes/", f"incidents/{contract.report.number}/", "credits/"):
        accessibility.assert_page_passes(visit(f"/provider/{path}", seller))
    buyer = factories.member(contract.buyer, "owner")
    accessibility.assert_page_passes(visit(f"/buyer/contracts/{contract.number}/service/", buyer))
    operator = factories.member(factories.platform(), "operator")
    for path in ("/operator/incidents/", "/operator/credits/"):
        accessibility.assert_page_passes(visit(path, operator))
