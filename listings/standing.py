"""Why listings are hidden, and when they come back: what people froze, proof that lapsed, alerts.

Each reason is a row of `Freeze`; an offering is frozen as long as one is open. The pipeline freezes listings the day
after their proof has lapsed and lifts only what it froze itself, so a new document never shows what a person hid.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from listings import steps
from listings.models import Freeze, Product
from marketplace.organisations import actors, notices
from providers.evidence import queries as evidence

Cause = Freeze.Cause
BY_PEOPLE: Final = (Cause.PERSON, Cause.ALERT)
CLOCK: Final = actors.Actor(user_name="pipeline")
MLPS: Final = "mlps"
LISTED: Final = (Product.State.PUBLISHED, Product.State.FROZEN)
RAN_OUT: Final = gettext_noop(
    "The proof of MLPS level %(level)s for %(centre)s ran out on %(day)s. The listing is shown again as soon as a new "
    "assessment is verified."
)
REVOKED: Final = gettext_noop(
    "The proof of MLPS level %(level)s for %(centre)s was revoked on %(day)s. The listing is shown again as soon as a "
    "new assessment is verified."
)
BACK: Final = gettext_noop("The proof that was missing is there again.")
TOLD_HIDDEN: Final = gettext_noop(
    "Listings that run in %(centre)s are hidden since %(since)s, because MLPS level %(level)s is no longer proven. "
    "Record the new assessment."
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Why the pipeline hides a listing; `told` fills the notice to the provider, `key` makes it one notice."""

    subject: str
    reason: str
    values: Mapping[str, str | int]
    organisation_id: int
    key: str
    told: str


def sentence(*, freeze: Freeze) -> str:
    """The reason in the reader's language; a person's words as they stand."""
    return _(freeze.reason) % freeze.values if freeze.values else freeze.reason


def open_freezes(*, product_ids: Collection[int]) -> dict[int, list[Freeze]]:
    """Offering → why it is hidden, the oldest reason first; one query."""
    found: dict[int, list[Freeze]] = {pk: [] for pk in product_ids}
    for freeze in Freeze.objects.filter(product_id__in=product_ids, lifted_at=None):
        found[freeze.product_id].append(freeze)
    return found


def find_hidden(*, pk: int) -> tuple[Product, list[Freeze]] | None:
    """A listing that is frozen, with its reasons; None if it is shown, was never listed, or does not exist."""
    product = (
        Product.objects.filter(pk=pk, state=Product.State.FROZEN)
        .select_related("partner", "data_centre", "main_category")
        .first()
    )
    return None if product is None else (product, open_freezes(product_ids=[pk])[pk])


def hide(
    *,
    product: Product,
    cause: str,
    subject: str = "",
    reason: str,
    values: Mapping[str, str | int] | None = None,
    actor: actors.Actor,
    now: datetime,
) -> bool:
    """Add a reason to a locked offering that is listed, and freeze it. False if that reason is there already."""
    if Freeze.objects.filter(product=product, cause=cause, subject=subject, lifted_at=None).exists():
        return False
    freeze = Freeze.objects.create(
        product=product, cause=cause, subject=subject, reason=reason, values=dict(values or {}), frozen_at=now
    )
    if product.state != Product.State.FROZEN:
        set_state(product=product, state=Product.State.FROZEN, reason=_in_chinese(freeze), actor=actor, now=now)
    return True


def drop(
    *, product: Product, causes: Collection[str], subject: str = "", reason: str, actor: actors.Actor, now: datetime
) -> int:
    """Lift reasons of a locked offering (all of `causes`, or of one subject); it is shown when none is left."""
    rows = Freeze.objects.filter(product=product, cause__in=causes, lifted_at=None)
    lifted = (rows.filter(subject=subject) if subject else rows).update(lifted_at=now)
    is_free = not Freeze.objects.filter(product=product, lifted_at=None).exists()
    if product.state == Product.State.FROZEN and is_free:
        set_state(product=product, state=Product.State.PUBLISHED, reason=reason, actor=actor, now=now)
    return lifted


def review_due(*, now: datetime, limit: int) -> int:
    """Hide listings whose proof has lapsed and show those whose proof is back, at most `limit`. Returns how many."""
    today = periods.civil_date(now)
    by_centre = {pk: _ground(lapse) for pk, lapse in evidence.lapsed_mlps(on=today).items()}
    hidden = _hide_all(MLPS, "data_centre_id", by_centre, now=now, limit=limit)
    return hidden + _show_all(MLPS, "data_centre_id", by_centre, now=now, limit=limit - hidden)


def _hide_all(subject: str, column: str, grounds: Mapping[int, Ground], *, now: datetime, limit: int) -> int:
    if not grounds:
        return 0
    hidden = Freeze.objects.filter(cause=Cause.PROOF, subject=subject, lifted_at=None)
    rows = Product.objects.filter(state__in=LISTED, **{f"{column}__in": list(grounds)})
    due = rows.exclude(pk__in=hidden.values("product")).order_by("pk").values_list("pk", column)
    done = 0
    for pk, key in due[:limit]:
        ground = grounds[key]
        with transaction.atomic():
            product = steps.lock(product_id=pk)
            if product.state not in LISTED:
                continue
            hide(
                product=product,
                cause=Cause.PROOF,
                subject=subject,
                reason=ground.reason,
                values=ground.values,
                actor=CLOCK,
                now=now,
            )
            _tell(ground, now=now)
        done += 1
    return done


def _show_all(subject: str, column: str, grounds: Collection[int], *, now: datetime, limit: int) -> int:
    hidden = Freeze.objects.filter(cause=Cause.PROOF, subject=subject, lifted_at=None)
    due = (
        hidden.filter(~Q(**{f"product__{column}__in": list(grounds)})).order_by("pk").values_list("product", flat=True)
    )
    done = 0
    for pk in due[: max(0, limit)]:
        with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
            product = steps.lock(product_id=pk)
            done += drop(product=product, causes=[Cause.PROOF], subject=subject, reason=_(BACK), actor=CLOCK, now=now)
    return done


def _ground(lapse: evidence.Lapse) -> Ground:
    return Ground(
        subject=MLPS,
        reason=REVOKED if lapse.is_revoked else RAN_OUT,
        values={"level": lapse.level, "centre": lapse.data_centre_name, "day": lapse.day.isoformat()},
        organisation_id=lapse.organisation_id,
        key=f"standing:mlps:{lapse.data_centre_id}:{lapse.day.isoformat()}",
        told=TOLD_HIDDEN,
    )


def _tell(ground: Ground, *, now: datetime) -> None:
    notices.notify(
        organisation_id=ground.organisation_id,
        key=ground.key,
        permission="listings.view",
        text=ground.told,
        values={**ground.values, "since": periods.civil_date(now).isoformat()},
        path="/provider/listings/?view=frozen",
        is_urgent=True,
        now=now,
    )


def _in_chinese(freeze: Freeze) -> str:
    """The reason for the steps of the offering, which are kept as text in the language of the listings."""
    with translation.override(settings.LANGUAGE_CODE):
        return sentence(freeze=freeze)


def set_state(*, product: Product, state: str, reason: str, actor: actors.Actor, now: datetime) -> None:
    """Bring a locked offering to another state, with the step that says why."""
    before, product.state = product.state, state
    product.save(update_fields=["state", "is_public"])
    steps.write(
        product=product,
        number=product.version_number,
        before=before,
        after=state,
        reason=reason,
        actor=actor,
        now=now,
    )
