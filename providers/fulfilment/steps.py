"""What may happen to a delivery: the one transition table, and the one function that writes a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from providers.fulfilment import deadlines
from providers.fulfilment.models import Delivery, DeliveryStep
from providers.webhooks import operations as webhooks

Status = Delivery.Status
OPEN: Final = frozenset({Status.HELD, Status.WAITING, Status.ACCEPTED, Status.PROVISIONING, Status.DELIVERED})
TAKEN: Final = frozenset({Status.ACCEPTED, Status.PROVISIONING, Status.DELIVERED, Status.COMPLETED})


class WrongState(errors.Conflict):
    """The delivery's present state does not allow the step."""


class NotCleared(errors.Conflict):
    """A step of the provider before a second person at the buyer said yes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: from which states it leads where, and what to say where it does not.

    `target` None leaves the state as it is. In a state of `repeated` the step counts as done before.
    """

    sources: frozenset[str]
    target: str | None
    refusal: str | Promise
    repeated: frozenset[str] = frozenset()


STEPS: Final[dict[str, Step]] = {
    "clear": Step(
        frozenset({Status.HELD}),
        Status.WAITING,
        gettext_lazy("Only an order that waits for approval can be approved."),
        TAKEN | {Status.WAITING},
    ),
    "accept": Step(
        frozenset({Status.WAITING}), Status.ACCEPTED, gettext_lazy("Only a new order can be accepted."), TAKEN
    ),
    "start": Step(
        frozenset({Status.ACCEPTED}),
        Status.PROVISIONING,
        gettext_lazy("Accept the order first, then start to set it up."),
        TAKEN - {Status.ACCEPTED},
    ),
    "hand_over": Step(
        frozenset({Status.PROVISIONING, Status.DELIVERED}),
        Status.DELIVERED,
        gettext_lazy("Only what is being set up can be handed over."),
    ),
    "fail": Step(
        frozenset({Status.ACCEPTED, Status.PROVISIONING}),
        None,
        gettext_lazy("Only what is being set up can fail."),
    ),
    "decline": Step(
        frozenset({Status.WAITING, Status.ACCEPTED, Status.PROVISIONING}),
        Status.DECLINED,
        gettext_lazy("Only an order that was not handed over can be declined."),
        frozenset({Status.DECLINED}),
    ),
    "complete": Step(
        frozenset({Status.DELIVERED}),
        Status.COMPLETED,
        gettext_lazy("Only what the provider has handed over can be accepted."),
        frozenset({Status.COMPLETED}),
    ),
    "reject": Step(
        frozenset({Status.DELIVERED}),
        Status.PROVISIONING,
        gettext_lazy("Only what the provider has handed over can be rejected."),
    ),
    "cancel": Step(
        OPEN,
        Status.CANCELLED,
        gettext_lazy("Only an order that was not accepted yet can be cancelled."),
        frozenset({Status.CANCELLED}),
    ),
}

PROVIDER_PATH: Final = "/provider/deliveries/{number}/"
BUYER_PATH: Final = "/buyer/contracts/{number}/"

# step → (whom it is told, the sentence, whether it is urgent)
NOTICES: Final[dict[str, tuple[tuple[str, ...], str, bool]]] = {
    "open": ((actors.PROVIDER,), gettext_noop("New order %(number)s: %(quantity)s × %(title)s. Accept it."), False),
    "clear": ((actors.PROVIDER,), gettext_noop("New order %(number)s: %(quantity)s × %(title)s. Accept it."), False),
    "hand_over": (
        (actors.BUYER,),
        gettext_noop("%(title)s (%(number)s) was delivered. Accept it or reject it by %(day)s."),
        True,
    ),
    "fail": ((actors.PROVIDER,), gettext_noop("Setting up %(number)s failed: %(reason)s"), True),
    "decline": ((actors.BUYER,), gettext_noop("The provider declined %(number)s, %(title)s: %(reason)s"), True),
    "complete": ((actors.PROVIDER,), gettext_noop("The buyer accepted %(number)s, %(title)s."), False),
    "lapse": (
        (actors.BUYER, actors.PROVIDER),
        gettext_noop("%(number)s, %(title)s, counts as accepted: it was not rejected by %(day)s."),
        False,
    ),
    "reject": (
        (actors.PROVIDER,),
        gettext_noop("The buyer rejected the delivery of %(number)s: %(reason)s"),
        True,
    ),
    "cancel": ((actors.PROVIDER,), gettext_noop("Order %(number)s, %(title)s, was cancelled."), True),
}


# step → what the provider's systems are told of it (providers.webhooks.kinds)
ANNOUNCED: Final = {
    "open": "delivery.opened",
    "clear": "delivery.cleared",
    "accept": "delivery.accepted",
    "start": "delivery.started",
    "hand_over": "delivery.handed_over",
    "fail": "delivery.failed",
    "decline": "delivery.declined",
    "complete": "delivery.completed",
    "lapse": "delivery.completed",
    "reject": "delivery.rejected",
    "cancel": "delivery.cancelled",
    "change": "delivery.changed",
    "close": "delivery.closed",
}


def check(*, delivery: Delivery, step: str) -> bool:
    """Whether the step is to be taken; False if it was taken before. Raises NotCleared, WrongState."""
    rule = STEPS[step]
    if delivery.status in rule.sources:
        return True
    if delivery.status in rule.repeated:
        return False
    if delivery.status == Status.HELD:
        raise NotCleared(_("The buyer has not approved this order yet. Deliver it once it is approved."))
    raise WrongState(
        _("Delivery %(number)s is in the state “%(status)s”. %(refusal)s")
        % {"number": delivery.number, "status": delivery.get_status_display(), "refusal": rule.refusal}
    )


def move(
    *,
    delivery: Delivery,
    step: str,
    kind: str = "",
    actor: actors.Actor,
    now: datetime,
    reason: str = "",
    quantity: int | None = None,
    **changes: Any,
) -> Delivery:
    """Take a locked delivery one step on, with its row in the timeline, the audit and the notice.

    The step must have passed `check`. `kind` names it in the timeline where that is not the step's
    own name; `changes` are fields that it sets besides the status.
    """
    before, delivery.status = delivery.status, STEPS[step].target or delivery.status
    for field, value in changes.items():
        setattr(delivery, field, value)
    delivery.save(update_fields=["status", *changes])
    write(delivery=delivery, kind=kind or step, before=before, reason=reason, quantity=quantity, actor=actor, now=now)
    return delivery


def write(
    *,
    delivery: Delivery,
    kind: str,
    before: str,
    reason: str = "",
    quantity: int | None = None,
    actor: actors.Actor,
    now: datetime,
) -> None:
    """A row of the timeline, which both sides read (so it names the organisation; the audit names the person)."""
    write_each(deliveries=[delivery], kind=kind, before=before, reason=reason, quantity=quantity, actor=actor, now=now)


def write_each(
    *,
    deliveries: Sequence[Delivery],
    kind: str,
    before: str = "",
    reason: str = "",
    quantity: int | None = None,
    actor: actors.Actor,
    now: datetime,
) -> None:
    """The same step of several deliveries: timeline, audit, notices, and what the providers' systems are told."""
    written = DeliveryStep.objects.bulk_create(
        DeliveryStep(
            delivery=delivery,
            kind=kind,
            from_status=before,
            to_status=delivery.status,
            happened_at=now,
            by_name=actor.organisation_name,
            quantity=quantity,
            reason=reason,
        )
        for delivery in deliveries
    )
    organisations.record_each(
        actor=actor,
        action=f"delivery.{kind}",
        object_type="delivery",
        details={one.number: {"from": str(before), "to": str(one.status)} for one in deliveries},
        now=now,
    )
    # While an order is held, nobody outside the buyer's house can act yet.
    told = [step for step in written if step.delivery.status != Status.HELD]
    messages = [message for step in told for message in _messages(step=step)]
    if messages:
        notices.notify_each(messages=messages, now=now)
    for partner_id in sorted({step.delivery.partner_id for step in told}):
        webhooks.announce_each(
            partner_id=partner_id,
            kind=ANNOUNCED[kind],
            payloads={
                step.delivery.number: describe(delivery=step.delivery, reason=reason)
                for step in told
                if step.delivery.partner_id == partner_id
            },
            now=now,
        )


def describe(*, delivery: Delivery, reason: str = "") -> dict[str, Any]:
    """A delivery as the provider's systems are told of it: JSON, without anybody's name."""
    times = ("accept_due_at", "deliver_due_at", "inspect_due_at", "remove_at")
    return {
        "number": delivery.number,
        "runs_for": delivery.runs_for,
        "status": str(delivery.status),
        "offering": delivery.offering_code,
        "plan": delivery.plan_code,
        "specs": delivery.specs,
        "quantity": delivery.quantity,
        "delivered_quantity": delivery.delivered_quantity,
        "resource_id": delivery.resource_id,
        "reason": reason,
        **{name: at.isoformat() if (at := getattr(delivery, name)) else None for name in times},
    }


def _messages(*, step: DeliveryStep) -> list[notices.Message]:
    if step.kind not in NOTICES:
        return []
    delivery = step.delivery
    sides, text, is_urgent = NOTICES[step.kind]
    values: dict[str, str | int] = {
        "number": delivery.number,
        "title": delivery.offering_title,
        "quantity": delivery.quantity,
        "reason": step.reason,
        "day": deadlines.last_day(delivery.inspect_due_at).isoformat() if delivery.inspect_due_at else "",
    }
    return [
        notices.Message(
            organisation_id=delivery.buyer_id if side == actors.BUYER else delivery.partner.organisation_id,
            key=f"delivery:{step.pk}",
            permission="contracts.accept" if side == actors.BUYER else "contracts.deliver",
            text=text,
            values=values,
            path=(BUYER_PATH if side == actors.BUYER else PROVIDER_PATH).format(number=delivery.number),
            is_urgent=is_urgent,
        )
        for side in sides
    ]
