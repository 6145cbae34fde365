"""The sample world: complete, orderable, and loaded once however often it is loaded."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps

from listings import life, queries
from listings.models import Plan, PriceComponent, Product
from listings.prices import pricing
from marketplace.demo import choices, desk, onboarding, people, world
from marketplace.organisations.models import Division
from marketplace.procurement import queries as procurement
from providers import queries as provider_queries
from providers.models import CapacityPool
from providers.onboarding import queries as applications


def count_rows():
    return {
        model._meta.label: model.objects.count()
        for label in ("organisations", "partner", "catalogue")
        for model in apps.get_app_config(label).get_models()
        if model._meta.managed
    }


@pytest.mark.django_db
def test_loads_once(loaded, now):
    assert (len(loaded.providers), len(loaded.buyers)) == (12, 8)
    assert (len(loaded.data_centres), len(loaded.offerings)) == (15, 42)
    assert Division.objects.count() == 12 + 103
    assert Product.objects.filter(state="published", is_sample=True).count() == 42
    assert not Product.objects.filter(title_en="").exists()
    assert [code for code, buyer in loaded.buyers.items() if buyer.needs_approval] == ["B01", "B02", "B03"]
    before = count_rows()
    world.load_world(now=now + timedelta(days=1))
    assert count_rows() == before
    check_onboarding(loaded, now)


def check_onboarding(loaded, now):
    """All came in through the front door; two stand before it."""
    onboarding.recognise(world=loaded, data=world.read_data(), at=now)
    onboarding.load_applicants(now=now + timedelta(days=30))
    assert applications.count_applications() == {
        "submitted": 0,
        "in_review": 1,
        "returned": 1,
        "approved": 12,
        "rejected": 0,
    }
    states = [one.state for one in applications.list_recognitions()]
    assert (states.count("granted"), states.count("applied")) == (4, 3)
    for partner in loaded.partners.values():
        assert applications.verified_payout_account(partner_id=partner.pk)
    assert applications.qualifications_lapsed(on=now.date() + timedelta(days=100)) == {}


@pytest.mark.django_db
def test_every_plan_is_computable_and_every_open_data_centre_has_what_is_sold(loaded):
    for plan in Plan.objects.all():
        found = queries.find_plan(plan_id=plan.pk)
        for term in found.terms.all():
            quote = pricing.quote(plan=found, quantity=1, term_months=term.months)
            assert quote.metered or quote.term.gross.amount_minor > 0
    for product in loaded.offerings.values():
        pools = provider_queries.list_pools(data_centre_id=product.data_centre_id)
        remaining = provider_queries.count_remaining(pools=pools, draws=product.draws)
        if product.code == "OF012":
            assert (product.data_centre.status, remaining) == ("building", 0)
        else:
            assert product.data_centre.status == "operating"
            assert 10 <= remaining <= 10_000_000, product.code
    assert not CapacityPool.objects.exclude(allocated=0).exists()


@pytest.mark.django_db
def test_prices_are_those_of_the_sample_data(loaded):
    host = loaded.offerings["OF001"]
    host.refresh_from_db()
    assert (host.from_price, host.from_price_unit) == (Decimal("225.46"), "台·月")
    rates = PriceComponent.objects.filter(plan__price_book__product=host, kind="metered").order_by("code")
    assert [(rate.meter, rate.unit_price) for rate in rates] == [
        ("gib_hours", Decimal("0.01547")),
        ("vcpu_hours", Decimal("0.12348")),
    ]
    storage = PriceComponent.objects.get(plan__price_book__product__code="OF013")
    assert storage.unit_price == Decimal("0.00045205")  # 0.33 / 730
    yearly = Plan.objects.get(price_book__product__code="OF024")
    quote = pricing.quote(plan=queries.find_plan(plan_id=yearly.pk), quantity=1, term_months=12)
    assert quote.term.gross.amount_minor == 18_000_000


@pytest.mark.django_db
def test_the_buyer_and_the_officer_have_a_report_and_an_estimate_on_file(loaded, now):
    people.create_people(world=loaded, now=now)
    choices.put_on_file(world=loaded, now=now)
    for email in ("buyer@demo.example", "officer@demo.example"):
        actor = people.actor_of(email=email)
        (report,) = procurement.list_reports(organisation_id=actor.organisation_id)
        assert all(one["total"] for one in report.content["table"]["scores"])
        (estimate,) = procurement.list_estimates(user_id=actor.user_id)
        assert len(estimate.lines) == 2
    desk.load(world=loaded, now=now)
    newest = {
        code: life.list_versions(product_id=life.get_listing(code=code).pk)[0]
        for code in ("HS-GPU1", "HS-NET5", "HS-HDD1", "OF002", "OF018")
    }
    states = [version.state for version in newest.values()]
    assert states == ["draft", "submitted", "returned", "in_review", "submitted"]
    found = {code: {one["code"] for one in version.findings} for code, version in newest.items()}
    assert {"sla.missing", "prices.missing", "text.superlative"} <= found["HS-GPU1"]
    assert not found["HS-NET5"]
    assert life.get_listing(code="OF002").state == "published"
    assert newest["OF002"].price_book.status == "draft"
