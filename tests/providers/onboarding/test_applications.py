"""From the registration of an organisation to the provider it becomes, and every way in which that is refused."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from billing.rules import uscc
from marketplace.organisations.models import Membership, Notice, Organisation
from providers import queries as providers
from providers.models import Partner
from providers.onboarding import checks, operations, queries, review, steps
from providers.onboarding.models import Application, ApplicationStep, Qualification, StandardCommission
from tests import factories
from tests.providers.onboarding import applicants
from tests.providers.onboarding.applicants import NOW

pytestmark = pytest.mark.django_db


def code(body: str) -> str:
    return body + uscc.check_character(body)


@pytest.mark.parametrize("prefix", ["91150404", "N2150404", "Y1150404", "93150404"])
def test_every_valid_prefix_registers(prefix: str) -> None:
    application, owner = applicants.register(prefix=prefix)
    assert application.state == "draft"
    assert application.organisation.uscc.startswith(prefix)
    assert owner.can("providers.apply")
    assert operations.begin(actor=owner, now=NOW) == application


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("code", {"code": "91150404MA0000000"}),
        ("code", {"code": "911504040000000001"}),
        ("code", {"code": "taken"}),
        ("name", {"name": "  "}),
        ("email", {"email": "TAKEN@example.test"}),
        ("password", {"password": "short"}),
    ],
)
def test_a_wrong_registration_names_the_field_and_leaves_nothing(field: str, values: dict[str, str]) -> None:
    factories.member(factories.foods(), "owner", email="taken@example.test")
    taken = Organisation.objects.get(side="buyer").uscc
    fields = {
        "name": "新云公司",
        "code": factories.credit_code(),
        "full_name": "甲",
        "email": "new@example.test",
        "password": factories.PASSWORD,
        **values,
    }
    if fields["code"] == "taken":
        fields["code"] = taken.lower()
    with pytest.raises(ValidationError) as refusal:
        operations.register_applicant(**fields, now=NOW)
    assert list(refusal.value.message_dict) == [field]
    assert not Organisation.objects.filter(side="provider").exists()
    assert not Application.objects.exists()


def test_what_is_missing_is_named_and_blocks() -> None:
    application, owner = applicants.register()
    operations.save(number=application.number, values={"services": ["iaas"]}, actor=owner, now=NOW)
    with pytest.raises(operations.ChecksFailed) as refusal:
        operations.submit(number=application.number, actor=owner, now=NOW)
    assert [one.code for one in refusal.value.findings if one.is_error] == [
        "representative.missing",
        "address.missing",
        "county.missing",
        "licence.missing",
        "licence.no_end",
        "telecom.missing",
        "telecom.no_number",
        "telecom.no_end",
        "contact.missing",
    ]
    application.refresh_from_db()
    assert application.state == "draft"
    assert len(application.findings) == 9, "what was found is kept for the page"


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, []),
        ({"licence_is_long_term": False, "licence_valid_until": NOW.date() - timedelta(1)}, ["licence.expired"]),
        ({"licence_is_long_term": False, "licence_valid_until": NOW.date()}, ["licence.ends_soon"]),
        ({"telecom_valid_until": NOW.date() - timedelta(1)}, ["telecom.expired"]),
        ({"telecom_number": "1234"}, ["telecom.number_form"]),
        ({"services": ["saas"], "telecom_number": "", "telecom_valid_until": None}, ["telecom.no_number"]),
        ({"services": []}, ["services.missing"]),
        ({"requested_rate": Decimal("0.01")}, ["rate.below"]),
        ({"requested_rate": Decimal("0.02")}, []),
        ({"contact_phone": ""}, ["contact.missing"]),
    ],
)
def test_findings(values: dict[str, Any], codes: list[str]) -> None:
    application, owner = applicants.register()
    applicants.fill(application, owner, **values)
    application.refresh_from_db()
    found = [one.code for one in checks.run(application=application, on=NOW.date())]
    assert found[: len(codes)] == codes


def test_a_name_and_a_file_that_others_have_are_shown_to_the_reviewer() -> None:
    first, owner = applicants.register()
    data = applicants.file().read()
    second, other = applicants.register()
    for application, actor in ((first, owner), (second, other)):
        applicants.fill(application, actor)
        operations.keep_document(
            number=application.number, field="business_licence", file=applicants.file(data), actor=actor, now=NOW
        )
    second.refresh_from_db()
    assert {one.code for one in checks.run(application=second, on=NOW.date())} == {"name.taken", "document.used"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"county": "999999"}, "county"),
        ({"services": ["mining"]}, "services"),
        ({"address": "x" * 201}, "address"),
        ({"requested_rate": Decimal(1)}, "requested_rate"),
        ({"code": "91150404"}, "code"),
        ({"name": ""}, "name"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_is_saved(values: dict[str, Any], field: str) -> None:
    application, owner = applicants.register()
    with pytest.raises(operations.InvalidApplication) as refusal:
        operations.save(number=application.number, values={"contact_name": "新", **values}, actor=owner, now=NOW)
    assert refusal.value.field == field
    application.refresh_from_db()
    assert application.contact_name == ""


def test_a_mistyped_code_can_be_mended_until_submission() -> None:
    application, owner = applicants.register()
    mended = factories.credit_code()
    operations.save(number=application.number, values={"code": f" {mended.lower()} "}, actor=owner, now=NOW)
    application.organisation.refresh_from_db()
    assert application.organisation.uscc == mended
    application, owner = applicants.submitted()
    with pytest.raises(operations.WrongState):
        operations.save(number=application.number, values={"code": factories.credit_code()}, actor=owner, now=NOW)


def test_returned_with_remarks_mended_and_approved() -> None:
    application, owner = applicants.submitted()
    reviewer, colleague = applicants.operator(), applicants.operator()
    number = application.number
    review.take(number=number, actor=reviewer, now=NOW)
    with pytest.raises(review.TakenByAnother):
        review.approve(number=number, actor=colleague, now=NOW)
    remarks = {"address": "与执照不一致", "contact_phone": "  ", "nonsense": "x"}
    review.return_application(number=number, reason="请补正", remarks=remarks, actor=reviewer, now=NOW)
    application.refresh_from_db()
    assert (application.state, application.remarks) == ("returned", {"address": "与执照不一致"})
    operations.save(number=number, values={"address": "赤峰市松山区 2 号"}, actor=owner, now=NOW)
    application.refresh_from_db()
    assert application.remarks == {}, "what was mended is no longer remarked"
    operations.submit(number=number, actor=owner, now=NOW)
    operations.submit(number=number, actor=owner, now=NOW)
    review.take(number=number, actor=reviewer, now=NOW)
    review.take(number=number, actor=colleague, now=NOW, is_takeover=True)
    review.approve(number=number, actor=colleague, now=NOW)
    review.approve(number=number, actor=colleague, now=NOW)

    partner = Partner.objects.get(organisation=application.organisation)
    agreement = providers.agreement_in_force(partner_id=partner.pk, on=NOW.date())
    assert (agreement.version, agreement.commission_rate) == (1, Decimal("0.0200"))
    held = {one.kind: one.row.valid_until for one in queries.list_held(partner_id=partner.pk, on=NOW.date())}
    assert held == {
        "business_licence": None,
        "telecom_licence": date(2029, 6, 30),
        "agreement": date(2028, 9, 27),
    }
    taken = [(one.from_state, one.to_state) for one in ApplicationStep.objects.filter(application=application)]
    assert taken == [
        ("", "draft"),
        ("draft", "submitted"),
        ("submitted", "in_review"),
        ("in_review", "returned"),
        ("returned", "submitted"),
        ("submitted", "in_review"),
        ("in_review", "in_review"),
        ("in_review", "approved"),
    ]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        ApplicationStep.objects.all().delete()
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Application.objects.update(address="x")


def test_nobody_reviews_their_own_organisation_or_without_the_role() -> None:
    application, owner = applicants.submitted()
    reviewer = applicants.operator()
    Membership.objects.create(user_id=reviewer.user_id, organisation=application.organisation, roles=["sales"])
    with pytest.raises(operations.ReviewerIsMember):
        review.take(number=application.number, actor=reviewer, now=NOW)
    for actor in (owner, applicants.operator("finance")):
        with pytest.raises(PermissionDenied):
            review.take(number=application.number, actor=actor, now=NOW)


def test_another_organisation_finds_no_such_application() -> None:
    application, _owner = applicants.register()
    _other, stranger = applicants.register(name="别家")
    for act in (
        lambda: operations.save(number=application.number, values={"address": "x"}, actor=stranger, now=NOW),
        lambda: operations.submit(number=application.number, actor=stranger, now=NOW),
        lambda: operations.keep_document(
            number=application.number, field="business_licence", file=applicants.file(), actor=stranger, now=NOW
        ),
    ):
        with pytest.raises(operations.NoSuchApplication):
            act()
    with pytest.raises(operations.NoSuchApplication):
        queries.get_application(number=application.number)  # a draft is not for the platform yet


def test_a_rejected_organisation_may_begin_again() -> None:
    application, owner = applicants.submitted()
    reviewer = applicants.operator()
    review.take(number=application.number, actor=reviewer, now=NOW)
    with pytest.raises(operations.InvalidApplication):
        review.reject(number=application.number, reason=" ", actor=reviewer, now=NOW)
    review.reject(number=application.number, reason="执照系伪造", actor=reviewer, now=NOW)
    assert not Partner.objects.filter(organisation=application.organisation).exists()
    again = operations.begin(actor=owner, now=NOW)
    assert again.number != application.number
    assert Notice.objects.filter(organisation=application.organisation, text=review.REJECTED).count() == 1


def test_the_operator_decides_whether_a_telecom_licence_is_needed() -> None:
    application, owner = applicants.register()
    operations.save(
        number=application.number,
        values={**applicants.FILLED, "services": ["saas"], "telecom_number": "", "telecom_valid_until": None},
        actor=owner,
        now=NOW,
    )
    operations.keep_document(
        number=application.number, field="business_licence", file=applicants.file(), actor=owner, now=NOW
    )
    operations.submit(number=application.number, actor=owner, now=NOW)
    reviewer, number = applicants.operator(), application.number
    review.take(number=number, actor=reviewer, now=NOW)
    review.require_telecom_licence(number=number, is_required=True, reason="含托管", actor=reviewer, now=NOW)
    with pytest.raises(operations.ChecksFailed):
        review.approve(number=number, actor=reviewer, now=NOW)
    review.require_telecom_licence(number=number, is_required=None, reason="仅软件", actor=reviewer, now=NOW)
    assert review.approve(number=number, actor=reviewer, now=NOW).state == "approved"


def test_the_standard_rate_of_the_day_and_one_that_was_decided() -> None:
    StandardCommission.objects.create(
        effective_date=date(2026, 9, 28),
        commission_rate=Decimal("0.025"),
        commission_vat_rate=Decimal("0.06"),
        source="示例",
    )
    partner, _owner = applicants.approved()
    assert partner.agreements.get().commission_rate == Decimal("0.0250")
    application, _owner = applicants.submitted()
    reviewer = applicants.operator()
    review.take(number=application.number, actor=reviewer, now=NOW)
    review.approve(number=application.number, actor=reviewer, now=NOW, commission_rate=Decimal("0.015"))
    assert application.organisation.partner.agreements.get().commission_rate == Decimal("0.0150")


def test_an_agreement_changes_by_a_version_announced_seven_days_ahead() -> None:
    partner, _owner = applicants.approved()
    operator, today = applicants.operator(), NOW.date()
    change = {"partner": partner, "commission_rate": Decimal("0.03"), "reason": "规模调整", "actor": operator}
    with pytest.raises(review.NoticeTooShort):
        review.change_agreement(**change, effective_date=today + timedelta(6), now=NOW)
    later = review.change_agreement(**change, effective_date=today + timedelta(7), now=NOW)
    assert later.version == 2
    for day, rate in ((6, "0.0200"), (7, "0.0300")):
        found = providers.agreement_in_force(partner_id=partner.pk, on=today + timedelta(day))
        assert found.commission_rate == Decimal(rate)
    assert Notice.objects.filter(organisation=partner.organisation, text=review.RATE_CHANGES).count() == 1


def test_two_drafts_at_once_are_one(now: object) -> None:
    application, owner = applicants.register()
    with pytest.raises(IntegrityError, match="application_one_open"), transaction.atomic():
        Application.objects.create(number="SQ-X", organisation=application.organisation, created_at=NOW)
    assert operations.begin(actor=owner, now=NOW) == application


def test_qualifications_are_written_once_and_frozen() -> None:
    applicants.approved()
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Qualification.objects.update(valid_until=None, document_number="x")
    assert steps.LONGEST_REASON == 500


def test_a_provider_that_was_registered_before_keeps_what_was_agreed() -> None:
    partner = factories.provider(commission_rate="0.012")
    owner = factories.actor(partner.organisation, "owner")
    factories.platform()
    application = operations.begin(actor=owner, now=NOW)
    applicants.fill(application, owner)
    operations.submit(number=application.number, actor=owner, now=NOW)
    reviewer = applicants.operator()
    review.take(number=application.number, actor=reviewer, now=NOW)
    review.approve(number=application.number, actor=reviewer, now=NOW)
    assert [one.commission_rate for one in partner.agreements.all()] == [Decimal("0.0120")]
