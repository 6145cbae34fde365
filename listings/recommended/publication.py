"""Writes: an edition is published, and entries leave the one in force by themselves.

Both write `Product.is_recommended` in their own transaction; nothing else does.
"""

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.rules import periods
from listings.models import CriteriaSet, Edition, EditionEntry, EditionSeries, Product
from listings.recommended import criteria, entries, facts, operations
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

CLOCK: Final = actors.Actor(user_name="pipeline")
OFFICER: Final = "officer"
COUNTERSIGNERS: Final = ("operator", "owner")


class NotInForce(errors.Conflict):
    """An edition may be published only with the criteria that are in force."""


class AlreadyPublished(errors.Conflict):
    """The edition was published a moment ago, or long since."""


class SignaturesMissing(errors.Conflict):
    """An officer and, beside them, an operator or the owner have not both signed."""


class OutOfDate(errors.Conflict):
    """Something changed since the candidates were evaluated."""


@transaction.atomic
def publish_edition(*, edition_id: int, actor: actors.Actor, now: datetime) -> Edition:
    """Give the edition its number and put it in force in place of the one before; the badges follow at once.

    Raises AlreadyPublished, SignaturesMissing, NotInForce, OutOfDate, NoSuchEdition, PermissionDenied
    (needs `recommended.edit`).
    """
    actor.require("recommended.edit")
    today = periods.civil_date(now)
    series = _lock_series(today.year)  # the publications of all editions wait for each other here
    edition = operations.lock_edition(edition_id=edition_id)
    if edition.number is not None:
        raise AlreadyPublished(_("This edition is published already, as %(number)s.") % {"number": edition.number})
    in_force = CriteriaSet.objects.filter(effective_date__lte=today).order_by("-effective_date", "-version").first()
    if in_force is None or in_force.pk != edition.criteria_set_id:
        raise NotInForce(
            _("The criteria of this edition (version %(version)s) are not those in force on %(day)s.")
            % {"version": edition.criteria_set.version, "day": today.isoformat()}
        )
    _require_signatures(edition)
    _require_up_to_date(edition, on=today)
    before = Edition.objects.select_for_update().filter(state=Edition.State.PUBLISHED).first()
    _date_entries(edition, before=before, today=today)
    if before is not None:
        before.state, before.superseded_at = Edition.State.SUPERSEDED, now
        before.save(update_fields=["state", "superseded_at"])
    series.last += 1
    series.save(update_fields=["last"])
    edition.number = f"TJ-{series.year}-{series.last:02d}"
    edition.state, edition.supersedes = Edition.State.PUBLISHED, before
    edition.published_at, edition.published_by_id = now, actor.user_id
    edition.save(update_fields=["number", "state", "supersedes", "published_at", "published_by"])
    recommended = edition.entries.filter(decision=EditionEntry.Decision.INCLUDED).values("product")
    Product.objects.filter(is_recommended=True).exclude(pk__in=recommended).update(is_recommended=False)
    Product.objects.filter(is_recommended=False, pk__in=recommended).update(is_recommended=True)
    _note("edition.published", "edition", edition.number, actor=actor, now=now)
    return edition


@transaction.atomic
def drop_lapsed(*, now: datetime, limit: int) -> int:
    """Take entries out of the edition in force that no longer meet its criteria, at most `limit`. Returns how many.

    Their evidence lapsed or was revoked, the offering left the catalogue, or its new version fails. Each leaves with
    a public reason and the day; the badge goes in the same transaction.
    """
    edition = Edition.objects.select_for_update().filter(state=Edition.State.PUBLISHED).first()
    if edition is None:
        return 0
    today = periods.civil_date(now)
    staying = list(edition.entries.filter(decision=EditionEntry.Decision.INCLUDED, left_date=None).order_by("id"))
    ids = [entry.product_id for entry in staying]
    found = {one.product.pk: one for one in facts.read_candidates(on=today, product_ids=ids)}
    states = dict(Product.objects.filter(pk__in=ids).exclude(pk__in=found).values_list("pk", "state"))
    left = 0
    for entry in staying:
        if left == limit:
            break
        entry.edition = edition
        candidate = found.get(entry.product_id)
        results = candidate.judge(edition.criteria_set.criteria) if candidate else []
        reason = entries.explain_leaving(
            entry=entry, candidate=candidate, state=states.get(entry.product_id, ""), results=results, on=today
        )
        if reason is None:
            continue
        entry.left_date, entry.left_reason = today, reason
        entry.save(update_fields=["left_date", "left_reason"])
        Product.objects.filter(pk=entry.product_id).update(is_recommended=False)
        details = {"offering": entry.shown["code"], "reason": reason["code"]}
        _note("edition.entry_left", "edition", edition.number, actor=CLOCK, now=now, details=details)
        left += 1
    return left


def _lock_series(year: int) -> EditionSeries:
    """The counter of a year. Its row stays locked until the commit, so that a rollback leaves no gap."""
    EditionSeries.objects.bulk_create([EditionSeries(year=year)], ignore_conflicts=True)
    return EditionSeries.objects.select_for_update().get(year=year)


def _require_signatures(edition: Edition) -> None:
    """Two people by constraint (nobody signs twice), one of them an officer, one an operator or the owner."""
    signed = set(
        edition.signatures.filter(voided_at=None, digest=entries.digest(edition=edition)).values_list("role", flat=True)
    )
    if OFFICER not in signed or not signed & set(COUNTERSIGNERS):
        raise SignaturesMissing(
            _("An officer and an operator (or the owner) sign before it is published: two different people.")
        )


def _require_up_to_date(edition: Edition, *, on: date) -> None:
    """Whatever is about to be recommended meets the criteria at this very moment."""
    included = dict(
        edition.entries.filter(decision=EditionEntry.Decision.INCLUDED).values_list("product_id", "version_number")
    )
    fit = {
        one.product.pk: one.product.version_number
        for one in facts.read_candidates(on=on, product_ids=list(included))
        if criteria.meets_all(one.judge(edition.criteria_set.criteria))
    }
    changed = [pk for pk, version in included.items() if fit.get(pk) != version]
    if changed:
        raise OutOfDate(
            _("%(count)s candidates changed since they were evaluated. Evaluate them again, then sign anew.")
            % {"count": len(changed)}
        )


def _date_entries(edition: Edition, *, before: Edition | None, today: date) -> None:
    """When each came in: the day of this edition, or for those that were in the one before, the day they have."""
    included = edition.entries.filter(decision=EditionEntry.Decision.INCLUDED)
    included.update(entered_date=today)
    if before is None:
        return
    since = before.entries.filter(entered_date__isnull=False, left_date=None).values_list("product_id", "entered_date")
    by_date: dict[date, list[int]] = {}
    for product_id, entered in since:
        if entered is not None:
            by_date.setdefault(entered, []).append(product_id)
    for entered, product_ids in by_date.items():
        included.filter(product_id__in=product_ids).update(entered_date=entered)


def _note(
    action: str, subject: str, pk: object, *, actor: actors.Actor, now: datetime, details: dict[str, Any] | None = None
) -> None:
    organisations.record(actor=actor, action=action, object_type=subject, object_id=pk, now=now, details=details)
