"""Providers, agreements and data centres."""

from datetime import date
from decimal import Decimal

import pytest

from marketplace.organisations.models import AuditEntry
from providers import operations, queries
from tests import factories


@pytest.fixture
def operator():
    return factories.actor(factories.platform(), "operator")


@pytest.mark.django_db
def test_registering_twice_is_one_provider(operator, now):
    organisation = factories.organisation(side="provider", name="河套数据")
    first = operations.register_provider(organisation_id=organisation.pk, actor=operator, now=now)
    again = operations.register_provider(organisation_id=organisation.pk, actor=operator, now=now)
    assert first.pk == again.pk
    assert queries.find_partner(organisation_id=organisation.pk) == first
    assert AuditEntry.objects.filter(action="provider.registered").count() == 1


@pytest.mark.django_db
def test_a_buyer_does_not_sell(operator, now):
    buyer = factories.foods()
    with pytest.raises(operations.NotAProvider):
        operations.register_provider(organisation_id=buyer.pk, actor=operator, now=now)
    assert queries.find_partner(organisation_id=buyer.pk) is None


@pytest.mark.django_db
def test_the_agreement_in_force_is_the_latest_that_has_begun(operator, now):
    partner = factories.hongshan()  # 2 % from 2026-01-01
    newer = operations.agree(
        partner=partner,
        effective_date=date(2026, 11, 1),
        commission_rate=Decimal("0.03"),
        commission_vat_rate=Decimal("0.06"),
        actor=operator,
        now=now,
    )
    assert newer.version == 2
    assert queries.agreement_in_force(partner_id=partner.pk, on=date(2026, 10, 31)).commission_rate == Decimal("0.02")
    assert queries.agreement_in_force(partner_id=partner.pk, on=date(2026, 11, 1)).commission_rate == Decimal("0.03")
    with pytest.raises(queries.NoAgreement):
        queries.agreement_in_force(partner_id=partner.pk, on=date(2025, 12, 31))


@pytest.mark.django_db
def test_a_rate_of_one_or_more_is_refused(operator, now):
    partner = factories.hongshan()
    with pytest.raises(operations.InvalidRate) as refusal:
        operations.agree(
            partner=partner,
            effective_date=date(2026, 11, 1),
            commission_rate=Decimal(2),
            commission_vat_rate=Decimal("0.06"),
            actor=operator,
            now=now,
        )
    assert refusal.value.field == "commission_rate"
    assert partner.agreements.count() == 1


@pytest.mark.django_db
def test_a_data_centre_code_is_taken_once(operator, now):
    partner = factories.hongshan()
    given = {"name": "松山", "partner": partner, "county_code": factories.county().code, "status": "operating"}
    operations.add_data_centre(code="DC99", actor=operator, now=now, racks=6000, **given)
    with pytest.raises(operations.DataCentreCodeTaken):
        operations.add_data_centre(code="DC99", actor=operator, now=now, **given)
    assert [centre.racks for centre in queries.list_data_centres(partner_id=partner.pk)] == [6000]
