"""Reads: the edition in force, every edition before it, candidates, and what is about to lapse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from listings import wording as listing_words
from listings.models import CriteriaSet, Edition, EditionEntry, Product, Signature
from listings.recommended import criteria, facts, wording
from listings.recommended.operations import NoSuchEdition
from marketplace.organisations.models import User

PAGE_SIZE: Final = 100
NOTICE_DAYS: Final = (7, 30, 60)
SERVICE_MODELS: Final = dict(Product.ServiceModel.choices)
TABS: Final = ("included", "excluded", "fails")
_NUMBERED: Final = (Edition.State.PUBLISHED, Edition.State.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion of one entry, in words."""

    short: str
    rule: str
    met: bool
    value: str
    evidence: str
    sentence: str
    result: dict[str, Any]

    @property
    def document_number(self) -> str:
        """The number of the document it stands on, "" without one."""
        return (self.result["evidence"] or {}).get("number", "")

    @property
    def holds_until(self) -> date | None:
        """The last day on which it holds, None if nothing lapses."""
        text = self.result["holds_until"]
        return date.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as pages and files show it."""

    entry: EditionEntry
    title: str
    category: str
    service_model: str
    checks: tuple[Check, ...]
    left_reason: str
    address: str

    @property
    def code(self) -> str:
        return str(self.entry.shown["code"])

    @property
    def provider(self) -> str:
        return str(self.entry.shown["provider"])

    @property
    def data_centre(self) -> str:
        return str(self.entry.shown["data_centre"])

    @property
    def county(self) -> str:
        return str(self.entry.shown["county"])


@dataclass(frozen=True, slots=True)
class EditionFigures:
    """How many entries an edition has, how many left it, from how many providers."""

    entries: int
    left: int
    providers: int


@dataclass(frozen=True, slots=True)
class Change:
    """One offering that differs between an edition and the one before: its rows there and here."""

    before: EntryRow | None
    after: EntryRow | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """An edition beside the one before: what came, what went, what is judged otherwise, what stayed."""

    edition: Edition
    before: Edition
    entered: tuple[Change, ...]
    left: tuple[Change, ...]
    changed: tuple[Change, ...]
    same: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Why an offering carries the badge: the edition in force, its entry, since when."""

    edition: Edition
    row: EntryRow


@dataclass(frozen=True, slots=True)
class Lapse:
    """An entry of the edition in force that leaves after `last_date` unless `kind` is renewed."""

    row: EntryRow
    short: str
    evidence: str
    last_date: date
    days: int


def edition_in_force() -> Edition | None:
    """The edition that the badges stand on."""
    return _editions().filter(state=Edition.State.PUBLISHED).first()


def get_edition(*, number: str) -> Edition:
    """A published edition, in force or not, by its number. Raises NoSuchEdition."""
    edition = _editions().filter(number=number).first()
    if edition is None:
        raise NoSuchEdition
    return edition


def get_edition_in_preparation(*, edition_id: int) -> Edition:
    """Any edition by its id, for those who prepare it. Raises NoSuchEdition."""
    edition = _editions().filter(pk=edition_id).first()
    if edition is None:
        raise NoSuchEdition
    return edition


def list_editions() -> list[Edition]:
    """Published editions, the newest first, each with `entry_count` and `left_count`."""
    return list(_counted(_editions().filter(state__in=_NUMBERED)).order_by("-published_at", "-pk"))


def list_editions_in_preparation() -> list[Edition]:
    """Drafts and those being signed, with `candidate_count` and `entry_count`."""
    found = _counted(_editions().exclude(state__in=_NUMBERED))
    return list(found.annotate(candidate_count=Count("entries")).order_by("pk"))


def list_criteria_sets() -> list[CriteriaSet]:
    """All criteria sets, the newest first."""
    return list(CriteriaSet.objects.select_related("announced_by").order_by("-version"))


def criteria_in_force(*, on: date) -> CriteriaSet | None:
    """The set that holds on a day: the last one that has taken effect."""
    return CriteriaSet.objects.filter(effective_date__lte=on).order_by("-effective_date", "-version").first()


def count_entries(*, edition: Edition) -> EditionFigures:
    """The figures of an edition; one query."""
    found = _included(edition).aggregate(
        entries=Count("pk", filter=Q(left_date=None)),
        left=Count("pk", filter=Q(left_date__isnull=False)),
        providers=Count("product__partner", filter=Q(left_date=None), distinct=True),
    )
    return EditionFigures(**found)


def list_entries(*, edition: Edition, page: int | str = 1) -> Page[EntryRow]:
    """Entries that are in, by service type, category and code, a hundred a page."""
    return _paginate(_included(edition).filter(left_date=None), edition, page)


def all_entries(*, edition: Edition) -> list[EntryRow]:
    """Every entry an edition was published with, those that left at the end: what files and the API show."""
    rows = _included(edition).order_by("left_date", *_ORDER)
    return [
        write_row(entry=entry, edition=edition) for entry in sorted(rows, key=lambda one: one.left_date is not None)
    ]


def list_left(*, edition: Edition) -> list[EntryRow]:
    """Entries that left, the latest first."""
    rows = _included(edition).filter(left_date__isnull=False).order_by("-left_date", *_ORDER)
    return [write_row(entry=entry, edition=edition) for entry in rows]


def count_candidates(*, edition: Edition) -> dict[str, int]:
    """How many candidates are included, left out though they meet, and fail; one query."""
    return edition.entries.aggregate(
        included=Count("pk", filter=Q(decision="included")),
        excluded=Count("pk", filter=Q(decision="excluded", meets=True)),
        fails=Count("pk", filter=Q(meets=False)),
    )


def list_candidates(*, edition: Edition, tab: str = "included", page: int | str = 1) -> Page[EntryRow]:
    """Candidates of one tab: included, excluded (though they meet), fails."""
    conditions = {
        "included": Q(decision="included"),
        "excluded": Q(decision="excluded", meets=True),
        "fails": Q(meets=False),
    }
    found = edition.entries.filter(conditions[tab]).select_related("product", "decided_by")
    return _paginate(found, edition, page)


def list_signatures(*, edition: Edition) -> list[Signature]:
    """Signatures that stand, in order."""
    return list(edition.signatures.filter(voided_at=None).select_related("user").order_by("pk"))


def may_sign_as(*, edition: Edition, user_id: int | None, roles: frozenset[str]) -> list[str]:
    """The roles a person may sign this edition in now; none if they have signed or it is not being signed."""
    if (
        edition.state != Edition.State.SIGNING
        or edition.signatures.filter(voided_at=None, user_id=user_id or 0).exists()
    ):
        return []
    return [role for role in Signature.Role.values if role in roles]


def compare_with_before(*, edition: Edition) -> Comparison | None:
    """An edition beside the one it superseded, as both were published; None for the first."""
    before = edition.supersedes
    if before is None:
        return None
    old = {row.entry.product_id: row for row in all_entries(edition=before)}
    new = {row.entry.product_id: row for row in all_entries(edition=edition)}
    shared = [
        Change(before=old[pk], after=row, words=_differences(old[pk], row)) for pk, row in new.items() if pk in old
    ]
    return Comparison(
        edition=edition,
        before=before,
        entered=tuple(Change(before=None, after=row) for pk, row in new.items() if pk not in old),
        left=tuple(
            Change(before=row, after=None, words=_why_gone(row, edition)) for pk, row in old.items() if pk not in new
        ),
        changed=tuple(change for change in shared if change.words),
        same=sum(1 for change in shared if not change.words),
    )


def recommendation_of(*, product_id: int) -> Recommendation | None:
    """The entry that gives an offering its badge; None if it has none. One query."""
    entry = (
        EditionEntry.objects.filter(
            product=product_id,
            edition__state=Edition.State.PUBLISHED,
            decision=EditionEntry.Decision.INCLUDED,
            left_date=None,
        )
        .select_related("edition__criteria_set", "product")
        .first()
    )
    if entry is None:
        return None
    return Recommendation(edition=entry.edition, row=write_row(entry=entry, edition=entry.edition))


def list_lapses(*, on: date, within_days: int = 60) -> list[Lapse]:
    """Entries in force whose evidence, as it is now, stops holding within so many days; the most urgent first."""
    edition = edition_in_force()
    if edition is None:
        return []
    entries = {entry.product_id: entry for entry in _included(edition).filter(left_date=None)}
    found = []
    for candidate in facts.read_candidates(on=on, product_ids=list(entries)):
        results = candidate.judge(edition.criteria_set.criteria)
        last = criteria.holds_until(results)
        if last is None or last > on + timedelta(days=within_days):
            continue
        first = next(one for one in results if one.holds_until == last)
        stored = criteria.to_json(first)
        found.append(
            Lapse(
                row=write_row(entry=entries[candidate.product.pk], edition=edition),
                short=wording.write_short(stored),
                evidence=wording.write_evidence(stored),
                last_date=last,
                days=(last - on).days,
            )
        )
    return sorted(found, key=lambda one: (one.last_date, one.row.code))


def write_row(*, entry: EditionEntry, edition: Edition) -> EntryRow:
    """An entry in the reader's language."""
    shown = entry.shown
    rules = {one["kind"]: one for one in edition.criteria_set.criteria}
    return EntryRow(
        entry=entry,
        title=listing_words.choose(shown["title"], shown["title_en"]),
        category=listing_words.choose(shown["category"], shown["category_en"]),
        service_model=str(SERVICE_MODELS.get(shown["service_model"], shown["service_model"])),
        checks=tuple(_check(result, rules[result["kind"]]) for result in entry.evaluation),
        left_reason=wording.write_left(entry.left_reason),
        address=entry.product.get_absolute_url() if entry.product.state == Product.State.PUBLISHED else "",
    )


def signer_names(*, edition: Edition) -> list[tuple[str, str]]:
    """Who signed, as (role, name)."""
    return [(row.get_role_display(), _name(row.user)) for row in list_signatures(edition=edition)]


def _name(user: User) -> str:
    return user.get_full_name()


def _check(result: dict[str, Any], rule: dict[str, Any]) -> Check:
    return Check(
        short=wording.write_short(rule),
        rule=wording.write_rule(rule),
        met=result["met"],
        value=wording.write_value(result),
        evidence=wording.write_evidence(result),
        sentence=wording.write_sentence(result),
        result=result,
    )


def _differences(before: EntryRow, after: EntryRow) -> tuple[str, ...]:
    """What is judged otherwise, or stands on another document: "MLPS: level 2 → level 3"."""
    old = {check.result["kind"]: check for check in before.checks}
    words = [
        f"{check.short}: {old[check.result['kind']].sentence} → {check.sentence}"
        for check in after.checks
        if check.result["kind"] in old and check.sentence != old[check.result["kind"]].sentence
    ]
    if before.entry.version_number != after.entry.version_number:
        words.insert(0, f"v{before.entry.version_number} → v{after.entry.version_number}")
    return tuple(words)


def _why_gone(row: EntryRow, edition: Edition) -> tuple[str, ...]:
    """Why an offering of the edition before is not in this one: it left already, fails, or was left out."""
    if row.left_reason:
        return (row.left_reason,)
    entry = edition.entries.filter(product=row.entry.product_id).first()
    if entry is None:
        return (wording.write_left({"code": row.entry.product.state}),)
    if entry.note and entry.meets:
        return (entry.note,)
    return tuple(
        f"{check.short}: {check.sentence}" for check in write_row(entry=entry, edition=edition).checks if not check.met
    )


_ORDER: Final = ("shown__service_model", "product__main_category__path", "shown__code")


def _editions() -> QuerySet[Edition]:
    return Edition.objects.select_related("criteria_set", "supersedes__criteria_set", "published_by")


def _counted(editions: QuerySet[Edition]) -> QuerySet[Edition]:
    included = Q(entries__decision=EditionEntry.Decision.INCLUDED)
    return editions.annotate(
        entry_count=Count("entries", filter=included),
        left_count=Count("entries", filter=included & Q(entries__left_date__isnull=False)),
    )


def _included(edition: Edition) -> QuerySet[EditionEntry]:
    return edition.entries.filter(decision=EditionEntry.Decision.INCLUDED).select_related("product")


def _paginate(entries: QuerySet[EditionEntry], edition: Edition, page: int | str) -> Page[EntryRow]:
    paginator = Paginator(entries.order_by(*_ORDER), PAGE_SIZE)
    found: Page[Any] = paginator.get_page(page)
    rows: Sequence[EntryRow] = [write_row(entry=entry, edition=edition) for entry in found.object_list]
    found.object_list = rows
    return found
