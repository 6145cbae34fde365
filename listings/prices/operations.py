"""Writes: price books, from draft over announced to in force and retired; public ones and one buyer's own."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from billing.rules import periods
from listings.models import Category, OfferingVersion, Plan, PlanTerm, PriceBook, PriceComponent, Product
from listings.prices import changes, drafts, normalised, pricing, queries
from listings.prices.drafts import ComponentDraft, InvalidPriceBook, PlanDraft
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import Organisation

__all__ = [
    "ComponentDraft",
    "InvalidPriceBook",
    "PlanDraft",
    "announce_price_book",
    "call_off_announcement",
    "draft_price_book",
    "drop_drafts",
    "negotiate_price_book",
    "publish_price_book",
    "put_due_books_in_force",
]

# A rule of the platform, in the spirit of article 34 of the E-Commerce Law (changes are made public 7 days ahead):
# what is listed becomes dearer only with notice. A lower price, and a buyer's own, need one day.
NOTICE_OF_INCREASE_DAYS: Final = 7
NOTICE_DAYS: Final = 1
MOST_NOTICE_DAYS: Final = 730
IN_REVIEW: Final = (OfferingVersion.State.SUBMITTED, OfferingVersion.State.IN_REVIEW)


class PriceBookNotDraft(errors.Conflict):
    """The version was published before; a new price is a new version."""


class PriceBookInReview(errors.Conflict):
    """A version of the offering waits for review with draft prices; they stay as they are until it is decided."""


class NotAnnounced(errors.Conflict):
    """Only an announced version can be called off."""


class TooEarly(errors.Refused):
    """A price is announced with less notice than the platform's rule asks for."""


class AnotherAnnounced(errors.Conflict):
    """One version waits already; it is called off before another one is announced."""


class IncreaseNotAnnounced(errors.Conflict):
    """A listed price would become dearer at once; it is announced ahead instead."""


class InvalidBasis(errors.Refused):
    """A buyer's own prices are negotiated or called off from a framework, for a buyer, and end after they begin."""


class NoSuchOffering(errors.NotFound):
    """The offering is not one of the actor's."""


@transaction.atomic
def draft_price_book(
    *, product: Product, plans: Sequence[PlanDraft], actor: actors.Actor, now: datetime, currency: str = "CNY"
) -> PriceBook:
    """Write the next version of an offering's list prices as a draft. Raises InvalidPriceBook, PriceBookInReview."""
    return _draft(PriceBook(product=product, currency=currency), plans=plans, actor=actor, now=now)


@transaction.atomic
def publish_price_book(*, price_book: PriceBook, actor: actors.Actor, now: datetime) -> PriceBook:
    """Put a draft in force: the version before it retires, and its contracts keep it.

    Raises PriceBookNotDraft, PriceBookInReview, InvalidPriceBook if a component cannot be computed, and
    IncreaseNotAnnounced if a published offering would become dearer without notice.
    """
    product, book = _lock_draft(price_book)
    if product.state == Product.State.PUBLISHED and _is_list_increase(book):
        raise IncreaseNotAnnounced(
            _("Version %(version)s raises a listed price. Announce it at least %(days)s days ahead instead.")
            % {"version": book.version, "days": NOTICE_OF_INCREASE_DAYS},
            field="effective_date",
        )
    _put_in_force(product=product, book=book, actor=actor, now=now)
    return book


@transaction.atomic
def announce_price_book(
    *, price_book: PriceBook, effective_date: date, actor: actors.Actor, now: datetime
) -> PriceBook:
    """Make a draft public as the price from 00:00 (Asia/Shanghai) of a later day on. Running contracts keep theirs.

    Raises NoSuchOffering for another provider's, PriceBookNotDraft, PriceBookInReview, InvalidPriceBook, TooEarly
    (field `effective_date`), AnotherAnnounced.
    """
    _require_own(price_book.product, actor)
    product, book = _lock_draft(price_book)
    _announce(product=product, book=book, effective_date=effective_date, actor=actor, now=now)
    return book


@transaction.atomic
def call_off_announcement(*, price_book: PriceBook, actor: actors.Actor, now: datetime) -> PriceBook:
    """Take an announced price back before its day; the price in force stays.

    Raises NoSuchOffering for another provider's offering, NotAnnounced.
    """
    _require_own(price_book.product, actor)
    product = Product.objects.select_for_update().get(pk=price_book.product_id)
    book = PriceBook.objects.select_for_update().get(pk=price_book.pk)
    if book.status != PriceBook.Status.ANNOUNCED:
        raise NotAnnounced(_("Version %(version)s is not announced.") % {"version": book.version})
    book.status = PriceBook.Status.RETIRED
    book.save(update_fields=["status"])
    _record("price_book.called_off", product=product, book=book, actor=actor, now=now)
    return book


@transaction.atomic
def negotiate_price_book(
    *,
    product: Product,
    organisation: Organisation,
    plans: Sequence[PlanDraft],
    basis: str,
    effective_date: date,
    valid_until: date | None,
    actor: actors.Actor,
    now: datetime,
    currency: str = "CNY",
) -> PriceBook:
    """Write the prices agreed with one buyer; nobody else sees them. From today on, or announced for a later day.

    Raises NoSuchOffering for another provider's offering, InvalidBasis, InvalidPriceBook, AnotherAnnounced.
    """
    if product.partner is None or product.partner.organisation_id != actor.organisation_id:
        raise NoSuchOffering(product.code)
    today = periods.civil_date(now)
    if basis not in (PriceBook.Basis.NEGOTIATED, PriceBook.Basis.FRAMEWORK):
        raise InvalidBasis(_("Say whether these prices are negotiated or called off a framework."), field="basis")
    if organisation.side != actors.BUYER:
        raise InvalidBasis(_("Prices are agreed with a buyer. Choose one."), field="organisation")
    if not today <= effective_date <= today + timedelta(days=MOST_NOTICE_DAYS):
        raise InvalidBasis(
            _("In force from: give today or a day within %(days)s days.") % {"days": MOST_NOTICE_DAYS},
            field="effective_date",
        )
    if valid_until is not None and valid_until < effective_date:
        raise InvalidBasis(_("Valid until: give a day that is not before the first one."), field="valid_until")
    book = _draft(
        PriceBook(
            product=product,
            currency=currency,
            organisation=organisation,
            basis=basis,
            effective_date=effective_date,
            valid_until=valid_until,
        ),
        plans=plans,
        actor=actor,
        now=now,
    )
    locked, book = _lock_draft(book)
    if effective_date <= today:
        _put_in_force(product=locked, book=book, actor=actor, now=now)
    else:
        _announce(product=locked, book=book, effective_date=effective_date, actor=actor, now=now)
    return book


def put_due_books_in_force(*, now: datetime, limit: int) -> int:
    """Put announced prices in force whose day has come, and retire buyers' own prices whose last day is over.

    Days are those of Asia/Shanghai. Returns the number of books touched, at most `limit`.
    """
    today = periods.civil_date(now)
    due = PriceBook.objects.filter(
        Q(status=PriceBook.Status.ANNOUNCED, effective_date__lte=today)
        | Q(status=PriceBook.Status.PUBLISHED, valid_until__lt=today)
    ).order_by("effective_date", "pk")
    return sum(_bring_up_to_date(pk=pk, today=today, now=now) for pk in due.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _bring_up_to_date(*, pk: int, today: date, now: datetime) -> int:
    """One due book; 0 if another worker was here first. Asked again once the offering is locked."""
    product = Product.objects.select_for_update().get(price_books=pk)
    book = PriceBook.objects.select_for_update().get(pk=pk)
    if book.valid_until is not None and book.valid_until < today:
        if book.status not in (PriceBook.Status.PUBLISHED, PriceBook.Status.ANNOUNCED):
            return 0
        book.status = PriceBook.Status.RETIRED
        book.save(update_fields=["status"])
        _record("price_book.expired", product=product, book=book, actor=actors.SYSTEM, now=now)
        return 1
    if book.status != PriceBook.Status.ANNOUNCED:
        return 0
    _put_in_force(product=product, book=book, actor=actors.SYSTEM, now=now)
    return 1


def _require_own(product: Product, actor: actors.Actor) -> None:
    """The offering is the acting provider's; the platform's operator acts for any. Raises NoSuchOffering."""
    partner = product.partner
    is_own = partner is not None and partner.organisation_id == actor.organisation_id
    if not (actor.side == actors.PROVIDER and is_own) and not actor.can("listings.review"):
        raise NoSuchOffering(product.code)


def _draft(book: PriceBook, *, plans: Sequence[PlanDraft], actor: actors.Actor, now: datetime) -> PriceBook:
    """Write a new draft with its plans, under the next number of its offering."""
    drafts.check_plans(plans=plans, currency=book.currency)
    Product.objects.select_for_update().get(pk=book.product_id)  # one version number at a time
    last = PriceBook.objects.filter(product=book.product_id).aggregate(last=Max("version"))["last"] or 0
    if book.organisation_id is None:
        _require_none_in_review(product_id=book.product_id)
        drop_drafts(product_ids=[book.product_id])
    book.version = last + 1
    book.save()
    for position, draft in enumerate(plans):
        row = Plan.objects.create(
            price_book=book, code=draft.code, name=draft.name, name_en=draft.name_en, position=position
        )
        PlanTerm.objects.bulk_create(
            PlanTerm(plan=row, months=months, discount=discount) for months, discount in sorted(draft.terms.items())
        )
        PriceComponent.objects.bulk_create(
            drafts.to_row(one=one, plan=row, position=place) for place, one in enumerate(draft.components)
        )
    _record("price_book.drafted", product=book.product, book=book, actor=actor, now=now)
    return book


def drop_drafts(*, product_ids: Sequence[int]) -> None:
    """Delete the drafts of list prices that a newer one replaces, so that one draft is left to come into force.

    One that a version was submitted with stays for those who read that version: retired, or, while the version waits
    for review, as it is. Call it in a transaction that has locked the offerings, after their last version number has
    been read.
    """
    books = PriceBook.objects.filter(product__in=product_ids, organisation=None, status=PriceBook.Status.DRAFT)
    versions = OfferingVersion.objects.filter(product__in=product_ids, price_book__isnull=False)
    waiting = versions.filter(state__in=IN_REVIEW).values("price_book")
    books.filter(submitted_at__isnull=False).exclude(pk__in=waiting).update(status=PriceBook.Status.RETIRED)
    ids = list(books.filter(submitted_at=None).values_list("pk", flat=True))
    if ids:
        versions.filter(price_book__in=ids).update(price_book=None)  # drafts that the checks turned down
        PlanTerm.objects.filter(plan__price_book__in=ids).delete()
        PriceComponent.objects.filter(plan__price_book__in=ids).delete()
        Plan.objects.filter(price_book__in=ids).delete()
        PriceBook.objects.filter(pk__in=ids).delete()


def _lock_draft(price_book: PriceBook) -> tuple[Product, PriceBook]:
    """The offering and its draft, locked in this order and checked again.

    Raises PriceBookNotDraft, PriceBookInReview.
    """
    product = Product.objects.select_for_update().get(pk=price_book.product_id)
    book = PriceBook.objects.select_for_update().get(pk=price_book.pk)
    if book.status != PriceBook.Status.DRAFT:
        raise PriceBookNotDraft(
            _("Version %(version)s was published before. Draft a new version to change a price.")
            % {"version": book.version}
        )
    _require_none_in_review(product_id=product.pk, book=book)
    drafts.check_plans(plans=[drafts.read_draft(plan=row) for row in _plans(book)], currency=book.currency)
    return product, book


def _require_none_in_review(*, product_id: int, book: PriceBook | None = None) -> None:
    """What a reviewer looks at stays as it was submitted. Raises PriceBookInReview if a draft, or `book`, waits."""
    version = queries.waiting_version(product_id=product_id)
    if version is not None and version.price_book is not None and book in (None, version.price_book):
        raise PriceBookInReview(
            _(
                "Price version %(book)s waits for review with version %(version)s of the offering. Take that version "
                "back first, then change the prices."
            )
            % {"book": version.price_book.version, "version": version.number},
            field="prices",
        )


def _announce(*, product: Product, book: PriceBook, effective_date: date, actor: actors.Actor, now: datetime) -> None:
    today = periods.civil_date(now)
    is_raised = product.state == Product.State.PUBLISHED and _is_list_increase(book)
    days = NOTICE_OF_INCREASE_DAYS if is_raised else NOTICE_DAYS
    earliest = today + timedelta(days=days)
    if not earliest <= effective_date <= today + timedelta(days=MOST_NOTICE_DAYS):
        raise TooEarly(
            _("A price is announced %(days)s to %(most)s days ahead. Choose %(earliest)s or a later day.")
            % {"days": days, "most": MOST_NOTICE_DAYS, "earliest": earliest.isoformat()},
            field="effective_date",
        )
    others = PriceBook.objects.filter(
        product=product, organisation=book.organisation_id, status=PriceBook.Status.ANNOUNCED
    )
    if other := others.first():
        raise AnotherAnnounced(
            _("Version %(version)s is announced already. Call it off first.") % {"version": other.version}
        )
    book.status, book.announced_at, book.effective_date = PriceBook.Status.ANNOUNCED, now, effective_date
    book.save(update_fields=["status", "announced_at", "effective_date"])
    _record("price_book.announced", product=product, book=book, actor=actor, now=now)


def _put_in_force(*, product: Product, book: PriceBook, actor: actors.Actor, now: datetime) -> None:
    """Retire the version before, of the same buyer or of the list, and write what the catalogue shows."""
    PriceBook.objects.filter(
        product=product, organisation=book.organisation_id, status=PriceBook.Status.PUBLISHED
    ).update(status=PriceBook.Status.RETIRED)
    book.status, book.published_at = PriceBook.Status.PUBLISHED, now
    book.save(update_fields=["status", "published_at"])
    if book.organisation_id is None:
        refresh_prices(product=product, plans=_plans(book), currency=book.currency)
    _record("price_book.published", product=product, book=book, actor=actor, now=now)


def refresh_prices(*, product: Product, plans: Sequence[Plan], currency: str) -> None:
    """Write the list price and the normalised price of an offering from the plans in force."""
    first = pricing.list_price(plan=plans[0], currency=currency)
    category = Category.objects.filter(pk=product.main_category_id).first()
    found = (normalised.normal_price(plan=plan, specs=product.specs, category=category) for plan in plans)
    normal = next((one for one in found if one is not None), None)
    product.from_price, product.from_price_unit = first.gross, first.unit
    product.normal_price = normal.amount if normal else None
    product.normal_unit = normal.unit if normal else ""
    product.save(update_fields=["from_price", "from_price_unit", "normal_price", "normal_unit"])


def _is_list_increase(book: PriceBook) -> bool:
    """Whether a list price becomes dearer than the one in force."""
    if book.organisation_id is not None:
        return False
    before = PriceBook.objects.filter(
        product=book.product_id, organisation=None, status=PriceBook.Status.PUBLISHED
    ).first()
    return before is not None and changes.is_dearer(before=_plans(before), after=_plans(book))


def _plans(book: PriceBook) -> list[Plan]:
    return list(book.plans.select_related("price_book").prefetch_related("components", "terms"))


def _record(action: str, *, product: Product, book: PriceBook, actor: actors.Actor, now: datetime) -> None:
    details: dict[str, Any] = {"version": book.version}
    if book.effective_date is not None:
        details["effective_date"] = book.effective_date.isoformat()
    organisations.record(
        actor=actor, action=action, object_type="offering", object_id=product.code, now=now, details=details
    )
