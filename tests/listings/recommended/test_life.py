"""The life of an edition: announced, opened, decided, signed, published, superseded; and the badge at every step."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from listings.models import CriteriaSet, Edition, EditionEntry, EditionSeries, Product
from listings.recommended import criteria, operations, publication, queries
from marketplace.organisations.models import AuditEntry
from tests import editions, factories
from tests.editions import ANNOUNCED_AT, OPENED_AT, PUBLISHED_AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def hosts():
    """One that meets the criteria in a proven data centre, one in a data centre that has proven nothing."""
    partner = factories.hongshan()
    return (
        factories.offering(editions.proven_centre(partner), title="合格云主机"),
        factories.offering(factories.data_centre(partner), title="未证明云主机"),
    )


def recommended():
    """Who carries the badge; it is always who stands in the edition in force."""
    badges = set(Product.objects.filter(is_recommended=True).values_list("pk", flat=True))
    entries = EditionEntry.objects.filter(edition__state="published", decision="included", left_date=None)
    assert badges == set(entries.values_list("product", flat=True))
    return badges


def test_criteria_are_announced_seven_days_ahead():
    with pytest.raises(operations.TooSoon, match="2026-09-08") as refusal:
        operations.announce_criteria(
            title="条件",
            source="办法",
            rules=editions.RULES,
            effective_date=date(2026, 9, 7),
            actor=editions.officer(),
            now=ANNOUNCED_AT,
        )
    assert refusal.value.field == "effective_date"
    assert editions.announce().version == 1
    assert editions.announce(now=ANNOUNCED_AT + timedelta(hours=15)).version == 2  # the next day in Shanghai
    assert [str(one.announced_date) for one in CriteriaSet.objects.order_by("version")] == ["2026-09-01", "2026-09-02"]


def test_the_database_holds_the_seven_days_and_freezes_what_is_announced():
    announced = editions.announce()
    with pytest.raises(IntegrityError, match="criteria_announced_seven_days_ahead"), transaction.atomic():
        CriteriaSet.objects.create(
            version=9,
            title="x",
            source="x",
            criteria=[],
            announced_at=ANNOUNCED_AT,
            announced_date=date(2026, 9, 1),
            effective_date=date(2026, 9, 7),
        )
    with pytest.raises(IntegrityError, match="criteria_day_of_announcement"), transaction.atomic():
        CriteriaSet.objects.create(
            version=9,
            title="x",
            source="x",
            criteria=[],
            announced_at=ANNOUNCED_AT,
            announced_date=date(2026, 8, 1),
            effective_date=date(2026, 9, 2),
        )
    for change in ({"criteria": []}, {"effective_date": date(2027, 1, 1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CriteriaSet.objects.filter(pk=announced.pk).update(**change)


def test_candidates_are_evaluated_with_the_evidence_of_each_criterion(hosts):
    good, bare = hosts
    edition = editions.open_edition(editions.announce())
    entries = {entry.product_id: entry for entry in edition.entries.all()}
    assert (entries[good.pk].meets, entries[good.pk].decision) == (True, "included")
    assert (entries[bare.pk].meets, entries[bare.pk].decision) == (False, "excluded")
    mlps = entries[good.pk].evaluation[0]
    assert (mlps["kind"], mlps["met"], mlps["value"], mlps["holds_until"]) == (
        "mlps_at_least",
        True,
        "3",
        "2027-03-14",
    )
    assert mlps["evidence"]["number"].startswith("DOC-mlps")
    assert entries[bare.pk].evaluation[0]["reason"] == "no_proof"
    assert recommended() == set()


def test_a_whole_life(hosts):
    good, _bare = hosts
    edition = editions.open_edition(editions.announce())
    assert recommended() == set()
    operations.send_to_sign(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)
    with pytest.raises(publication.SignaturesMissing):
        publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)
    editions.sign(edition)
    published = publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)
    assert (published.number, published.state) == ("TJ-2026-01", "published")
    assert recommended() == {good.pk}
    assert queries.edition_in_force() == published
    found = queries.recommendation_of(product_id=good.pk)
    assert found is not None
    assert (found.edition.number, found.row.entry.entered_date) == ("TJ-2026-01", date(2026, 9, 10))
    actions = ["edition.opened", "edition.sent", "edition.signed", "edition.signed", "edition.published"]
    assert [row.action for row in AuditEntry.objects.filter(action__startswith="edition.").order_by("pk")] == actions


def test_the_next_edition_supersedes_and_keeps_since_when(hosts):
    good, bare = hosts
    rules = editions.announce()
    first = editions.publish(rules)
    editions.document(bare.data_centre, "mlps", "3")
    editions.document(bare.data_centre, "pue", "1.2")
    later = PUBLISHED_AT + timedelta(days=30)
    second = editions.publish(rules, opened=later, now=later)
    first.refresh_from_db()
    assert (first.state, second.number, second.supersedes) == ("superseded", "TJ-2026-02", first)
    assert recommended() == {good.pk, bare.pk}
    since = dict(second.entries.values_list("product_id", "entered_date"))
    assert since == {good.pk: date(2026, 9, 10), bare.pk: date(2026, 10, 10)}
    compared = queries.compare_with_before(edition=second)
    assert compared is not None
    assert [change.after.code for change in compared.entered] == [bare.code]
    assert (compared.left, compared.changed, compared.same) == ((), (), 1)


def test_the_one_before_says_what_left_and_why(hosts):
    good, bare = hosts
    rules = editions.announce()
    for kind, value in (("mlps", "3"), ("pue", "1.2")):
        editions.document(bare.data_centre, kind, value)
    editions.publish(rules)
    later = PUBLISHED_AT + timedelta(days=30)
    stricter = editions.announce([{"kind": "measured_pue_below", "limit": "1.25", "months": 12}], now=later)
    later += timedelta(days=8)
    second = editions.publish(stricter, opened=later, now=later)
    assert recommended() == {bare.pk}
    compared = queries.compare_with_before(edition=second)
    assert compared is not None
    assert [change.before.code for change in compared.left] == [good.code]
    assert "1.31" in compared.left[0].words[0]


def test_a_candidate_that_fails_cannot_be_included_by_anyone(hosts):
    _good, bare = hosts
    edition = editions.open_edition(editions.announce())
    with pytest.raises(operations.FailsCriterion, match="未证明云主机"):
        operations.include(
            edition_id=edition.pk, product_id=bare.pk, note="领导要求", actor=editions.officer(), now=OPENED_AT
        )
    with pytest.raises(IntegrityError, match="edition_entry_included_meets"), transaction.atomic():
        edition.entries.filter(product=bare).update(decision="included")


def test_leaving_out_needs_a_note_and_can_be_taken_back(hosts):
    good, _bare = hosts
    edition = editions.open_edition(editions.announce())
    with pytest.raises(operations.NoteMissing):
        operations.exclude(edition_id=edition.pk, product_id=good.pk, note=" ", actor=editions.officer(), now=OPENED_AT)
    for decide, expected in ((operations.exclude, "excluded"), (operations.include, "included")):
        entry = decide(
            edition_id=edition.pk, product_id=good.pk, note="供应方未申报", actor=editions.officer(), now=OPENED_AT
        )
        assert (entry.decision, entry.note) == (expected, "供应方未申报")


def test_evaluating_again_keeps_what_the_officer_left_out(hosts):
    good, bare = hosts
    edition = editions.open_edition(editions.announce())
    operations.exclude(
        edition_id=edition.pk, product_id=good.pk, note="供应方未申报", actor=editions.officer(), now=OPENED_AT
    )
    for kind, value in (("mlps", "3"), ("pue", "1.2")):
        editions.document(bare.data_centre, kind, value)
    operations.evaluate_again(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)
    decisions = dict(edition.entries.values_list("product_id", "decision"))
    assert decisions == {good.pk: "excluded", bare.pk: "included"}
    assert edition.entries.get(product=good).note == "供应方未申报"


def test_nothing_to_recommend_is_not_sent():
    factories.offering(factories.data_centre(factories.hongshan()))
    edition = editions.open_edition(editions.announce())
    with pytest.raises(operations.NothingIncluded):
        operations.send_to_sign(edition_id=edition.pk, actor=editions.officer(), now=OPENED_AT)


def test_two_people_sign_and_nobody_twice(hosts):
    edition = editions.open_edition(editions.announce())
    both = factories.actor(factories.platform(), "officer", "operator")
    with pytest.raises(operations.NotSentToSign):
        operations.sign(edition_id=edition.pk, role="officer", actor=both, now=OPENED_AT)
    operations.send_to_sign(edition_id=edition.pk, actor=both, now=OPENED_AT)
    with pytest.raises(operations.CannotSign):
        operations.sign(edition_id=edition.pk, role="owner", actor=both, now=OPENED_AT)
    operations.sign(edition_id=edition.pk, role="officer", actor=both, now=OPENED_AT)
    with pytest.raises(operations.SignedAlready):
        operations.sign(edition_id=edition.pk, role="operator", actor=both, now=OPENED_AT)
    second_officer = editions.officer()
    operations.sign(edition_id=edition.pk, role="officer", actor=second_officer, now=OPENED_AT)
    with pytest.raises(publication.SignaturesMissing):
        publication.publish_edition(edition_id=edition.pk, actor=both, now=PUBLISHED_AT)
    owner = factories.actor(factories.platform(), "owner")
    operations.sign(edition_id=edition.pk, role="owner", actor=owner, now=OPENED_AT)
    assert publication.publish_edition(edition_id=edition.pk, actor=both, now=PUBLISHED_AT).number == "TJ-2026-01"


def test_changing_an_entry_voids_the_signatures(hosts):
    good, _bare = hosts
    edition = editions.open_edition(editions.announce())
    editions.sign(edition)
    operations.exclude(
        edition_id=edition.pk, product_id=good.pk, note="有投诉待查", actor=editions.officer(), now=PUBLISHED_AT
    )
    edition.refresh_from_db()
    assert edition.state == "draft"
    assert queries.list_signatures(edition=edition) == []
    with pytest.raises(publication.SignaturesMissing):
        publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)


def test_what_lapsed_before_the_publication_is_not_recommended(hosts):
    edition = editions.open_edition(editions.announce())
    editions.sign(edition)
    too_late = PUBLISHED_AT.replace(year=2027, month=3, day=20)
    with pytest.raises(publication.OutOfDate):
        publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=too_late)
    assert recommended() == set()
    assert EditionSeries.objects.filter(last__gt=0).count() == 0


def test_only_the_criteria_in_force_may_be_published(hosts):
    rules = editions.announce()
    edition = editions.open_edition(rules, now=ANNOUNCED_AT)
    editions.sign(edition, now=ANNOUNCED_AT)
    with pytest.raises(publication.NotInForce):
        publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=ANNOUNCED_AT)
    editions.announce([{"kind": "prices_complete"}])
    with pytest.raises(publication.NotInForce):
        publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)


def test_published_once(hosts):
    edition = editions.publish()
    with pytest.raises(publication.AlreadyPublished, match="TJ-2026-01"):
        publication.publish_edition(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)
    for write in (operations.evaluate_again, operations.send_to_sign):
        with pytest.raises(operations.NotOpen):
            write(edition_id=edition.pk, actor=editions.officer(), now=PUBLISHED_AT)


def test_one_edition_is_prepared_at_a_time(hosts):
    rules = editions.announce()
    editions.open_edition(rules)
    with pytest.raises(operations.OpenAlready):
        editions.open_edition(rules)


@pytest.mark.parametrize("role", ["finance", "auditor", "operator"])
def test_only_officers_prepare(role):
    actor = factories.actor(factories.platform(), role)
    with pytest.raises(PermissionDenied):
        operations.announce_criteria(
            title="条件",
            source="办法",
            rules=editions.RULES,
            effective_date=date(2026, 12, 1),
            actor=actor,
            now=ANNOUNCED_AT,
        )
    with pytest.raises(PermissionDenied):
        publication.publish_edition(edition_id=1, actor=actor, now=PUBLISHED_AT)


def test_criteria_that_are_wrong_are_not_announced():
    with pytest.raises(criteria.InvalidCriteria):
        editions.announce([{"kind": "mlps_at_least", "level": 9}])
    assert not CriteriaSet.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"decision": "excluded"},
        {"evaluation": []},
        {"entered_date": date(2020, 1, 1)},
        {"shown": {}},
        {"note": "x"},
    ],
)
def test_the_database_freezes_entries_of_a_published_edition(hosts, change):
    edition = editions.publish()
    with pytest.raises(IntegrityError), transaction.atomic():
        edition.entries.update(**change)


def test_the_database_freezes_a_published_edition(hosts):
    good, _bare = hosts
    edition = editions.publish()
    for change in ({"number": "TJ-2026-09"}, {"state": "draft"}, {"published_at": OPENED_AT}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Edition.objects.filter(pk=edition.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        edition.entries.all().delete()
    extra = factories.offering(good.data_centre)
    with pytest.raises(IntegrityError), transaction.atomic():
        EditionEntry.objects.create(
            edition=edition, product=extra, version_number=0, shown={}, meets=True, evaluation=[], decision="included"
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        edition.signatures.update(digest="0" * 64)


def test_nothing_else_writes_the_badge():
    """One file moves it; everything else reads."""
    root = Path(__file__).resolve().parents[3]
    writes = re.compile(
        r"update\([^)]*is_recommended|\.is_recommended\s*=[^=]|is_recommended=row\[|\"is_recommended\"\]"
    )
    rooms = ("billing", "frontend", "listings", "marketplace", "providers")
    found = {
        str(path.relative_to(root))
        for room in rooms
        for path in (root / room).rglob("*.py")
        if "migrations" not in path.parts and "node_modules" not in path.parts and writes.search(path.read_text())
    }
    assert found == {"listings/recommended/publication.py"}
