"""Approval and payout: one way, once, in the ledger to the fen."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from billing.ledger import queries as ledger
from billing.ledger.models import Entry
from billing.settlement import operations, queries
from billing.settlement.models import Payout, Settlement
from marketplace.organisations import errors
from marketplace.organisations.models import AuditEntry
from tests import factories, receipts

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance():
    return factories.actor(factories.platform(), "finance")


@pytest.fixture
def settlement(now):
    """100.00 collected: commission 2.00, VAT 0.12, net 97.88."""
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.hongshan())))
    receipts.collect(contract, 10_000)
    operations.settle_due(now=now, limit=10)
    return Settlement.objects.get()


def balances(settlement):
    provider, platform = settlement.provider.organisation_id, factories.platform().pk
    owners = {
        "provider_clearing": provider,
        "provider_payable": provider,
        "commission_revenue": platform,
        "vat_payable": platform,
        "bank_client_money": platform,
    }
    return {
        kind: ledger.balance(kind=kind, organisation_id=owner).amount_minor
        for kind, owner in owners.items()
        if ledger.balance(kind=kind, organisation_id=owner).amount_minor
    }


def test_approval_posts_the_shares(settlement, finance, now):
    operations.approve(number=settlement.number, actor=finance, now=now)
    settlement.refresh_from_db()
    assert (settlement.status, settlement.approved_at, settlement.approved_by_id) == ("approved", now, finance.user_id)
    assert balances(settlement) == {
        "provider_clearing": 10_000,
        "provider_payable": -9_788,
        "commission_revenue": -200,
        "vat_payable": -12,
    }
    assert Entry.objects.get().business_key == "settlement:JS-202610-0001"
    assert AuditEntry.objects.filter(action="settlement.approved").count() == 1


def test_approving_again_changes_nothing(settlement, finance, now):
    operations.approve(number=settlement.number, actor=finance, now=now)
    again = operations.approve(number=settlement.number, actor=finance, now=now + timedelta(hours=1))
    assert again.approved_at == now
    assert Entry.objects.count() == 1
    assert AuditEntry.objects.filter(action="settlement.approved").count() == 1


def test_payout_empties_the_payable(settlement, finance, now):
    operations.approve(number=settlement.number, actor=finance, now=now)
    payout = operations.record_payout(number=settlement.number, bank_reference=" ICBC-881 ", actor=finance, now=now)
    settlement.refresh_from_db()
    assert (settlement.status, settlement.paid_at) == ("paid", now)
    assert (payout.amount_minor, payout.currency, payout.bank_reference) == (9_788, "CNY", "ICBC-881")
    assert balances(settlement) == {
        "provider_clearing": 10_000,
        "commission_revenue": -200,
        "vat_payable": -12,
        "bank_client_money": -9_788,
    }
    assert [entry.business_key for entry in queries.list_entries(number=settlement.number)] == [
        "settlement:JS-202610-0001",
        "payout:JS-202610-0001",
    ]
    assert ledger.verify() == []


def test_the_same_payout_again_changes_nothing_another_is_refused(settlement, finance, now):
    operations.approve(number=settlement.number, actor=finance, now=now)
    first = operations.record_payout(number=settlement.number, bank_reference="R1", actor=finance, now=now)
    assert operations.record_payout(number=settlement.number, bank_reference="R1", actor=finance, now=now) == first
    with pytest.raises(operations.AlreadyPaid, match="R1") as refusal:
        operations.record_payout(number=settlement.number, bank_reference="R2", actor=finance, now=now)
    assert refusal.value.field == "bank_reference"
    with pytest.raises(operations.AlreadyPaid):
        operations.approve(number=settlement.number, actor=finance, now=now)
    assert Payout.objects.count() == 1
    assert Entry.objects.count() == 2
    assert AuditEntry.objects.filter(action="settlement.paid").count() == 1


def test_a_draft_is_not_paid(settlement, finance, now):
    with pytest.raises(operations.NotApproved):
        operations.record_payout(number=settlement.number, bank_reference="R1", actor=finance, now=now)
    assert not Payout.objects.exists()
    assert not Entry.objects.exists()


def test_a_reference_stands_on_one_payout(settlement, finance, now):
    contract = factories.contract(factories.bureau(), factories.offering(factories.data_centre(factories.songmo())))
    receipts.collect(contract, 5_000)
    operations.settle_due(now=now, limit=10)
    for number in ("JS-202610-0001", "JS-202610-0002"):
        operations.approve(number=number, actor=finance, now=now)
    operations.record_payout(number="JS-202610-0001", bank_reference="R1", actor=finance, now=now)
    with pytest.raises(operations.ReferenceTaken) as refusal:
        operations.record_payout(number="JS-202610-0002", bank_reference="R1", actor=finance, now=now)
    assert refusal.value.field == "bank_reference"
    assert Settlement.objects.get(number="JS-202610-0002").status == "approved"
    assert Entry.objects.filter(business_key__startswith="payout:").count() == 1


@pytest.mark.parametrize("reference", ["", "   "])
def test_a_payout_needs_a_reference(settlement, finance, now, reference):
    operations.approve(number=settlement.number, actor=finance, now=now)
    with pytest.raises(operations.ReferenceMissing):
        operations.record_payout(number=settlement.number, bank_reference=reference, actor=finance, now=now)
    assert not Payout.objects.exists()


def test_unknown_numbers_are_not_found(finance, now):
    with pytest.raises(errors.NotFound):
        operations.approve(number="JS-202610-9999", actor=finance, now=now)
    with pytest.raises(errors.NotFound):
        operations.record_payout(number="JS-202610-9999", bank_reference="R", actor=finance, now=now)


@pytest.mark.parametrize("roles", [("operator",), ("auditor",), ("officer",)])
def test_only_finance_approves_and_pays(settlement, now, roles):
    actor = factories.actor(factories.platform(), *roles)
    with pytest.raises(PermissionDenied):
        operations.approve(number=settlement.number, actor=actor, now=now)
    with pytest.raises(PermissionDenied):
        operations.record_payout(number=settlement.number, bank_reference="R", actor=actor, now=now)
    assert not Entry.objects.exists()


def test_without_commission_two_accounts_move(now, finance):
    partner = factories.provider(commission_rate="0")
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(partner)))
    receipts.collect(contract, 10_000)
    operations.settle_due(now=now, limit=10)
    made = Settlement.objects.get()
    operations.approve(number=made.number, actor=finance, now=now)
    assert balances(made) == {"provider_clearing": 10_000, "provider_payable": -10_000}
