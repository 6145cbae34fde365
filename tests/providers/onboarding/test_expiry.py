"""Reminders 60, 30 and 7 days ahead, once each; what ends hides the listings the day after, until it is renewed."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from billing.rules import periods
from marketplace.organisations.models import Membership, Notice
from providers.models import Partner
from providers.onboarding import expiry, operations, qualifications, queries
from providers.onboarding.models import Qualification
from tests import factories
from tests.providers.onboarding import applicants

pytestmark = pytest.mark.django_db
END = date(2027, 6, 30)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=periods.SHANGHAI)


def walk(first: date, last: date) -> list[tuple[date, int]]:
    """The pipeline once a day: on which days how many were told."""
    told = []
    day = first
    while day <= last:
        count = 0
        while done := qualifications.remind_due(now=noon(day), limit=1):
            count += done
        if count:
            told.append((day, count))
        day += timedelta(1)
    return told


@pytest.fixture
def provider() -> tuple[Partner, Any]:
    """Its telecom licence ends on END, its agreement a year later."""
    return applicants.approved(telecom_valid_until=END)


def renew(partner: Partner, owner: Any, *, on: date, until: date | None) -> Qualification:
    return qualifications.renew(
        partner=partner,
        kind="telecom_licence",
        file=applicants.file(),
        document_number="B1-20279999",
        valid_until=until,
        actor=owner,
        now=noon(on),
    )


def test_each_reminder_goes_out_once(provider: tuple[Partner, Any]) -> None:
    partner, _owner = provider
    told = walk(END - timedelta(70), END + timedelta(10))
    assert told == [
        (END - timedelta(60), 1),
        (END - timedelta(30), 1),
        (END - timedelta(7), 1),
        (END + timedelta(1), 1),
    ]
    notices = Notice.objects.filter(organisation=partner.organisation, key__startswith="expiry:")
    assert [one.is_urgent for one in notices.order_by("created_at")] == [False, False, True, True]
    assert walk(END - timedelta(3), END + timedelta(10)) == []


def test_whoever_comes_late_is_told_once_and_not_thrice(provider: tuple[Partner, Any]) -> None:
    assert walk(END - timedelta(20), END - timedelta(8)) == [(END - timedelta(20), 1)]


def test_without_the_unique_row_everyone_is_told_every_minute(
    provider: tuple[Partner, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the reminder's row is what ends the stage."""
    monkeypatch.setattr(qualifications.Reminder.objects, "bulk_create", lambda *_args, **_kwargs: [])
    for _again in range(3):
        assert qualifications.remind_due(now=noon(END - timedelta(60)), limit=10) == 1


def test_a_lapsed_licence_is_named_the_day_after_and_a_renewal_counts_once_verified(
    provider: tuple[Partner, Any],
) -> None:
    partner, owner = provider
    after = END + timedelta(1)
    assert queries.qualifications_lapsed(on=END) == {}, "the last day is a good one"
    assert queries.qualifications_lapsed(on=after) == {partner.pk: expiry.LAPSED["telecom_licence"]}
    assert queries.qualifications_lapsed(on=after, partner_ids=[partner.pk + 1]) == {}
    waiting = renew(partner, owner, on=END, until=END + timedelta(365))
    assert partner.pk in queries.qualifications_lapsed(on=after), "a claim changes nothing"
    with pytest.raises(qualifications.RenewalWaits):
        renew(partner, owner, on=END, until=END + timedelta(365))
    operator = applicants.operator()
    Membership.objects.create(user_id=operator.user_id, organisation=partner.organisation, roles=["sales"])
    with pytest.raises(operations.ReviewerIsMember):
        qualifications.decide(qualification_id=waiting.pk, is_verified=True, actor=operator, now=noon(after))
    reviewer = applicants.operator()
    for _twice in range(2):
        qualifications.decide(qualification_id=waiting.pk, is_verified=True, actor=reviewer, now=noon(after))
    assert queries.qualifications_lapsed(on=after) == {}
    with pytest.raises(qualifications.AlreadyDecided):
        qualifications.decide(
            qualification_id=waiting.pk, is_verified=False, reason="x", actor=reviewer, now=noon(after)
        )


def test_a_refused_renewal_leaves_the_present_one_and_says_why(provider: tuple[Partner, Any]) -> None:
    partner, owner = provider
    waiting = renew(partner, owner, on=END - timedelta(9), until=END + timedelta(365))
    reviewer = applicants.operator()
    with pytest.raises(operations.InvalidApplication):
        qualifications.decide(qualification_id=waiting.pk, is_verified=False, actor=reviewer, now=noon(END))
    qualifications.decide(
        qualification_id=waiting.pk, is_verified=False, reason="看不清", actor=reviewer, now=noon(END)
    )
    held = {one.kind: one for one in queries.list_held(partner_id=partner.pk, on=END)}
    assert held["telecom_licence"].row.valid_until == END
    assert Notice.objects.filter(organisation=partner.organisation, text=qualifications.REFUSED).count() == 1
    for until, field in ((END - timedelta(99), "valid_until"), (None, "valid_until")):
        with pytest.raises(operations.InvalidApplication) as refusal:
            renew(partner, owner, on=END, until=until)
        assert refusal.value.field == field


def test_the_agreement_ends_too_and_is_renewed_by_the_operator(provider: tuple[Partner, Any]) -> None:
    partner, _owner = provider
    end = date(2028, 9, 27)
    on = end + timedelta(1)
    assert queries.qualifications_lapsed(on=on)[partner.pk] == expiry.LAPSED["agreement"]
    qualifications.renew_agreement(partner=partner, years=2, actor=applicants.operator(), now=noon(on))
    assert queries.qualifications_lapsed(on=on)[partner.pk] == expiry.LAPSED["telecom_licence"]


def test_providers_without_an_application_never_lapse() -> None:
    factories.hongshan()
    assert queries.qualifications_lapsed(on=date(2099, 1, 1)) == {}


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 9, 28), date(2028, 9, 27)),
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 3, 1), date(2028, 2, 29)),
    ],
)
def test_a_term_of_whole_years_ends_the_day_before_its_return(day: date, last: date) -> None:
    assert qualifications.add_years(day, 2) == last
