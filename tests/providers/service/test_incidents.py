"""Incidents: who may say what and when, what the public sees, and what the database refuses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.rules.periods import Month
from marketplace.organisations.models import AuditEntry, Notice
from providers.capacity import planning
from providers.service import operations, queries
from providers.service.models import Incident, IncidentUpdate
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def centre():
    factories.platform()
    return factories.data_centre(factories.hongshan())


def seller(centre):
    return factories.actor(centre.partner.organisation, "operations")


def operator():
    return factories.actor(factories.platform(), "operator")


def report(centre, actor, **fields):
    values = {"impact": "outage", "what": "供电中断", "starts_at": NOW - HOUR, "now": NOW, **fields}
    return operations.report(data_centre=centre, actor=actor, **values)


def reported(centre, **fields):
    """A buyer's report."""
    values = {"offering_code": "H1", "offering_title": "云主机", "contract_number": "HT-1", **fields}
    return report(centre, factories.actor(factories.foods(), "buyer"), **values)


def test_a_providers_word_stands_at_once_and_is_public(centre) -> None:
    incident = report(centre, seller(centre))
    assert (incident.state, incident.source, incident.decide_by) == ("confirmed", "provider", None)
    operations.add_update(number=incident.number, text="正在切换备用电源", actor=seller(centre), now=NOW)
    operations.resolve(number=incident.number, ends_at=NOW, text="已恢复", actor=seller(centre), now=NOW)
    [shown] = queries.public_incidents(since=NOW - timedelta(days=1))
    assert [(one.to_state, one.text) for one in shown.public_updates] == [
        ("confirmed", "供电中断"),
        ("confirmed", "正在切换备用电源"),
        ("resolved", "已恢复"),
    ]
    assert [one.action for one in AuditEntry.objects.filter(object_id=incident.number).order_by("pk")] == [
        "incident.confirmed",
        "incident.confirmed",
        "incident.resolved",
    ]


def test_a_buyers_report_waits_for_the_provider_and_is_told_to_it(centre) -> None:
    incident = reported(centre)
    assert (incident.state, incident.decide_by) == ("reported", NOW + timedelta(hours=48))
    assert queries.public_incidents(since=NOW - timedelta(days=1)) == []
    assert queries.interruptions(data_centre_ids=[centre.pk], month=Month(2026, 10)) == {}
    assert (
        Notice.objects.get(organisation=centre.partner.organisation).path == f"/provider/incidents/{incident.number}/"
    )
    with pytest.raises(operations.WrongState, match="48"):
        operations.confirm(number=incident.number, impact="outage", starts_at=NOW, text="好", actor=operator(), now=NOW)
    started = NOW - timedelta(minutes=90)
    done = operations.confirm(
        number=incident.number, impact="outage", starts_at=started, text="交换机故障", actor=seller(centre), now=NOW
    )
    assert (done.state, done.starts_at) == ("confirmed", started)
    [shown] = queries.public_incidents(since=NOW - timedelta(days=1))
    assert [one.text for one in shown.public_updates] == ["交换机故障"]  # not what the buyer wrote
    assert Notice.objects.filter(organisation_id=incident.reporter_id).count() == 1


def test_after_48_hours_the_operator_decides(centre) -> None:
    incident = reported(centre)
    late = NOW + timedelta(hours=48)
    assert operations.escalate_due(now=late - timedelta(seconds=1), limit=9) == 0
    assert [operations.escalate_due(now=late, limit=9) for _ in range(2)] == [1, 0]
    with pytest.raises(operations.WrongState, match="48"):
        operations.reject(number=incident.number, reason="不是我们的问题", actor=seller(centre), now=late)
    operations.reject(number=incident.number, reason="用户侧网络故障", actor=operator(), now=late)
    assert Incident.objects.get().state == "rejected"
    assert queries.public_incidents(since=NOW - timedelta(days=1)) == []


def test_a_buyer_has_one_open_report_of_a_contract(centre) -> None:
    incident = reported(centre)
    with pytest.raises(operations.ReportedAlready):
        reported(centre)
    operations.reject(number=incident.number, reason="误报", actor=seller(centre), now=NOW)
    assert reported(centre).state == "reported"


def test_the_database_keeps_the_rule_that_the_operation_reads_from_it(centre) -> None:
    """Control: without the constraint the second report would stand."""
    reported(centre)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX incident_one_open_report")
    assert reported(centre).state == "reported"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"starts_at": NOW + HOUR}, "starts_at"),
        ({"starts_at": NOW - timedelta(days=91)}, "starts_at"),
        ({"ends_at": NOW - 2 * HOUR}, "ends_at"),
        ({"ends_at": NOW + HOUR}, "ends_at"),
        ({"what": "  "}, "what"),
        ({"what": "断" * 301}, "what"),
    ],
)
def test_impossible_reports_are_refused_by_field(centre, fields, field) -> None:
    with pytest.raises(operations.InvalidIncident) as refused:
        report(centre, seller(centre), **fields)
    assert refused.value.field == field
    assert not Incident.objects.exists()


def test_anothers_incident_does_not_exist(centre) -> None:
    incident = report(centre, seller(centre))
    stranger = factories.actor(factories.songmo().organisation, "operations")
    with pytest.raises(operations.NoSuchIncident):
        report(centre, stranger)
    for step in (
        lambda: operations.add_update(number=incident.number, text="?", actor=stranger, now=NOW),
        lambda: operations.resolve(number=incident.number, ends_at=NOW, text="?", actor=stranger, now=NOW),
        lambda: queries.get_incident(number=incident.number, partner_id=-1),
    ):
        with pytest.raises(operations.NoSuchIncident):
            step()
    with pytest.raises(PermissionDenied):
        report(centre, factories.actor(factories.songmo().organisation, "finance"))


def test_the_end_is_said_once_and_corrected_by_the_operator_only(centre) -> None:
    incident = report(centre, seller(centre))
    end = NOW - timedelta(minutes=30)
    for ends_at in (end, NOW - timedelta(minutes=59)):  # the second changes nothing
        operations.resolve(number=incident.number, ends_at=ends_at, text="已恢复", actor=seller(centre), now=NOW)
    assert Incident.objects.get().ends_at == end
    operations.resolve(number=incident.number, ends_at=NOW, text="监测记录显示至12:00", actor=operator(), now=NOW)
    assert Incident.objects.get().ends_at == NOW
    with pytest.raises(operations.WrongState):
        operations.add_update(number=incident.number, text="?", actor=seller(centre), now=NOW)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE service_incidentupdate SET text = 'x'",
        "DELETE FROM service_incidentupdate",
        "DELETE FROM service_incident",
        "UPDATE service_incident SET what = 'x'",
        "UPDATE service_incident SET state = 'resolved'",
        "UPDATE service_incident SET ends_at = starts_at - interval '1 minute'",
    ],
)
def test_what_was_said_stays(centre, sql) -> None:
    report(centre, seller(centre))
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert IncidentUpdate.objects.get().text == "供电中断"


def test_availability_counts_confirmed_outages_outside_maintenance(centre) -> None:
    actor, month = seller(centre), Month(2026, 10)
    planning.announce_maintenance(
        data_centre=centre, starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR, reason="更换", actor=actor, now=NOW
    )
    later = NOW + timedelta(days=1)
    report(centre, actor, starts_at=NOW, ends_at=NOW + 2 * HOUR, now=later)  # one hour of it announced
    report(centre, actor, starts_at=NOW + 4 * HOUR, ends_at=NOW + 5 * HOUR, offering_code="H1", now=later)
    report(centre, actor, starts_at=NOW + 6 * HOUR, ends_at=NOW + 9 * HOUR, impact="degraded", now=later)
    reported(centre, starts_at=NOW + 10 * HOUR, now=later)
    ask = lambda code: queries.availability(data_centre_id=centre.pk, offering_code=code, month=month)  # noqa: E731
    assert (ask("H2"), ask("H1")) == (Decimal("99.865591"), Decimal("99.731183"))
    assert queries.undecided(data_centre_ids=[centre.pk], month=month) == {(centre.pk, "H1")}


def test_the_status_of_90_days(centre) -> None:
    actor = seller(centre)
    planning.announce_maintenance(
        data_centre=centre, starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR, reason="更换", actor=actor, now=NOW
    )
    later = NOW + timedelta(days=3)
    report(centre, actor, starts_at=NOW + 24 * HOUR, ends_at=NOW + 26 * HOUR, now=later)
    report(centre, actor, starts_at=later - HOUR, impact="degraded", now=later)
    found = queries.public_incidents(since=NOW - timedelta(days=90))
    [status] = queries.status_of_centres(now=later, incidents=found)
    assert [(day.state, day.outage_minutes) for day in status.days[-5:]] == [
        ("good", 0),
        ("maintenance", 0),
        ("outage", 120),
        ("good", 0),
        ("degraded", 0),
    ]
    assert (len(status.days), status.state, len(status.open)) == (90, "degraded", 1)


def test_the_lists_ask_a_fixed_number_of_queries(centre) -> None:
    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as listed:
            for one in queries.list_incidents(partner_id=centre.partner_id):
                assert one.data_centre.name
        with CaptureQueriesContext(connection) as public:
            queries.status_of_centres(now=NOW, incidents=queries.public_incidents(since=NOW - timedelta(days=90)))
        return len(listed), len(public)

    report(centre, seller(centre))
    before = count()
    factories.data_centre(centre.partner)
    for _ in range(3):
        report(centre, seller(centre))
    assert before == count() == (2, 4)
