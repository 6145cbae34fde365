"""Evidence: claimed by the provider, verified by the platform, in force for its days, revoked but never edited."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from marketplace.organisations.models import AuditEntry, Membership
from providers import queries
from providers.evidence import operations
from providers.models import Evidence
from tests import editions, factories

pytestmark = pytest.mark.django_db
ON = date(2026, 9, 1)


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan())


def kinds(centre, on=ON):
    found = queries.evidence_in_force(data_centre_ids=[centre.pk], on=on)
    return {kind: row.value for kind, row in found.get(centre.pk, {}).items()}


def test_a_claim_is_no_evidence_until_the_platform_has_verified_it(centre):
    claim = editions.document(centre, "mlps", "3", verified=False)
    assert kinds(centre) == {}
    assert [row.pk for row in queries.list_claims()] == [claim.pk]
    operations.verify_evidence(evidence_id=claim.pk, actor=editions.operator(), now=editions.ANNOUNCED_AT)
    assert kinds(centre) == {"mlps": Decimal(3)}
    assert queries.list_claims() == []
    assert AuditEntry.objects.filter(action="evidence.verified", object_id=str(claim.pk)).count() == 1


def test_in_force_from_the_first_to_the_last_day(centre):
    editions.document(centre, "mlps", "3", valid_from=date(2026, 3, 15), valid_until=date(2027, 3, 14))
    days = [date(2026, 3, 14), date(2026, 3, 15), date(2027, 3, 14), date(2027, 3, 15)]
    assert [bool(kinds(centre, day)) for day in days] == [False, True, True, False]


def test_the_newer_document_counts(centre):
    editions.document(centre, "pue", "1.60", valid_from=date(2026, 1, 1))
    editions.document(centre, "pue", "1.40", valid_from=date(2026, 6, 30))
    assert kinds(centre) == {"pue": Decimal("1.40")}


def test_revoked_is_out_of_force_and_does_not_come_back(centre):
    row = editions.document(centre, "mlps", "3")
    revoked = operations.revoke_evidence(
        evidence_id=row.pk, reason="测评机构撤回", actor=editions.operator(), now=editions.OPENED_AT
    )
    assert (revoked.status, revoked.revoked_reason) == ("revoked", "测评机构撤回")
    assert kinds(centre) == {}
    with pytest.raises(operations.AlreadyRevoked):
        operations.verify_evidence(evidence_id=row.pk, actor=editions.operator(), now=editions.OPENED_AT)


def test_recognition_is_of_the_provider(centre):
    row = editions.document(centre, "recognition", valid_until=date(2027, 6, 30))
    found = queries.recognitions_in_force(partner_ids=[centre.partner_id], on=ON)
    assert found == {centre.partner_id: row}
    assert queries.recognitions_in_force(partner_ids=[centre.partner_id], on=date(2027, 7, 1)) == {}


def test_a_provider_neither_verifies_nor_speaks_for_another(centre):
    claim = editions.document(centre, "mlps", "3", verified=False)
    own = factories.actor(centre.partner.organisation, "owner")
    with pytest.raises(PermissionDenied):
        operations.verify_evidence(evidence_id=claim.pk, actor=own, now=editions.OPENED_AT)
    with pytest.raises(PermissionDenied):
        editions.document(centre, "pue", "1.3", actor=factories.actor(factories.songmo().organisation, "owner"))


def test_nobody_of_the_provider_verifies_with_a_second_hat(centre):
    claim = editions.document(centre, "mlps", "3", verified=False)
    operator = editions.operator()
    Membership.objects.create(user_id=operator.user_id, organisation=centre.partner.organisation, roles=["sales"])
    with pytest.raises(operations.OwnEvidence, match="红山云"):
        operations.verify_evidence(evidence_id=claim.pk, actor=operator, now=editions.OPENED_AT)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "iso"}, "kind"),
        ({"kind": "mlps", "value": None}, "value"),
        ({"kind": "mlps", "value": Decimal("2.5")}, "value"),
        ({"kind": "pue", "value": Decimal("0.9")}, "value"),
        ({"kind": "mlps", "value": Decimal(3), "data_centre": None}, "data_centre"),
        ({"kind": "mlps", "value": Decimal(3), "valid_until": date(2026, 1, 1)}, "valid_until"),
        ({"kind": "mlps", "value": Decimal(3), "issued_date": date(2026, 9, 2)}, "issued_date"),
    ],
)
def test_claims_that_cannot_be(centre, fields, field):
    with pytest.raises(operations.InvalidEvidence) as refusal:
        editions.document(centre, **{"kind": "mlps", **fields})
    assert refusal.value.field == field
    assert not Evidence.objects.exists()


def test_a_foreign_data_centre_is_refused(centre):
    other = factories.data_centre(factories.songmo())
    with pytest.raises(operations.InvalidEvidence):
        editions.document(centre, "mlps", "3", data_centre=other)


def test_revoking_needs_a_reason(centre):
    row = editions.document(centre, "mlps", "3")
    for reason in ("  ", "很" * 201):
        with pytest.raises(operations.InvalidEvidence):
            operations.revoke_evidence(
                evidence_id=row.pk, reason=reason, actor=editions.operator(), now=editions.OPENED_AT
            )


@pytest.mark.parametrize(
    "change",
    [
        {"value": 4},
        {"valid_until": date(2030, 1, 1)},
        {"status": "claimed"},
        {"verified_at": editions.ANNOUNCED_AT + timedelta(days=1)},
    ],
)
def test_the_database_refuses_to_edit_evidence(centre, change):
    row = editions.document(centre, "mlps", "3")
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).delete()
