"""Why listings are hidden, and when they come back: what people froze, proof that lapsed, alerts.

Each reason is a row of `Freeze`; an offering is frozen as long as one is open. The pipeline freezes listings the day
after their proof has lapsed and lifts only what it froze itself, so a new document never shows what a person hid.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from listings import steps
from listings.models import Freeze, Product
from marketplace.organisations import actors, errors, notices
from providers.evidence import alerts
from providers.evidence import queries as evidence
from providers.onboarding import queries as onboarding

Cause = Freeze.Cause
BY_PEOPLE: Final = (Cause.PERSON, Cause.ALERT)
CLOCK: Final = actors.Actor(user_name="pipeline")
MLPS: Final = "mlps"
QUALIFICATIONS: Final = "qualifications"
LISTED: Final = (Product.State.PUBLISHED, Product.State.FROZEN)
RAN_OUT: Final = gettext_noop(
    "The proof of MLPS level %(level)s for %(centre)s ran out on %(day)s. The listing is shown again as soon as a new "
    "assessment is verified."
)
REVOKED: Final = gettext_noop(
    "The proof of MLPS level %(level)s for %(centre)s was revoked on %(day)s. The listing is shown again as soon as a "
    "new assessment is verified."
)
ALERTED: Final = gettext_noop("Security alert of %(source)s: %(title)s")
BACK: Final = gettext_noop("The proof that was missing is there again.")
TOLD_HIDDEN: Final = gettext_noop(
    "Listings that run in %(centre)s are hidden since %(since)s, because MLPS level %(level)s is no longer proven. "
    "Record the new assessment."
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Why the pipeline hides a listing, and the notice that tells its provider, if nobody else tells it."""

    reason: str
    values: Mapping[str, str | int]
    notice: Mapping[str, Any] | None = None


class NoSuchListing(errors.Refused):
    """An alert names an offering that its provider does not have."""


def sentence(*, freeze: Freeze) -> str:
    """The reason in the reader's language; a person's words as they stand."""
    return freeze.reason if freeze.cause == Cause.PERSON else _(freeze.reason) % freeze.values


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


@transaction.atomic
def freeze_for_alert(*, alert: Any, now: datetime) -> list[int]:
    """Hide the listing an alert names, or all of its provider's. Returns their ids, those that were hidden included.

    Raises NoSuchListing for a code that is not the provider's.
    """
    rows = Product.objects.filter(partner_id=alert.partner_id)
    if alert.offering_code:
        rows = rows.filter(code=alert.offering_code)
        if not rows.exists():
            raise NoSuchListing(
                _("This provider has no offering with the code %(code)s.") % {"code": alert.offering_code},
                field="data.offering",
            )
    listed = list(rows.filter(state__in=LISTED).order_by("pk").values_list("pk", flat=True))
    for pk in listed:
        product = steps.lock(product_id=pk)
        if product.state in LISTED:
            hide(
                product=product,
                cause=Cause.ALERT,
                subject=alert.number,
                reason=ALERTED,
                values={"title": alert.title, "source": alert.source.name},
                actor=actors.Actor(user_name=alert.source.name),
                now=now,
            )
    return list(rows.values_list("pk", flat=True))


def count_frozen(*, subject: str) -> int:
    """How many listings a subject hides now."""
    return Freeze.objects.filter(subject=subject, lifted_at=None).count()


@transaction.atomic
def lift_alert(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> int:
    """Lift an alert: what only it has hidden is shown again. Returns how many listings it let go.

    Raises ReviewerIsMember, and what `alerts.lift_alert` does.
    """
    alert = alerts.lift_alert(number=number, reason=reason, actor=actor, now=now)
    frozen = Freeze.objects.filter(cause=Cause.ALERT, subject=number, lifted_at=None).order_by("product")
    lifted = 0
    for pk in list(frozen.values_list("product", flat=True)):
        product = steps.lock(product_id=pk)
        steps.require_reviewer(product=product, actor=actor)
        lifted += drop(
            product=product,
            causes=[Cause.ALERT],
            subject=alert.number,
            reason=alert.lifted_reason,
            actor=actor,
            now=now,
        )
    return lifted


def review_due(*, now: datetime, limit: int) -> int:
    """Hide listings whose proof has lapsed and show those whose proof is back, at most `limit`. Returns how many."""
    today = periods.civil_date(now)
    by_centre = {pk: _ground(lapse, today=today) for pk, lapse in evidence.lapsed_mlps(on=today).items()}
    by_partner = {pk: Ground(reason, {}) for pk, reason in onboarding.qualifications_lapsed(on=today).items()}
    done = 0
    for subject, column, grounds in (
        (MLPS, "data_centre_id", by_centre),
        (QUALIFICATIONS, "partner_id", by_partner),
    ):
        done += _hide_all(subject, column, grounds, now=now, limit=limit - done)
        done += _show_all(subject, column, grounds, now=now, limit=limit - done)
    return done


def _hide_all(subject: str, column: str, grounds: Mapping[int, Ground], *, now: datetime, limit: int) -> int:
    if not grounds or limit < 1:
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
            if ground.notice is not None:
                notices.notify(**ground.notice, now=now)
        done += 1
    return done


def _show_all(subject: str, column: str, grounds: Collection[int], *, now: datetime, limit: int) -> int:
    hidden = Freeze.objects.filter(cause=Cause.PROOF, subject=subject, lifted_at=None)
    due = (
        hidden.filter(~Q(**{f"product__{column}__in": list(grounds)})).order_by("pk").values_list("product", flat=True)
    )
    done = 0
    for pk in due[:limit]:
        with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
            product = steps.lock(product_id=pk)
            done += drop(product=product, causes=[Cause.PROOF], subject=subject, reason=_(BACK), actor=CLOCK, now=now)
    return done


def _ground(lapse: evidence.Lapse, *, today: date) -> Ground:
    values: dict[str, str | int] = {
        "level": lapse.level,
        "centre": lapse.data_centre_name,
        "day": lapse.day.isoformat(),
    }
    return Ground(
        reason=REVOKED if lapse.is_revoked else RAN_OUT,
        values=values,
        notice={
            "organisation_id": lapse.organisation_id,
            "key": f"standing:mlps:{lapse.data_centre_id}:{lapse.day.isoformat()}",
            "permission": "listings.view",
            "text": TOLD_HIDDEN,
            "values": {**values, "since": today.isoformat()},
            "path": "/provider/listings/?view=frozen",
            "is_urgent": True,
        },
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
