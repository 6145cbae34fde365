"""Editions of the recommended catalogue for tests: evidence, criteria, signatures, through the real operations."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.rules import periods
from listings.models import CriteriaSet, Edition
from listings.recommended import operations, publication
from marketplace.organisations import actors
from marketplace.organisations.models import Membership
from providers.documents.models import Document
from providers.evidence import operations as evidence
from providers.models import Assessor, DataCentre, Evidence
from tests import factories

ANNOUNCED_AT = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
OPENED_AT = datetime(2026, 9, 9, 2, 0, tzinfo=UTC)
PUBLISHED_AT = datetime(2026, 9, 10, 2, 0, tzinfo=UTC)
_serial = itertools.count(1)
RULES: list[dict[str, Any]] = [
    {"kind": "mlps_at_least", "level": 3},
    {"kind": "measured_pue_below", "limit": "1.5", "months": 12},
    {"kind": "sla_at_least", "percent": "99.9"},
    {"kind": "prices_complete"},
]


def officer() -> actors.Actor:
    """The platform's officer; the same person at every call."""
    return colleague(factories.platform(), "officer")


def operator() -> actors.Actor:
    """The platform's operator; the same person at every call."""
    return colleague(factories.platform(), "operator")


def colleague(organisation: Any, role: str) -> actors.Actor:
    """The person with just this role, made when first asked for: hashing a password takes its time."""
    member = Membership.objects.filter(organisation=organisation, roles=[role]).select_related("user").first()
    return factories.actor(organisation, role, user=member.user if member else None)


def kept_document(organisation: Any, kind: str = "other") -> Document:
    """A document as it stands in the database; nobody opens its file."""
    number = next(_serial)
    return Document.objects.create(
        number=f"WJ{number:014d}",
        organisation=organisation,
        kind=kind,
        file=f"documents/00/{number}",
        name="证明.pdf",
        content_type="application/pdf",
        byte_count=1000,
        sha256="0" * 64,
        page_count=1,
        uploaded_at=ANNOUNCED_AT,
    )


def document(
    centre: DataCentre, kind: str, value: str | None = None, *, verified: bool = True, **fields: Any
) -> Evidence:
    """Evidence of a data centre (or, for a recognition, of its provider), recorded by the provider and verified."""
    if kind == "assessment":
        fields = {"assessor": assessor(), "signed_by": "李测", **fields}
    row = evidence.record_evidence(
        **{
            "kind": kind,
            "partner": centre.partner,
            "data_centre": None if kind == "recognition" else centre,
            "value": None if value is None else Decimal(value),
            "issuer": "示例测评有限公司",
            "document_number": f"DOC-{kind}-{centre.code}",
            "document": kept_document(centre.partner.organisation),
            "issued_date": date(2026, 6, 30),
            "valid_from": date(2026, 6, 30),
            "actor": colleague(centre.partner.organisation, "operations"),
            "now": ANNOUNCED_AT,
            **fields,
        }
    )
    return evidence.verify_evidence(evidence_id=row.pk, actor=operator(), now=ANNOUNCED_AT) if verified else row


def assessor(*, name: str = "示例测评有限公司", code: str = "91150105MA0N000008") -> Assessor:
    """An assessor of the register, the same at every call."""
    row, _created = Assessor.objects.get_or_create(
        uscc=code, defaults={"name": name, "accreditation": "CNAS-001", "registered_at": ANNOUNCED_AT}
    )
    return row


def proven_centre(partner: Any = None, *, mlps_until: date | None = date(2027, 3, 14), **fields: Any) -> DataCentre:
    """A data centre with MLPS level 3 and a measured PUE of 1.31, both verified."""
    centre = factories.data_centre(partner or factories.hongshan(), **fields)
    document(centre, "mlps", "3", valid_until=mlps_until)
    document(centre, "pue", "1.31")
    return centre


def announce(rules: list[dict[str, Any]] | None = None, *, now: datetime = ANNOUNCED_AT) -> CriteriaSet:
    return operations.announce_criteria(
        title="推荐目录准入条件",
        title_en="Criteria of the recommended catalogue",
        source="示例办法第三条",
        rules=rules or RULES,
        effective_date=periods.civil_date(now) + timedelta(days=7),
        actor=officer(),
        now=now,
    )


def open_edition(criteria_set: CriteriaSet, *, now: datetime = OPENED_AT) -> Edition:
    return operations.open_edition(
        criteria_version=criteria_set.version,
        period_start_date=date(2026, 9, 1),
        period_end_date=date(2027, 12, 31),
        actor=officer(),
        now=now,
    )


def sign(edition: Edition, *, now: datetime = PUBLISHED_AT) -> None:
    operations.send_to_sign(edition_id=edition.pk, actor=officer(), now=now)
    operations.sign(edition_id=edition.pk, role="officer", actor=officer(), now=now)
    operations.sign(edition_id=edition.pk, role="operator", actor=operator(), now=now)


def publish(
    criteria_set: CriteriaSet | None = None, *, opened: datetime = OPENED_AT, now: datetime = PUBLISHED_AT
) -> Edition:
    """An edition with all that meets the criteria, signed and published."""
    edition = open_edition(criteria_set or announce(), now=opened)
    sign(edition, now=now)
    return publication.publish_edition(edition_id=edition.pk, actor=officer(), now=now)
