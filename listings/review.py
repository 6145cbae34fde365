"""Writes: the reviewer's and the operator's half of a listing's life. `listings.operations` is the door to it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing.rules import periods
from listings import checks, life, standing, steps
from listings.content import Content
from listings.models import Freeze, OfferingVersion, PriceBook, Product
from listings.prices import operations as price_books
from listings.search import operations as search
from marketplace.organisations import actors, errors

State = OfferingVersion.State


class NoPublishedPrices(errors.Conflict):
    """An offering without a price in force cannot be published: there is no price on application here."""


class ProofIsMissing(errors.Conflict):
    """The listing is hidden only because proof has lapsed; a person cannot lift that."""


class TakenByAnother(errors.Conflict):
    """Another reviewer has this version in hand."""


class ChecksFailed(errors.Refused):
    """Automatic checks found errors; `findings` names them and they are stored with the version."""

    def __init__(self, findings: list[checks.Finding]) -> None:
        self.findings = findings
        found = [one for one in findings if one.is_error]
        super().__init__(
            _("Mend what the checks found first: %(messages)s") % {"messages": " ".join(one.message for one in found)},
            field=found[0].field,
        )


@transaction.atomic
def take_for_review(
    *, version: OfferingVersion, actor: actors.Actor, now: datetime, is_takeover: bool = False
) -> OfferingVersion:
    """Make a submitted version the actor's to review. Taking it twice changes nothing.

    Raises TakenByAnother, unless `is_takeover` says that the actor goes on for a colleague.
    Raises ReviewerIsMember, WrongState too.
    """
    locked = steps.lock_version(version=version)
    steps.require_reviewer(product=locked.product, actor=actor)
    if locked.state == State.IN_REVIEW:
        if steps.reviewer_of(version=locked) == actor.user_id:
            return locked
        if not is_takeover:
            raise _taken()
    elif locked.state != State.SUBMITTED:
        raise steps.refuse(state=locked.state)
    return steps.move(version=locked, after=State.IN_REVIEW, actor=actor, now=now)


@transaction.atomic
def return_version(*, version: OfferingVersion, reason: str, actor: actors.Actor, now: datetime) -> OfferingVersion:
    """Give a version back to its provider with the reason; a new draft starts from its content.

    Raises TakenByAnother, ReviewerIsMember, WrongState, InvalidContent (field `reason`).
    """
    reason = steps.check_reason(reason)
    locked = _lock_reviewed(version, actor=actor, done=State.RETURNED)
    if locked.state == State.RETURNED:
        return locked
    return steps.move(version=locked, after=State.RETURNED, reason=reason, actor=actor, now=now)


def publish_version(*, version: OfferingVersion, actor: actors.Actor, now: datetime) -> OfferingVersion:
    """Put a reviewed version in force: its content, its prices, and the catalogue. Publishing twice changes nothing.

    The checks run again. Raises ChecksFailed (findings stored), TakenByAnother, ReviewerIsMember, NoPublishedPrices, or
    WrongState, also while the offering is frozen.
    """
    with transaction.atomic():
        locked = _lock_reviewed(version, actor=actor, done=State.PUBLISHED)
        if locked.state == State.PUBLISHED:
            return locked
        product = locked.product
        if product.state == Product.State.FROZEN:
            raise steps.refuse(state=product.state)
        found = run_checks(version=locked)
        locked.findings = [one.to_json() for one in found]
        locked.save(update_fields=["findings"])
        if not any(one.is_error for one in found):
            return _put_in_force(locked, actor=actor, now=now)
    raise ChecksFailed(found)


@transaction.atomic
def freeze(*, product: Product, reason: str, actor: actors.Actor, now: datetime) -> Product:
    """Take a listed offering out of the catalogue until a person lifts the freeze. Running contracts go on.

    One that the clock has hidden is frozen too, so that it does not come back by itself. Freezing twice changes
    nothing. Raises ReviewerIsMember, WrongState, InvalidContent (field `reason`).
    """
    locked = steps.lock(product_id=product.pk)
    steps.require_reviewer(product=locked, actor=actor)
    if locked.state not in standing.LISTED:
        raise steps.refuse(state=locked.state)
    reason = steps.check_reason(reason)
    standing.hide(product=locked, cause=Freeze.Cause.PERSON, reason=reason, actor=actor, now=now)
    return locked


@transaction.atomic
def lift_freeze(*, product: Product, reason: str, actor: actors.Actor, now: datetime) -> Product:
    """Lift what a person or an alert froze; shown again unless proof is missing. Lifting twice changes nothing.

    Raises ProofIsMissing if nothing else hides it, and like `freeze`.
    """
    locked = steps.lock(product_id=product.pk)
    steps.require_reviewer(product=locked, actor=actor)
    if locked.state == Product.State.PUBLISHED:
        return locked
    if locked.state != Product.State.FROZEN:
        raise steps.refuse(state=locked.state)
    reason = steps.check_reason(reason)
    lifted = standing.drop(product=locked, causes=standing.BY_PEOPLE, reason=reason, actor=actor, now=now)
    if not lifted and locked.state == Product.State.FROZEN:
        raise ProofIsMissing(
            _("Proof is missing, so nobody can show this listing. It comes back by itself when a new one is verified.")
        )
    return locked


@transaction.atomic
def withdraw(*, product: Product, reason: str, actor: actors.Actor, now: datetime) -> Product:
    """Take an offering out for good; it may be drafted and reviewed again. Running contracts go on.

    What waits for review goes back to the provider. Withdrawing twice changes nothing.
    """
    locked = steps.lock(product_id=product.pk)
    waiting = steps.current_version(product=locked)
    if waiting is not None and waiting.state in steps.WAITING_STATES and locked.state != Product.State.WITHDRAWN:
        waiting.product = locked
        steps.move(version=waiting, after=State.RETURNED, reason=steps.check_reason(reason), actor=actor, now=now)
    if locked.state == Product.State.WITHDRAWN:
        return locked
    reason = steps.check_reason(reason)
    Freeze.objects.filter(product=locked, lifted_at=None).update(lifted_at=now)
    standing.set_state(product=locked, state=Product.State.WITHDRAWN, reason=reason, actor=actor, now=now)
    return locked


def run_checks(*, version: OfferingVersion) -> list[checks.Finding]:
    """The findings over a version as it stands."""
    written = Content.from_json(version.content)
    schema = life.read_schema(partner_id=version.product.partner_id)
    return checks.run(
        product=version.product,
        content=written,
        rules=schema.categories[written.category],
        price_book=version.price_book,
    )


def _lock_reviewed(version: OfferingVersion, *, actor: actors.Actor, done: str) -> OfferingVersion:
    """A version that the actor has in review, or that is `done` already."""
    locked = steps.lock_version(version=version)
    steps.require_reviewer(product=locked.product, actor=actor)
    if locked.state == done:
        return locked
    if locked.state != State.IN_REVIEW:
        raise steps.refuse(state=locked.state)
    if steps.reviewer_of(version=locked) != actor.user_id:
        raise _taken()
    return locked


def _put_in_force(version: OfferingVersion, *, actor: actors.Actor, now: datetime) -> OfferingVersion:
    """The version before makes room, then content, prices and catalogue follow, in the caller's transaction."""
    product = version.product
    before = OfferingVersion.objects.filter(product=product, state=State.PUBLISHED).first()
    if before is not None:
        before.product = product
        steps.move(version=before, after=State.SUPERSEDED, actor=actor, now=now)
    steps.move(version=version, after=State.PUBLISHED, published_at=now, actor=actor, now=now)
    steps.write_columns(
        product=product,
        written=Content.from_json(version.content),
        schema=life.read_schema(partner_id=product.partner_id),
    )
    _put_prices_in_force(version, actor=actor, now=now)
    product.refresh_from_db()
    product.state, product.version_number = Product.State.PUBLISHED, version.number
    product.save(update_fields=["state", "is_public", "version_number"])
    search.refresh(product_ids=[product.pk])
    return version


def _put_prices_in_force(version: OfferingVersion, *, actor: actors.Actor, now: datetime) -> None:
    """The version's draft prices; dearer ones than those listed are announced for the first day the rule allows."""
    product, book = version.product, version.price_book
    if book is not None and book.status == PriceBook.Status.DRAFT:
        try:
            price_books.publish_price_book(price_book=book, actor=actor, now=now)
        except price_books.IncreaseNotAnnounced:
            first = periods.civil_date(now) + timedelta(days=price_books.NOTICE_OF_INCREASE_DAYS)
            price_books.announce_price_book(price_book=book, effective_date=first, actor=actor, now=now)
    listed = product.price_books.filter(status=PriceBook.Status.PUBLISHED, organisation=None).first()
    if listed is None:
        raise NoPublishedPrices(_("Publish a price book first: an offering without a price is not listed."))
    plans = list(listed.plans.prefetch_related("components", "terms"))
    price_books.refresh_prices(product=product, plans=plans, currency=listed.currency)  # the specs may have changed


def _taken() -> TakenByAnother:
    return TakenByAnother(
        _("A colleague has this listing in review. Take it over first, if you are to decide."), field="reviewer"
    )
