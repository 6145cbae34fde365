"""One step of an offering's life: lock the row, check the transition, write who did it, when and why."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from listings import wording
from listings.content import Content, Schema
from listings.models import (  # type: ignore[attr-defined]  # ProductClass is Oscar's, by the star at the end
    OfferingStep,
    OfferingVersion,
    Product,
    ProductClass,
)
from listings.text import read_text
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import Membership

LONGEST_REASON: Final = 500
OPEN_STATES: Final = (OfferingVersion.State.DRAFT, OfferingVersion.State.SUBMITTED, OfferingVersion.State.IN_REVIEW)
WAITING_STATES: Final = (OfferingVersion.State.SUBMITTED, OfferingVersion.State.IN_REVIEW)


class WrongState(errors.Conflict):
    """A step that the present state does not allow; the message says which state it is."""


class ReviewerIsMember(errors.Conflict):
    """A provider's own member may not review its listings."""


def lock(*, product_id: int) -> Product:
    """An offering under a row lock: every step of its life, and every write to its versions, waits here."""
    return (
        Product.objects.select_for_update(of=("self",))
        .select_related("partner", "main_category", "data_centre")
        .get(pk=product_id)
    )


def current_version(*, product: Product) -> OfferingVersion | None:
    """The newest version of a locked offering."""
    return OfferingVersion.objects.filter(product=product).order_by("-number").first()


def reviewer_of(*, version: OfferingVersion) -> int | None:
    """The user who took a version for review last; None if nobody did."""
    return (
        OfferingStep.objects.filter(
            product_id=version.product_id, version_number=version.number, to_state=OfferingVersion.State.IN_REVIEW
        )
        .order_by("-pk")
        .values_list("user_id", flat=True)
        .first()
    )


def write(
    *, product: Product, number: int, before: str, after: str, reason: str = "", actor: actors.Actor, now: datetime
) -> None:
    """The step's row and the audit row; the caller has locked the offering."""
    OfferingStep.objects.create(
        product=product,
        version_number=number,
        from_state=before,
        to_state=after,
        happened_at=now,
        user_id=actor.user_id,
        organisation_id=actor.organisation_id,
        reason=reason,
    )
    details: dict[str, Any] = {"version": number, "before": before}
    organisations.record(
        actor=actor,
        action=f"offering.{after}",
        object_type="offering",
        object_id=product.code,
        now=now,
        details={**details, "reason": reason} if reason else details,
    )


def move(
    *, version: OfferingVersion, after: str, reason: str = "", actor: actors.Actor, now: datetime, **columns: Any
) -> OfferingVersion:
    """Bring a version of a locked offering to its next state, with what else changes in its row."""
    before, version.state = version.state, after
    for name, value in columns.items():
        setattr(version, name, value)
    version.save(update_fields=["state", *columns])
    write(
        product=version.product,
        number=version.number,
        before=before,
        after=after,
        reason=reason,
        actor=actor,
        now=now,
    )
    return version


def require_reviewer(*, product: Product, actor: actors.Actor) -> None:
    """Four eyes: whoever reviews, freezes or lifts is no member of the provider. Raises ReviewerIsMember."""
    organisation_id = product.partner.organisation_id if product.partner else None
    is_member = actor.organisation_id == organisation_id or (
        actor.user_id is not None
        and organisation_id is not None
        and Membership.objects.filter(user_id=actor.user_id, organisation_id=organisation_id).exists()
    )
    if is_member:
        raise ReviewerIsMember(
            _("You belong to the provider of this listing. Somebody else has to review it."), field="reviewer"
        )


def refuse(*, state: str) -> WrongState:
    """What to raise when a step does not fit the present state."""
    return WrongState(
        _("The state of this listing is now: %(state)s. Reload the page to see what can be done with it.")
        % {"state": wording.STATES.get(state, state)},
        field="state",
    )


def refuse_change(*, state: str) -> WrongState:
    """What to raise when a provider would change what waits for a decision, or was decided."""
    if state not in WAITING_STATES:
        return refuse(state=state)
    return WrongState(
        _("This version is submitted and stays as it is until it is decided. Take it back first, then change it."),
        field="state",
    )


def check_reason(reason: str) -> str:
    """A reason that others will read. Raises InvalidContent at `reason`."""
    return read_text(reason, field="reason", label=_("reason"), longest=LONGEST_REASON, is_needed=True)


def lock_version(*, version: OfferingVersion) -> OfferingVersion:
    """The offering first, then its version: the one order of locks."""
    product = lock(product_id=version.product_id)
    locked = OfferingVersion.objects.select_for_update().get(pk=version.pk)
    locked.product = product
    return locked


def write_columns(*, product: Product, written: Content, schema: Schema) -> None:
    """Bring an offering's columns to a content, its category and service type with them."""
    columns = written.to_columns(schema=schema)
    for name, value in columns.items():
        setattr(product, name, value)
    product.product_class = ProductClass.objects.get(slug=columns["service_model"])
    product.save(update_fields=[*columns, "product_class"])
    product.categories.set([columns["main_category_id"]])
