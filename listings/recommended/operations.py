"""Writes: criteria are announced; editions are opened, decided and signed. `publication` publishes them.

Every write of an edition locks its row first, so that a decision, a signature and the publication wait for each other.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from billing.rules import periods
from listings.models import CriteriaSet, Edition, EditionEntry, Signature
from listings.recommended import criteria, entries, facts
from listings.recommended.models import DAYS_OF_NOTICE
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

LONGEST_NOTE: Final = 300


class NoSuchCriteria(errors.NotFound):
    """No criteria set has this version."""


class NoSuchEdition(errors.NotFound):
    """No edition has this id."""


class NoSuchEntry(errors.NotFound):
    """The edition has no such entry."""


class TooSoon(errors.Refused):
    """Criteria would take effect less than seven days after their announcement."""


class InvalidPeriod(errors.Refused):
    """The period an edition is meant for ends before it begins, or is over."""


class InvalidAnnouncement(errors.Refused):
    """A criteria set without a title or a source."""


class OpenAlready(errors.Conflict):
    """An edition with these criteria is being prepared already."""


class AnnouncedMeanwhile(errors.Conflict):
    """Two people announced the next version at once; versions follow one another."""


class NotOpen(errors.Conflict):
    """The edition is published: nothing of it is decided or signed any more."""


class NotSentToSign(errors.Conflict):
    """A draft is signed only after it was sent to be signed."""


class FailsCriterion(errors.Conflict):
    """A candidate that does not meet the criteria cannot be included, whoever wishes it."""


class NoteMissing(errors.Refused):
    """A decision against the evaluation needs its reason."""


class NothingIncluded(errors.Conflict):
    """An edition without an entry recommends nothing."""


class SignedAlready(errors.Conflict):
    """Nobody signs twice."""


class CannotSign(errors.Refused):
    """The person does not have the role they would sign in."""


@transaction.atomic
def announce_criteria(
    *,
    title: str,
    title_en: str = "",
    source: str,
    rules: Sequence[Mapping[str, Any]],
    effective_date: date,
    actor: actors.Actor,
    now: datetime,
) -> CriteriaSet:
    """Announce the next version of the criteria, in force from `effective_date`, at least seven days ahead.

    Raises TooSoon, InvalidAnnouncement, criteria.InvalidCriteria, PermissionDenied (needs `recommended.edit`).
    """
    actor.require("recommended.edit")
    announced = periods.civil_date(now)
    if effective_date < announced + timedelta(days=DAYS_OF_NOTICE):
        raise TooSoon(
            _("Criteria are announced at least seven days ahead: choose %(day)s or later.")
            % {"day": (announced + timedelta(days=DAYS_OF_NOTICE)).isoformat()},
            field="effective_date",
        )
    for field, text in (("title", title), ("source", source)):
        if not text.strip():
            raise InvalidAnnouncement(_("This must not be empty."), field=field)
    checked = criteria.check_criteria(rules)
    last = CriteriaSet.objects.aggregate(last=Max("version"))["last"] or 0
    try:
        with transaction.atomic():
            announced_set = CriteriaSet.objects.create(
                version=last + 1,
                title=title.strip(),
                title_en=title_en.strip(),
                source=source.strip(),
                criteria=checked,
                announced_at=now,
                announced_date=announced,
                effective_date=effective_date,
                announced_by_id=actor.user_id,
            )
    except IntegrityError as error:
        raise AnnouncedMeanwhile(_("Another criteria set was announced at this moment. Look at it first.")) from error
    _note("criteria.announced", "criteria_set", announced_set.version, actor=actor, now=now)
    return announced_set


@transaction.atomic
def open_edition(
    *, criteria_version: int, period_start_date: date, period_end_date: date, actor: actors.Actor, now: datetime
) -> Edition:
    """Begin an edition: every published offering becomes a candidate and is evaluated; those that meet are in.

    Raises NoSuchCriteria, InvalidPeriod, OpenAlready, PermissionDenied (needs `recommended.edit`).
    """
    actor.require("recommended.edit")
    chosen = CriteriaSet.objects.filter(version=criteria_version).first()
    if chosen is None:
        raise NoSuchCriteria
    if period_end_date < period_start_date or period_end_date < periods.civil_date(now):
        raise InvalidPeriod(_("The period ends before it begins, or it is over."), field="period_end_date")
    try:
        with transaction.atomic():
            edition = Edition.objects.create(
                criteria_set=chosen,
                period_start_date=period_start_date,
                period_end_date=period_end_date,
                opened_at=now,
                opened_by_id=actor.user_id,
                evaluated_at=now,
            )
    except IntegrityError as error:
        raise OpenAlready(
            _("An edition with these criteria is being prepared already. Go on with that one."), field="criteria"
        ) from error
    found = facts.read_candidates(on=periods.civil_date(now))
    count = entries.write_entries(edition=edition, candidates=found, kept={})
    _note("edition.opened", "edition", edition.pk, actor=actor, now=now, details={"candidates": count})
    return edition


@transaction.atomic
def evaluate_again(*, edition_id: int, actor: actors.Actor, now: datetime) -> Edition:
    """Evaluate all offerings as they are now; what an officer left out stays out. Signatures are void.

    Raises NoSuchEdition, NotOpen, PermissionDenied (needs `recommended.edit`).
    """
    actor.require("recommended.edit")
    edition = lock_open(edition_id=edition_id)
    kept = {entry.product_id: entry for entry in edition.entries.all()}
    edition.entries.all().delete()
    found = facts.read_candidates(on=periods.civil_date(now))
    entries.write_entries(edition=edition, candidates=found, kept=kept)
    edition.evaluated_at = now
    edition.save(update_fields=["evaluated_at"])
    _void_signatures(edition, now=now)
    _note("edition.evaluated", "edition", edition.pk, actor=actor, now=now)
    return edition


def include(*, edition_id: int, product_id: int, note: str, actor: actors.Actor, now: datetime) -> EditionEntry:
    """Take a candidate in that was left out. Raises FailsCriterion, NoSuchEntry, NotOpen, NoteMissing."""
    return _decide(
        edition_id=edition_id,
        product_id=product_id,
        decision=EditionEntry.Decision.INCLUDED,
        note=note,
        actor=actor,
        now=now,
    )


def exclude(*, edition_id: int, product_id: int, note: str, actor: actors.Actor, now: datetime) -> EditionEntry:
    """Leave out a candidate that meets the criteria; the note says why. Raises NoSuchEntry, NotOpen, NoteMissing."""
    return _decide(
        edition_id=edition_id,
        product_id=product_id,
        decision=EditionEntry.Decision.EXCLUDED,
        note=note,
        actor=actor,
        now=now,
    )


@transaction.atomic
def _decide(
    *, edition_id: int, product_id: int, decision: str, note: str, actor: actors.Actor, now: datetime
) -> EditionEntry:
    actor.require("recommended.edit")
    note = note.strip()
    if not note or len(note) > LONGEST_NOTE:
        raise NoteMissing(_("Say why, in at most %(most)s characters.") % {"most": LONGEST_NOTE}, field="note")
    edition = lock_open(edition_id=edition_id)
    entry = edition.entries.filter(product_id=product_id).first()
    if entry is None:
        raise NoSuchEntry
    if decision == EditionEntry.Decision.INCLUDED and not entry.meets:
        raise FailsCriterion(
            _("%(title)s does not meet every criterion and cannot be included.") % {"title": entry.shown["title"]}
        )
    entry.decision, entry.note, entry.decided_by_id, entry.decided_at = decision, note, actor.user_id, now
    entry.save(update_fields=["decision", "note", "decided_by", "decided_at"])
    _void_signatures(edition, now=now)
    _note(
        f"edition.{decision}",
        "edition",
        edition.pk,
        actor=actor,
        now=now,
        details={"offering": entry.shown["code"], "note": note},
    )
    return entry


@transaction.atomic
def send_to_sign(*, edition_id: int, actor: actors.Actor, now: datetime) -> Edition:
    """The officer is done: the edition waits for signatures. Sending twice changes nothing.

    Raises NothingIncluded, NotOpen, NoSuchEdition, PermissionDenied (needs `recommended.edit`).
    """
    actor.require("recommended.edit")
    edition = lock_open(edition_id=edition_id)
    if edition.state == Edition.State.SIGNING:
        return edition
    if not edition.entries.filter(decision=EditionEntry.Decision.INCLUDED).exists():
        raise NothingIncluded(_("No candidate is included. An edition recommends at least one offering."))
    edition.state = Edition.State.SIGNING
    edition.save(update_fields=["state"])
    _note("edition.sent", "edition", edition.pk, actor=actor, now=now)
    return edition


@transaction.atomic
def sign(*, edition_id: int, role: str, actor: actors.Actor, now: datetime) -> Signature:
    """Sign the entries as they stand, in one of one's roles: officer, operator or owner.

    Raises NotSentToSign, NotOpen, SignedAlready, CannotSign, PermissionDenied (needs `recommended.sign`).
    """
    actor.require("recommended.sign")
    if actor.user_id is None or role not in actor.roles or role not in Signature.Role.values:
        raise CannotSign(_("You can sign only in a role that you have: officer, operator or owner."), field="role")
    edition = lock_open(edition_id=edition_id)
    if edition.state != Edition.State.SIGNING:
        raise NotSentToSign(_("The officer has not sent this edition to be signed yet."))
    try:
        with transaction.atomic():
            signature = Signature.objects.create(
                edition=edition,
                user_id=actor.user_id,
                role=role,
                digest=entries.digest(edition=edition),
                signed_at=now,
            )
    except IntegrityError as error:
        raise SignedAlready(_("You have signed this edition. A second person signs beside you.")) from error
    _note("edition.signed", "edition", edition.pk, actor=actor, now=now, details={"role": role})
    return signature


def lock_edition(*, edition_id: int) -> Edition:
    """The edition, locked until the caller's transaction ends. Raises NoSuchEdition."""
    edition = (
        Edition.objects.select_for_update(of=("self",)).select_related("criteria_set").filter(pk=edition_id).first()
    )
    if edition is None:
        raise NoSuchEdition
    return edition


def lock_open(*, edition_id: int) -> Edition:
    """The same, of an edition that is not published. Raises NoSuchEdition, NotOpen."""
    edition = lock_edition(edition_id=edition_id)
    if edition.number is not None:
        raise NotOpen(
            _("Edition %(number)s is published and stays as it is. Open a new edition.") % {"number": edition.number}
        )
    return edition


def _void_signatures(edition: Edition, *, now: datetime) -> None:
    """What was signed has changed: back to the draft, and everyone signs anew."""
    edition.signatures.filter(voided_at=None).update(voided_at=now)
    if edition.state == Edition.State.SIGNING:
        edition.state = Edition.State.DRAFT
        edition.save(update_fields=["state"])


def _note(
    action: str, subject: str, pk: object, *, actor: actors.Actor, now: datetime, details: dict[str, Any] | None = None
) -> None:
    organisations.record(actor=actor, action=action, object_type=subject, object_id=pk, now=now, details=details)
