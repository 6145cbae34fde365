"""Entries leave by themselves: evidence that lapses or is revoked, offerings that go, new versions that fail."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from listings.models import EditionEntry, Product
from listings.recommended import publication, queries
from marketplace import pipeline
from marketplace.organisations.models import AuditEntry
from providers.evidence import operations as evidence
from providers.models import Evidence
from tests import editions, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def host():
    host = factories.offering(editions.proven_centre())
    editions.publish()
    host.refresh_from_db()
    assert host.is_recommended
    return host


def at(year, month, day):
    return datetime(year, month, day, 4, 0, tzinfo=UTC)


def dropped(host):
    """The entry, its reason in words; the badge follows."""
    entry = EditionEntry.objects.get(product=host)
    host.refresh_from_db()
    assert host.is_recommended is (entry.left_date is None)
    edition = queries.edition_in_force()
    return entry.left_date, queries.write_row(entry=entry, edition=edition).left_reason


def test_the_clock_alone_removes_it_on_the_day_after_the_last_valid_one(host):
    pipeline.advance(now=at(2027, 3, 14))
    assert dropped(host) == (None, "")
    done = pipeline.advance(now=at(2027, 3, 15))
    assert done["drop lapsed recommendations"] == 1
    left, why = dropped(host)
    assert left == date(2027, 3, 15)
    assert "2027-03-14" in why
    assert f"DOC-mlps-{host.data_centre.code}" in why
    assert pipeline.advance(now=at(2027, 3, 16))["drop lapsed recommendations"] == 0
    assert AuditEntry.objects.filter(action="edition.entry_left", object_id="TJ-2026-01").count() == 1


def test_a_measurement_that_grows_too_old(host):
    Evidence.objects.get(kind="mlps")
    editions.document(host.data_centre, "mlps", "3", valid_from=date(2026, 7, 1), valid_until=date(2029, 1, 1))
    publication.drop_lapsed(now=at(2027, 7, 1), limit=10)
    left, why = dropped(host)
    assert left == date(2027, 7, 1)
    assert "2027-06-30" in why


def test_evidence_that_is_renewed_in_time_keeps_the_entry(host):
    editions.document(
        host.data_centre, "mlps", "3", issued_date=None, valid_from=date(2027, 3, 1), valid_until=date(2028, 3, 1)
    )
    publication.drop_lapsed(now=at(2027, 3, 20), limit=10)
    assert dropped(host) == (None, "")


def test_revoked_evidence_with_its_reason(host):
    row = Evidence.objects.get(kind="mlps")
    evidence.revoke_evidence(
        evidence_id=row.pk, reason="测评报告被撤回", actor=editions.operator(), now=at(2026, 10, 1)
    )
    publication.drop_lapsed(now=at(2026, 10, 1), limit=10)
    left, why = dropped(host)
    assert left == date(2026, 10, 1)
    assert "测评报告被撤回" in why


@pytest.mark.parametrize("state", ["withdrawn", "frozen"])
def test_an_offering_that_leaves_the_catalogue(host, state):
    Product.objects.filter(pk=host.pk).update(state=state)
    publication.drop_lapsed(now=at(2026, 10, 1), limit=10)
    assert dropped(host)[0] == date(2026, 10, 1)
    assert EditionEntry.objects.get(product=host).left_reason == {"code": state}


def test_a_new_version_that_fails(host):
    Product.objects.filter(pk=host.pk).update(version_number=2, sla_percent=Decimal("99.5"))
    publication.drop_lapsed(now=at(2026, 10, 1), limit=10)
    left, why = dropped(host)
    assert left == date(2026, 10, 1)
    assert "99.5%" in why


def test_at_most_so_many_at_once_and_the_rest_next_time():
    centre = editions.proven_centre()
    for _ in range(5):
        factories.offering(centre)
    editions.publish()
    counts = [publication.drop_lapsed(now=at(2027, 4, 1), limit=2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]


def test_only_the_edition_in_force_is_touched(host):
    before = queries.edition_in_force()
    later = at(2026, 10, 10)
    editions.publish(before.criteria_set, opened=later, now=later)
    publication.drop_lapsed(now=at(2027, 4, 1), limit=10)
    assert [entry.left_date for entry in EditionEntry.objects.order_by("edition_id")] == [None, date(2027, 4, 1)]


def test_who_left_does_not_come_back_and_the_reason_stays(host):
    publication.drop_lapsed(now=at(2027, 4, 1), limit=10)
    for change in ({"left_date": None, "left_reason": None}, {"left_reason": {"code": "frozen"}}):
        with pytest.raises(IntegrityError), transaction.atomic():
            EditionEntry.objects.filter(product=host).update(**change)


def test_no_edition_no_work():
    assert publication.drop_lapsed(now=at(2027, 4, 1), limit=10) == 0


def test_what_is_about_to_lapse_the_most_urgent_first(host):
    soon = factories.offering(editions.proven_centre(factories.songmo(), mlps_until=date(2027, 1, 20)))
    edition = queries.edition_in_force()
    editions.publish(edition.criteria_set, opened=at(2026, 10, 10), now=at(2026, 10, 10))
    found = queries.list_lapses(on=date(2027, 1, 15))
    assert [(one.row.entry.product_id, one.last_date, one.days) for one in found] == [
        (soon.pk, date(2027, 1, 20), 5),
        (host.pk, date(2027, 3, 14), 58),
    ]
    assert [one.row.entry.product_id for one in queries.list_lapses(on=date(2027, 1, 15), within_days=7)] == [soon.pk]
