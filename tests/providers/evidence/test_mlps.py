"""An MLPS system from graded to valid and expired; each state refuses what does not fit."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from providers import queries as providers
from providers.evidence import assessors, mlps, operations, queries
from providers.models import AssessorTie, MlpsInterval, MlpsStep
from tests import editions, factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
ASSESSED = date(2026, 3, 15)


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan())


@pytest.fixture
def owner(centre):
    return editions.colleague(centre.partner.organisation, "operations")


def grade(centre, owner, level=3, name="云平台"):
    return mlps.grade_system(data_centre=centre, name=name, level=level, actor=owner, now=NOW)


def file(system, owner):
    return mlps.file_system(
        system_id=system.pk,
        filing_number="15040400001-26001",
        filed_with="松山区公安分局",
        filed_date=date(2026, 2, 1),
        actor=owner,
        now=NOW,
    )


def assess(system, owner, *, on=ASSESSED, now=NOW, **fields):
    return mlps.assess_system(
        **{
            "system_id": system.pk,
            "assessor": editions.assessor(),
            "signed_by": "李测",
            "document": editions.kept_document(system.data_centre.partner.organisation),
            "document_number": "CP-1",
            "assessed_date": on,
            "actor": owner,
            "now": now,
            **fields,
        }
    )


def verify(claim, now=NOW):
    return operations.verify_evidence(evidence_id=claim.pk, actor=editions.operator(), now=now)


def status(system):
    system.refresh_from_db()
    return system.status


@pytest.mark.parametrize(("level", "last"), [(3, date(2027, 3, 14)), (2, date(2028, 3, 14))])
def test_graded_filed_assessed_valid_and_expired(centre, owner, level, last):
    system = grade(centre, owner, level)
    file(system, owner)
    claim = assess(system, owner)
    assert (status(system), claim.status, claim.valid_until) == ("assessed", "claimed", last)
    assert providers.evidence_in_force(data_centre_ids=[centre.pk], on=ASSESSED) == {}
    verify(claim)
    assert (status(system), system.valid_until) == ("valid", last)
    assert providers.evidence_in_force(data_centre_ids=[centre.pk], on=ASSESSED)[centre.pk]["mlps"] == claim
    centre.refresh_from_db()
    assert centre.proven_mlps_level == level
    assert mlps.expire_due(now=datetime(last.year, 3, 14, 2, tzinfo=UTC), limit=9) == 0
    assert mlps.expire_due(now=datetime(last.year, 3, 14, 16, 30, tzinfo=UTC), limit=9) == 1
    assert status(system) == "expired"
    trail = list(MlpsStep.objects.filter(system=system).values_list("from_status", "to_status"))
    assert trail == [
        ("", "graded"), ("graded", "filed"), ("filed", "assessed"), ("assessed", "valid"), ("valid", "expired"),
    ]  # fmt: skip


def test_remediated_and_assessed_again(centre, owner):
    system = grade(centre, owner)
    file(system, owner)
    assess(system, owner)
    mlps.remediate_system(system_id=system.pk, reason="日志留存不足六个月", actor=owner, now=NOW)
    assert status(system) == "remediating"
    verify(assess(system, owner, on=date(2026, 6, 1)))
    assert (status(system), system.valid_until) == ("valid", date(2027, 5, 31))


def test_a_valid_system_stays_valid_while_its_next_assessment_waits(centre, owner):
    system = grade(centre, owner)
    file(system, owner)
    verify(assess(system, owner))
    claim = assess(system, owner, on=date(2026, 8, 20))
    assert status(system) == "valid"
    verify(claim)
    assert (status(system), system.valid_until) == ("valid", date(2027, 8, 19))
    operations.revoke_evidence(evidence_id=claim.pk, reason="撤回", actor=editions.operator(), now=NOW)
    assert status(system) == "valid"  # the one before still holds


def test_revoked_without_another_is_not_valid(centre, owner):
    system = grade(centre, owner)
    file(system, owner)
    claim = verify(assess(system, owner))
    operations.revoke_evidence(evidence_id=claim.pk, reason="撤回", actor=editions.operator(), now=NOW)
    assert status(system) == "expired"


def test_an_assessment_that_is_over_makes_nothing_valid(centre, owner):
    system = grade(centre, owner)
    file(system, owner)
    verify(assess(system, owner, on=date(2024, 3, 1)))
    assert status(system) == "assessed"


def test_the_interval_in_force_on_the_day_of_the_assessment_counts(centre, owner):
    MlpsInterval.objects.create(level=3, effective_date=date(2026, 7, 1), months=6, source="新规定")
    assert mlps.last_day(level=3, assessed=date(2026, 6, 30)) == date(2027, 6, 29)
    assert mlps.last_day(level=3, assessed=date(2026, 7, 1)) == date(2026, 12, 31)
    assert {one.level: one.months for one in queries.list_intervals(on=date(2026, 7, 1))} == {2: 24, 3: 6}


def test_states_refuse_what_does_not_fit(centre, owner):
    first, third = grade(centre, owner, 1, "门户"), grade(centre, owner)
    with pytest.raises(mlps.WrongStep):
        file(first, owner)
    with pytest.raises(mlps.WrongStep):
        assess(third, owner)
    with pytest.raises(mlps.WrongStep):
        mlps.remediate_system(system_id=third.pk, reason="整改", actor=owner, now=NOW)
    file(third, owner)
    with pytest.raises(mlps.WrongStep):
        file(third, owner)
    assert MlpsStep.objects.count() == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"assessed_date": date(2026, 9, 2)}, "assessed_date"),
        ({"signed_by": " "}, "signed_by"),
        ({"document_number": "x" * 61}, "document_number"),
    ],
)
def test_assessments_that_cannot_be(centre, owner, change, field):
    system = grade(centre, owner)
    file(system, owner)
    with pytest.raises((mlps.InvalidSystem, operations.InvalidEvidence)) as refusal:
        assess(system, owner, **change)
    assert refusal.value.field == field


@pytest.mark.parametrize(("name", "level"), [("", 3), ("x" * 81, 3), ("云平台", 0), ("云平台", 6), ("已有", 3)])
def test_systems_that_cannot_be(centre, owner, name, level):
    grade(centre, owner, name="已有")
    with pytest.raises(mlps.InvalidSystem):
        grade(centre, owner, level, name)


def test_another_provider_touches_nothing(centre, owner):
    system = grade(centre, owner)
    stranger = factories.actor(factories.songmo().organisation, "operations")
    with pytest.raises(PermissionDenied):
        file(system, stranger)
    with pytest.raises(mlps.NoSuchSystem):
        mlps.remediate_system(system_id=10**9, reason="x", actor=owner, now=NOW)


def test_the_database_keeps_steps_and_what_a_state_needs(centre, owner):
    system = grade(centre, owner)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        MlpsStep.objects.update(reason="anders")
    for change in ({"status": "filed"}, {"status": "valid", "filing_number": "1", "filed_date": ASSESSED}):
        with pytest.raises(IntegrityError, match="mlps_system"), transaction.atomic():
            type(system).objects.filter(pk=system.pk).update(**change)


def test_an_assessor_assesses_neither_itself_nor_those_it_is_tied_to(centre, owner):
    system = grade(centre, owner)
    file(system, owner)
    itself = editions.assessor(name="红山云测评部", code=centre.partner.organisation.uscc)
    with pytest.raises(assessors.NotIndependent, match="红山云测评部"):
        assess(system, owner, assessor=itself)
    tie = {"assessor": editions.assessor(), "partner": centre.partner, "kind": "group"}
    assessors.tie_assessor(**tie, since_date=date(2026, 1, 1), actor=editions.operator(), now=NOW)
    with pytest.raises(assessors.NotIndependent):
        assess(system, owner)
    with pytest.raises(assessors.NotIndependent):
        editions.document(centre, "assessment", verified=False)
    editions.document(factories.data_centre(factories.songmo()), "assessment")
    assessors.tie_assessor(
        **tie, since_date=date(2026, 1, 1), end_date=date(2026, 3, 14), actor=editions.operator(), now=NOW
    )
    assert assess(system, owner).assessor == editions.assessor()
    assert AssessorTie.objects.count() == 1


def test_a_tie_that_is_found_later_stops_the_verification(centre):
    claim = editions.document(centre, "assessment", verified=False)
    assessors.tie_assessor(
        assessor=editions.assessor(),
        partner=centre.partner,
        kind="ownership",
        since_date=date(2020, 1, 1),
        actor=editions.operator(),
        now=NOW,
    )
    with pytest.raises(assessors.NotIndependent):
        verify(claim)
    claim.refresh_from_db()
    assert claim.status == "claimed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"code": "91150105MA0N000009"}, "code"),
        ({"accreditation": " "}, "accreditation"),
        ({"code": "91350100M000100Y43"}, "code"),  # taken below
    ],
)
def test_assessors_that_cannot_be_registered(change, field):
    good = {"name": "测评", "code": "91350100M000100Y43", "accreditation": "CNAS-2"}
    if "code" in change and change["code"] == good["code"]:
        assessors.register_assessor(**good, actor=editions.operator(), now=NOW)
    with pytest.raises(assessors.InvalidAssessor) as refusal:
        assessors.register_assessor(**{**good, **change}, actor=editions.operator(), now=NOW)
    assert refusal.value.field == field
