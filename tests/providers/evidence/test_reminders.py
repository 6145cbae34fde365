"""Reminders come 60, 30 and 7 days before a document runs out, once each, and not for what is replaced."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from marketplace.organisations.models import Notice
from providers.evidence import operations, reminders
from tests import editions, factories

pytestmark = pytest.mark.django_db
LAST_DAY = date(2027, 3, 14)


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan())


def remind(days_before):
    now = datetime.combine(LAST_DAY - timedelta(days=days_before), time(4), tzinfo=UTC)
    return reminders.remind_of_expiry(now=now, limit=100)


def told():
    return [(one.values["days"], one.is_urgent) for one in Notice.objects.order_by("pk")]


def test_three_reminders_once_each(centre):
    editions.document(centre, "mlps", "3", valid_until=LAST_DAY)
    assert [remind(days) for days in (61, 60, 60, 45, 30, 29, 7, 3, 0, -1)] == [0, 1, 0, 0, 1, 0, 1, 0, 0, 0]
    assert told() == [(60, False), (30, False), (7, True)]
    assert {one.organisation_id for one in Notice.objects.all()} == {centre.partner.organisation_id}


def test_after_a_pause_only_the_last_one_is_sent(centre):
    editions.document(centre, "mlps", "3", valid_until=LAST_DAY)
    assert [remind(days) for days in (5, 4)] == [1, 0]
    assert told() == [(5, True)]


def test_a_certificate_of_recognition_is_told_to_its_provider(centre):
    editions.document(centre, "recognition", valid_until=LAST_DAY)
    assert remind(60) == 1
    (notice,) = Notice.objects.all()
    assert (notice.values["of"], notice.path) == (centre.partner.name, "/provider/onboarding/recognition/")


@pytest.mark.parametrize(
    ("kind", "value"), [("assessment", None), ("pue", "1.3"), ("green_power", "62"), ("gb50174", "1")]
)
def test_every_kind_with_an_end_is_told(centre, kind, value):
    editions.document(centre, kind, value, valid_until=LAST_DAY)
    assert remind(60) == 1
    assert told() == [(60, False)]


def test_nothing_to_tell_about_claims_endless_revoked_or_replaced_documents(centre):
    editions.document(centre, "mlps", "3", valid_until=LAST_DAY, verified=False)
    editions.document(centre, "assessment")
    row = editions.document(centre, "pue", "1.3", valid_until=LAST_DAY)
    operations.revoke_evidence(evidence_id=row.pk, reason="撤回", actor=editions.operator(), now=editions.OPENED_AT)
    editions.document(centre, "green_power", "62", valid_until=LAST_DAY)
    editions.document(centre, "green_power", "62", valid_from=date(2027, 3, 1), valid_until=date(2028, 2, 28))
    for days in (60, 30, 7):
        remind(days)
    assert told() == []
