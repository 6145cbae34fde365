"""Probes: asked at their interval, open one report after failures in a row, end it on recovery; nothing is doubled."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from marketplace.organisations.models import Notice
from providers.connectors.addresses import ForbiddenAddress, InvalidAddress
from providers.service import operations, probing, queries
from providers.service.models import Incident, Probe, ProbeResult
from tests import factories
from tests.fakes import receiver

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def service(settings):
    with receiver.receiving() as running:
        settings.OUTBOUND_EXCEPTIONS = [running.host]
        yield running


@pytest.fixture
def centre():
    factories.platform()
    return factories.data_centre(factories.hongshan())


def seller(centre):
    return factories.actor(centre.partner.organisation, "operations")


def register(centre, url, **fields):
    values = {"interval_s": 60, "failures_to_open": 3, "actor": seller(centre), "now": NOW, **fields}
    return probing.register(data_centre=centre, url=url, **values)


def ask(times: int, *, since: datetime) -> datetime:
    """Ask once a minute; returns the time of the last question."""
    for n in range(times):
        assert [probing.ask_due(now=since + n * MINUTE, limit=9) for _ in range(2)] == [1, 0]
    return since + (times - 1) * MINUTE


def test_failures_in_a_row_open_one_report_that_ends_on_recovery(centre, service) -> None:
    register(centre, service.url)
    service.answer = 204
    ask(1, since=NOW)
    service.answer = 503
    ask(2, since=NOW + MINUTE)
    assert not Incident.objects.exists()
    at = ask(2, since=NOW + 3 * MINUTE)
    [incident] = Incident.objects.all()
    assert (incident.state, incident.source, incident.starts_at) == ("reported", "probe", NOW + MINUTE)
    assert (incident.decide_by, incident.ends_at) == (NOW + 3 * MINUTE + operations.WORD_WITHIN, None)
    assert Notice.objects.filter(key=f"incident:{incident.number}").exists()
    service.answer = 301  # an answer; it is not followed
    ask(1, since=at + MINUTE)
    incident.refresh_from_db()
    assert (incident.state, incident.ends_at) == ("reported", at + MINUTE)
    # From here it goes the way of every report.
    operations.confirm(
        number=incident.number,
        impact="outage",
        starts_at=incident.starts_at,
        text="网关重启",
        actor=seller(centre),
        now=at + 2 * MINUTE,
    )
    incident.refresh_from_db()
    assert incident.state == "resolved"
    assert {one.method for one in service.requests} == {"GET"}


def test_a_confirmed_incident_is_resolved_and_a_rejected_one_does_not_come_back(centre, service) -> None:
    register(centre, service.url)
    service.answer = 500
    at = ask(3, since=NOW)
    step = {"actor": seller(centre), "now": at}
    first = Incident.objects.get()
    operations.confirm(number=first.number, impact="outage", starts_at=NOW, text="正在处理", **step)
    service.answer = 200
    at = ask(1, since=at + MINUTE)
    first.refresh_from_db()
    assert (first.state, first.ends_at) == ("resolved", at)
    service.answer = 500
    at = ask(3, since=at + MINUTE)
    second = Incident.objects.exclude(pk=first.pk).get()
    operations.reject(number=second.number, reason="探测地址已迁移", actor=seller(centre), now=at)
    at = ask(5, since=at + MINUTE)
    assert Incident.objects.count() == 2
    service.answer = 200
    at = ask(1, since=at + MINUTE)
    second.refresh_from_db()
    assert (second.state, second.ends_at) == ("rejected", None)
    service.answer = 500
    ask(3, since=at + MINUTE)
    assert Incident.objects.count() == 3


def test_two_workers_open_one_incident(centre) -> None:
    probe = register(centre, "https://status.example.com/")
    probe.failing_since, probe.failures = NOW, 3
    assert probing.open_incident(probe, now=NOW) is not None
    assert probing.open_incident(probe, now=NOW) is None
    with connection.cursor() as cursor:  # control: without the constraint the second worker would open another
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX incident_one_open_by_probe")
    assert probing.open_incident(probe, now=NOW) is not None


def test_a_turn_counts_once_and_results_are_bounded(centre, monkeypatch) -> None:
    probe = register(centre, "https://status.example.com/")
    down = probing.Answer(None, error="timed_out")
    keep = lambda at: probing.write_down(probe_id=probe.pk, asked_at=at, answer=down, now=at)  # noqa: E731
    assert [keep(NOW), keep(NOW)] == [True, False]
    probe.refresh_from_db()
    assert probe.failures == 1
    monkeypatch.setattr(probing, "KEPT_RESULTS", 5)
    for n in range(1, 9):
        assert keep(NOW + n * MINUTE)
    assert list(ProbeResult.objects.values_list("asked_at", flat=True)) == [NOW + n * MINUTE for n in range(8, 3, -1)]
    [row] = queries.list_probes(partner_id=centre.partner_id)
    assert (row.last.error, row.probe.incident.source) == ("timed_out", "probe")
    probing.remove(number=probe.number, actor=seller(centre), now=NOW)
    assert keep(NOW + 9 * MINUTE) is False
    assert probing.ask_due(now=NOW + 99 * MINUTE, limit=9) == 0
    assert queries.list_probes(partner_id=centre.partner_id) == []


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"url": "https://169.254.169.254/latest"}, ForbiddenAddress),
        ({"url": "ftp://example.com/"}, InvalidAddress),
        ({"url": "https://2130706433/"}, (ForbiddenAddress, InvalidAddress)),
        ({"interval_s": 1}, probing.InvalidProbe),
        ({"failures_to_open": 1}, probing.InvalidProbe),
        ({"failures_to_open": 11}, probing.InvalidProbe),
    ],
)
def test_what_cannot_be_asked_is_refused(centre, fields, refusal) -> None:
    with pytest.raises(refusal):
        register(centre, **{"url": "https://status.example.com/", **fields})
    assert not Probe.objects.exists()


def test_whose_data_centre_and_how_many(centre, monkeypatch) -> None:
    stranger = factories.actor(factories.songmo().organisation, "operations")
    with pytest.raises(probing.NoSuchProbe):
        register(centre, "https://status.example.com/", actor=stranger)
    probe = register(centre, "https://status.example.com/", actor=factories.actor(factories.platform(), "operator"))
    with pytest.raises(probing.InvalidProbe):
        register(centre, "https://status.example.com/")
    with pytest.raises(probing.NoSuchProbe):
        probing.remove(number=probe.number, actor=stranger, now=NOW)
    monkeypatch.setattr(probing, "MOST_PROBES", 1)
    with pytest.raises(probing.TooManyProbes):
        register(centre, "https://other.example.com/")
    for _ in range(2):
        probing.remove(number=probe.number, actor=seller(centre), now=NOW)
    register(centre, "https://status.example.com/")


def test_a_private_address_behind_a_name_counts_as_a_failure_and_is_never_asked(centre, service, settings) -> None:
    register(centre, service.url)
    settings.OUTBOUND_EXCEPTIONS = []
    probing.ask_due(now=NOW, limit=9)
    result = ProbeResult.objects.get()
    assert (result.is_up, result.status, service.requests) == (False, None, [])
    assert result.error
