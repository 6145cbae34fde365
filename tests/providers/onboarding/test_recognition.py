"""The joint review: two persons in two roles; a certificate with its days; a revocation that is public."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from marketplace.organisations.models import Membership
from providers import queries as providers
from providers.models import Partner
from providers.onboarding import operations, queries, recognition
from providers.onboarding.models import Opinion, Recognition
from tests.providers.onboarding import applicants
from tests.providers.onboarding.applicants import NOW

pytestmark = pytest.mark.django_db


def apply(partner: Partner, owner: Any, **fields: Any) -> Recognition:
    values = {"statement": "自主研发的云平台", "files": [applicants.file()], **fields}
    return recognition.apply(partner=partner, **values, actor=owner, now=NOW)


def speak(found: Recognition, actor: Any, role: str, *, is_in_favour: bool = True, reason: str = "") -> Recognition:
    return recognition.give_opinion(
        number=found.number, role=role, is_in_favour=is_in_favour, reason=reason, actor=actor, now=NOW
    )


def test_two_persons_in_two_roles_grant_a_certificate_that_is_evidence() -> None:
    partner, owner = applicants.approved()
    found = apply(partner, owner)
    both, officer = applicants.operator("officer", "operator"), applicants.operator("officer")
    assert speak(found, both, "officer").state == "applied"
    with pytest.raises(recognition.SecondOpinion):
        speak(found, both, "operator")  # the same person in their other role
    with pytest.raises(recognition.SecondOpinion):
        speak(found, officer, "officer")  # another person in the same role
    with pytest.raises(operations.InvalidApplication):
        speak(found, officer, "operator")  # not a role of theirs
    assert providers.recognitions_in_force(partner_ids=[partner.pk], on=NOW.date()) == {}
    granted = speak(found, applicants.operator("operator"), "operator")
    assert (granted.state, granted.valid_from, granted.valid_until) == (
        "granted",
        date(2026, 9, 28),
        date(2028, 9, 27),
    )
    evidence = providers.recognitions_in_force(partner_ids=[partner.pk], on=NOW.date())[partner.pk]
    assert evidence.document_number == granted.certificate_number
    assert [one.certificate_number for one in queries.list_certificates()] == [granted.certificate_number]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Opinion.objects.all().delete()

    with pytest.raises(Exception, match="200"):
        recognition.revoke(number=found.number, reason=" ", actor=officer, now=NOW)
    for _twice in range(2):
        recognition.revoke(number=found.number, reason="材料失实", actor=officer, now=NOW)
    assert providers.recognitions_in_force(partner_ids=[partner.pk], on=NOW.date()) == {}
    assert [(one.state, one.reason) for one in queries.list_certificates()] == [("revoked", "材料失实")]


def test_one_opinion_against_refuses_and_the_provider_may_apply_again() -> None:
    partner, owner = applicants.approved()
    found = apply(partner, owner)
    with pytest.raises(recognition.AlreadyApplied):
        apply(partner, owner)
    officer = applicants.operator("officer")
    with pytest.raises(operations.InvalidApplication):
        speak(found, officer, "officer", is_in_favour=False)
    assert speak(found, officer, "officer", is_in_favour=False, reason="团队不足").state == "refused"
    with pytest.raises(recognition.AlreadyDecided):
        speak(found, applicants.operator("operator"), "operator")
    assert queries.list_certificates() == []
    assert apply(partner, owner).state == "applied"


def test_members_of_the_provider_and_others_have_no_say() -> None:
    partner, owner = applicants.approved()
    found = apply(partner, owner)
    officer = applicants.operator("officer")
    Membership.objects.create(user_id=officer.user_id, organisation=partner.organisation, roles=["sales"])
    with pytest.raises(operations.ReviewerIsMember):
        speak(found, officer, "officer")
    for actor in (owner, applicants.operator("finance")):
        with pytest.raises(PermissionDenied):
            speak(found, actor, "operator")


@pytest.mark.parametrize("fields", [{"statement": " "}, {"statement": "x" * 1001}, {"files": []}])
def test_an_application_without_substance(fields: dict[str, Any]) -> None:
    partner, owner = applicants.approved()
    with pytest.raises(operations.InvalidApplication):
        apply(partner, owner, **fields)
    assert not Recognition.objects.exists()
