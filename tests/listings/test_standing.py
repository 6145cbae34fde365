"""Listings hide the day after their proof has lapsed, say why, and come back by themselves; what people froze stays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from listings import operations, standing
from listings.models import Freeze, OfferingStep, Product
from marketplace import pipeline
from marketplace.organisations.models import Notice
from providers.evidence import operations as evidence
from providers.onboarding.models import Qualification
from tests import editions, factories

pytestmark = pytest.mark.django_db
LAST_DAY = date(2027, 3, 14)
NEXT_MORNING = datetime(2027, 3, 14, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai


@pytest.fixture
def host():
    centre = editions.proven_centre(mlps_until=LAST_DAY)
    return factories.offering(centre)


def state(product):
    product.refresh_from_db()
    return product.state


def renew(product, *, first=date(2027, 3, 20), until=date(2028, 3, 19), now=None, **fields):
    claim = editions.document(
        product.data_centre, "mlps", "3", valid_from=first, valid_until=until, verified=False, **fields
    )
    return evidence.verify_evidence(evidence_id=claim.pk, actor=editions.operator(), now=now or NEXT_MORNING)


def review(now):
    return standing.review_due(now=now, limit=100)


def test_the_clock_walks_a_certificate_past_its_date_and_the_listing_hides_with_the_reason(host):
    pipeline.advance(now=NEXT_MORNING - timedelta(hours=1))  # the last day, in Shanghai
    assert state(host) == "published"
    pipeline.advance(now=NEXT_MORNING)
    assert (state(host), host.is_public) == ("frozen", False)
    page = Client().get(host.get_absolute_url())
    text = page.content.decode()
    assert page.status_code == 200
    assert "2027-03-14" in text
    assert host.data_centre.name in text
    assert "noindex" in text
    assert Client().get(reverse("catalogue"), {"q": host.code}).content.decode().count(host.get_absolute_url()) == 0
    step = OfferingStep.objects.filter(product=host).latest("pk")
    assert (step.to_state, step.user, step.happened_at) == ("frozen", None, NEXT_MORNING)
    assert "2027-03-14" in step.reason
    notice = Notice.objects.get(key=f"standing:mlps:{host.data_centre_id}:2027-03-14")
    assert (notice.organisation, notice.is_urgent) == (host.partner.organisation, True)
    assert review(NEXT_MORNING) == 0

    day = NEXT_MORNING + timedelta(days=6)
    renew(host, now=day)
    pipeline.advance(now=day)
    assert state(host) == "published"
    assert Client().get(host.get_absolute_url()).status_code == 200
    assert OfferingStep.objects.filter(product=host).latest("pk").to_state == "published"


def test_the_reason_is_read_in_the_readers_language(host):
    review(NEXT_MORNING)
    english, chinese = Client(), Client()
    english.cookies["django_language"] = "en"
    assert "is hidden for now" in english.get(host.get_absolute_url()).content.decode()
    assert "is hidden for now" not in chinese.get(host.get_absolute_url()).content.decode()


@pytest.mark.parametrize("slug", ["wrong", "host"])
def test_what_was_never_listed_has_no_page(host, slug):
    Product.objects.filter(pk=host.pk).update(state="withdrawn")
    assert Client().get(reverse("offering", args=[host.pk, slug])).status_code == 404


def test_what_was_only_claimed_does_not_hide_a_listing():
    centre = factories.data_centre(factories.hongshan())
    editions.document(centre, "mlps", "3", valid_until=LAST_DAY, verified=False)
    editions.document(centre, "mlps", "2", valid_until=LAST_DAY)  # the claim is level 3, and level 2 never proved it
    unclaimed = editions.proven_centre(centre.partner, mlps_until=LAST_DAY, mlps_level=None)
    for one in (centre, unclaimed):
        factories.offering(one)
    assert review(NEXT_MORNING) == 0


def test_a_lower_level_does_not_prove_the_level_that_is_claimed(host):
    renew(host, first=date(2027, 3, 1))
    assert review(NEXT_MORNING) == 0
    later = datetime(2028, 4, 1, tzinfo=UTC)
    claim = editions.document(
        host.data_centre, "mlps", "2", valid_from=date(2028, 3, 20), valid_until=date(2030, 3, 19), verified=False
    )
    evidence.verify_evidence(evidence_id=claim.pk, actor=editions.operator(), now=later)
    assert review(later) == 1
    assert state(host) == "frozen"


def test_listings_of_a_provider_hide_while_a_qualification_has_ended(host):
    def verified(last_day):
        Qualification.objects.create(
            partner=host.partner,
            kind="business_licence",
            status="verified",
            valid_from=date(2020, 1, 1),
            valid_until=last_day,
            recorded_at=editions.ANNOUNCED_AT,
            decided_at=editions.ANNOUNCED_AT,
        )

    verified(date(2026, 9, 8))
    assert [review(editions.OPENED_AT), review(editions.OPENED_AT)] == [1, 0]
    assert state(host) == "frozen"
    (freeze,) = Freeze.objects.all()
    assert (freeze.subject, freeze.reason) == ("qualifications", "The provider's business licence has ended.")
    assert standing.sentence(freeze=freeze) != freeze.reason  # in the reader's language
    verified(date(2027, 9, 8))
    assert review(editions.OPENED_AT) == 1
    assert state(host) == "published"


def test_revoked_proof_hides_too_and_says_so(host):
    row = host.data_centre.evidence.get(kind="mlps")
    evidence.revoke_evidence(
        evidence_id=row.pk, reason="测评机构撤回", actor=editions.operator(), now=editions.OPENED_AT
    )
    assert review(editions.OPENED_AT) == 1
    (freeze,) = Freeze.objects.all()
    assert (freeze.reason, freeze.values["day"]) == (standing.REVOKED, "2026-09-09")


def test_the_clock_never_lifts_what_a_person_froze(host):
    operations.freeze(product=host, reason="核查", actor=editions.operator(), now=editions.OPENED_AT)
    review(NEXT_MORNING)
    assert Freeze.objects.filter(product=host, lifted_at=None).count() == 2
    renew(host, first=date(2027, 3, 15))
    review(NEXT_MORNING)
    assert state(host) == "frozen"
    text = Client().get(host.get_absolute_url()).content.decode()
    assert "核查" not in text  # what a person wrote is for the provider
    operations.lift_freeze(product=host, reason="核查完毕", actor=editions.operator(), now=NEXT_MORNING)
    assert state(host) == "published"


def test_a_person_freezes_what_is_hidden_and_lifts_only_that(host):
    review(NEXT_MORNING)
    with pytest.raises(operations.ProofIsMissing):
        operations.lift_freeze(product=host, reason="放行", actor=editions.operator(), now=NEXT_MORNING)
    operations.freeze(product=host, reason="核查", actor=editions.operator(), now=NEXT_MORNING)
    operations.lift_freeze(product=host, reason="核查完毕", actor=editions.operator(), now=NEXT_MORNING)
    assert state(host) == "frozen"
    renew(host, first=date(2027, 3, 15))
    review(NEXT_MORNING)
    assert state(host) == "published"


def test_withdrawn_ends_every_reason(host):
    review(NEXT_MORNING)
    operations.withdraw(
        product=host, reason="停售", actor=factories.actor(host.partner.organisation, "sales"), now=NEXT_MORNING
    )
    assert state(host) == "withdrawn"
    assert not Freeze.objects.filter(lifted_at=None).exists()
    assert review(NEXT_MORNING) == 0


def test_one_reason_stands_once(host):
    review(NEXT_MORNING)
    with pytest.raises(IntegrityError, match="freeze_once"), transaction.atomic():
        Freeze.objects.create(product=host, cause="proof", subject="mlps", reason="x", frozen_at=NEXT_MORNING)


def test_batches_have_a_limit_and_the_queries_do_not_grow(host, django_assert_max_num_queries):
    for _ in range(3):
        factories.offering(host.data_centre)
    with django_assert_max_num_queries(6):
        assert review(editions.OPENED_AT) == 0
    assert [standing.review_due(now=NEXT_MORNING, limit=3) for _ in range(3)] == [3, 1, 0]
    with django_assert_max_num_queries(6):
        assert review(NEXT_MORNING) == 0
