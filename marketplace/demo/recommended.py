"""Evidence, criteria and two editions of the recommended catalogue, by the people of the sample world.

The days of demo.json are meant for a world that opens in September 2026; a later opening moves them by whole months,
so that what was valid stays valid. The assessors and what they found are invented.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from billing.rules import periods
from billing.rules.periods import SHANGHAI, Month
from listings.models import CriteriaSet, Edition
from listings.recommended import operations, publication, queries
from marketplace.demo import proof
from marketplace.demo import world as worlds
from marketplace.demo.world import World
from marketplace.organisations import actors
from marketplace.organisations import queries as organisations
from providers.evidence import operations as evidence
from providers.models import Assessor, DataCentre, Evidence

MEANT_FOR: Final = Month(2026, 9)
SOURCE: Final = "示例·赤峰云资源交易中心《推荐目录管理办法》第六条"
NOT_APPLIED: Final = "供应方未申报本期推荐目录"
# Third-party assessments: data centre → days from today on which they lapse (None: only by their age).
ASSESSED: Final[Mapping[str, int | None]] = {
    "DC01": None, "DC02": None, "DC03": 52, "DC04": None, "DC06": 26, "DC08": -9, "DC13": 5,
}  # fmt: skip
SEEN_LATER: Final = {"DC13"}  # documents that the platform looked at only after the first edition
NEVER_SEEN: Final = {"DC14", "DC15"}  # and those that still wait

FIRST_RULES: Final[list[dict[str, Any]]] = [
    {"kind": "data_centre_operating"},
    {"kind": "mlps_at_least", "level": 2},
    {"kind": "measured_pue_below", "limit": "1.5", "months": 18},
    {"kind": "sla_at_least", "percent": "99.9"},
    {"kind": "prices_complete"},
]
SECOND_RULES: Final[list[dict[str, Any]]] = [
    {"kind": "data_centre_operating"},
    {"kind": "mlps_at_least", "level": 3},
    {"kind": "measured_pue_below", "limit": "1.5", "months": 18},
    {"kind": "assessment_not_older_than", "months": 24},
    {"kind": "sla_at_least", "percent": "99.9"},
    {"kind": "prices_complete"},
    {"kind": "exit_terms_present"},
]


@dataclass(frozen=True, slots=True)
class Committee:
    """Those who act for the platform."""

    officer: actors.Actor
    operator: actors.Actor


def begin(*, world: World, opening: datetime, today: datetime) -> None:
    """Evidence is recorded and verified, the first criteria are announced, and the first edition is published."""
    committee = _committee()
    claims = _record_all(world=world, opening=opening, today=today)
    _verify(claims, leave_out=SEEN_LATER | NEVER_SEEN, committee=committee, at=opening + timedelta(hours=4))
    rules = _announce(
        "推荐目录准入条件（第一版）", "Criteria, first version", FIRST_RULES, committee=committee, at=opening
    )
    _publish(rules, committee=committee, at=opening + timedelta(days=10), months=6)


def go_on(*, today: datetime) -> None:
    """Stricter criteria, the second edition, and what has lapsed since. Runs after the sample months."""
    committee = _committee()
    month = Month.of(today).previous()
    announced = _at(month.first_date + timedelta(days=2))
    seen_later = Evidence.objects.filter(status="claimed", data_centre__code__in=SEEN_LATER)
    _verify(seen_later, leave_out=set(), committee=committee, at=announced)
    rules = _announce(
        "推荐目录准入条件（第二版）", "Criteria, second version", SECOND_RULES, committee=committee, at=announced
    )
    published = announced + timedelta(days=10)
    _publish(rules, committee=committee, at=published, months=6)
    lapsed = min(days for days in ASSESSED.values() if days is not None)
    publication.drop_lapsed(now=max(published, today + timedelta(days=lapsed + 1)), limit=100)


def _committee() -> Committee:
    return Committee(officer=_log_in("officer@demo.example"), operator=_log_in("operator@demo.example"))


def _log_in(email: str) -> actors.Actor:
    user = organisations.find_user(email=email)
    if user is None:
        raise LookupError(f"{email} is not among the people of the demo")
    return organisations.find_actor(user=user, organisation_id=None)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=SHANGHAI).astimezone(UTC)


def _record_all(*, world: World, opening: datetime, today: datetime) -> list[Evidence]:
    """The documents of all data centres, each recorded by its provider."""
    data = worlds.read_data()
    moved = proof.months_moved(opening, meant_for=MEANT_FOR)
    owners = {code: _log_in(f"owner-{code.lower()}@demo.example") for code in world.partners}
    assessor = proof.register_assessor(actor=_committee().operator, now=opening)
    claims = []
    for row in data["data_centres"]:
        centre, owner = world.data_centres[row["id"]], owners[row["operator"]]
        common: dict[str, Any] = {"actor": owner, "now": opening}
        if row["mlps_filed"] and row["mlps_last_assessed"]:
            assessed = proof.moved_day(row["mlps_last_assessed"], moved=moved)
            claims.append(proof.assess(centre=centre, row=row, assessed=assessed, assessor=assessor, **common))
        if row["pue_trailing_12m"]:
            measured = proof.moved_day(row["pue_measured_to"], moved=moved)
            claims.append(proof.meter(centre=centre, row=row, measured=measured, **common))
            proof.go_on_metering(centre=centre, actor=owner, now=today)
        if row["id"] in ASSESSED:
            claims.append(_assess(row["id"], centre, moved=moved, today=today, assessor=assessor, **common))
    return claims


def _assess(
    code: str,
    centre: DataCentre,
    *,
    moved: int,
    today: datetime,
    assessor: Assessor,
    actor: actors.Actor,
    now: datetime,
) -> Evidence:
    """The third-party assessment of one data centre."""
    day, lapses, number = periods.add_months(date(2026, 5, 20), moved), ASSESSED[code], f"DEMO-PG-{code}"
    return evidence.record_evidence(
        kind="assessment",
        partner=centre.partner,
        data_centre=centre,
        assessor=assessor,
        signed_by=proof.SIGNED_BY,
        document_number=number,
        document=proof.keep_document(kind="assessment", number=number, partner=centre.partner, actor=actor, now=now),
        issued_date=day,
        valid_from=day,
        valid_until=None if lapses is None else periods.civil_date(today) + timedelta(days=lapses),
        actor=actor,
        now=now,
    )


def _verify(claims: Iterable[Evidence], *, leave_out: set[str], committee: Committee, at: datetime) -> None:
    for claim in claims:
        if claim.data_centre is None or claim.data_centre.code not in leave_out:
            evidence.verify_evidence(evidence_id=claim.pk, actor=committee.operator, now=at)


def _announce(
    title: str, title_en: str, rules: list[dict[str, Any]], *, committee: Committee, at: datetime
) -> CriteriaSet:
    return operations.announce_criteria(
        title=title,
        title_en=title_en,
        source=SOURCE,
        rules=rules,
        effective_date=periods.civil_date(at) + timedelta(days=8),
        actor=committee.officer,
        now=at,
    )


def _publish(rules: CriteriaSet, *, committee: Committee, at: datetime, months: int) -> Edition:
    """Open, leave out who did not apply, sign by two, publish."""
    applied = {row["id"] for row in worlds.read_data()["offerings"] if row["recommended_catalogue"]}
    first = periods.civil_date(at)
    edition = operations.open_edition(
        criteria_version=rules.version,
        period_start_date=first,
        period_end_date=periods.add_months(first, months),
        actor=committee.officer,
        now=at,
    )
    for row in queries.all_entries(edition=edition):
        if row.code not in applied:
            operations.exclude(
                edition_id=edition.pk,
                product_id=row.entry.product_id,
                note=NOT_APPLIED,
                actor=committee.officer,
                now=at,
            )
    operations.send_to_sign(edition_id=edition.pk, actor=committee.officer, now=at)
    operations.sign(edition_id=edition.pk, role="officer", actor=committee.officer, now=at + timedelta(minutes=20))
    operations.sign(edition_id=edition.pk, role="operator", actor=committee.operator, now=at + timedelta(hours=1))
    return publication.publish_edition(edition_id=edition.pk, actor=committee.officer, now=at + timedelta(hours=2))
