"""What happened to an order or a contract and what comes next, as steps that a page draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts.models import Contract
from marketplace.procurement.models import Approval
from providers.fulfilment import deadlines
from providers.fulfilment.models import Delivery

Words = str | Promise
DONE, CURRENT, FAILED, TO_COME = "done", "current", "failed", ""
Status = Contract.Status

WORDS: Final[dict[str, Words]] = {
    Status.PENDING: gettext_lazy("Ordered"),
    Status.ACTIVE: gettext_lazy("Delivered"),
    Status.SUSPENDED: gettext_lazy("Suspended"),
    Status.ENDED: gettext_lazy("Ended"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
}


# A delivery's steps; those that are missing here show as the contract's or the approval's.
WORDS_OF_DELIVERY: Final[dict[str, tuple[Words, str]]] = {
    "accept": (gettext_lazy("Accepted by the provider"), DONE),
    "start": (gettext_lazy("Setting up begun"), DONE),
    "hand_over": (gettext_lazy("Handed over"), DONE),
    "fail": (gettext_lazy("Setting up failed"), FAILED),
    "reject": (gettext_lazy("Rejected by the buyer"), FAILED),
    "decline": (gettext_lazy("Declined by the provider"), FAILED),
    "complete": (gettext_lazy("Accepted by the buyer; billing begins"), DONE),
    "lapse": (gettext_lazy("Not rejected in time, so accepted; billing begins"), DONE),
}


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step: `state` is done, current, failed, or "" for what is to come."""

    title: Words
    state: str
    at: datetime | None = None
    text: str = ""


def of_contract(*, contract: Contract, approval: Approval | None, delivery: Delivery | None = None) -> list[Milestone]:
    """A contract's steps: what its transitions and its delivery say, then what is missing.

    Needs `transitions` and the delivery's `steps` prefetched. Contracts from before there were deliveries have none.
    """
    steps = _transitions(contract=contract, delivery=delivery)
    if delivery is not None:
        steps = sorted([*steps, *of_delivery(delivery=delivery)], key=lambda one: one.at or contract.placed_at)
    if approval is not None:
        steps.insert(1, approval_step(approval=approval))
    if contract.status == Status.PENDING:
        steps += to_come(delivery=delivery) if delivery else [Milestone(_("Delivery by the provider"), CURRENT)]
    elif contract.status == Status.SUSPENDED:
        steps.append(Milestone(_("Resumption by the provider"), CURRENT))
    if contract.status in (Status.ACTIVE, Status.SUSPENDED) and contract.end_date is not None:
        steps.append(Milestone(_("End of the term"), TO_COME, text=contract.end_date.isoformat()))
    return steps


def of_delivery(*, delivery: Delivery) -> list[Milestone]:
    """What was done of a delivery, with reasons and, for a part, how much of it."""
    steps = []
    for step in delivery.steps.all():
        if step.kind not in WORDS_OF_DELIVERY:
            continue
        title, state = WORDS_OF_DELIVERY[step.kind]
        part = f"{step.quantity} / {delivery.quantity}" if step.quantity else ""
        text = " · ".join(one for one in (step.by_name, part, step.reason) if one)
        steps.append(Milestone(title, state, step.happened_at, text))
    return steps


def to_come(*, delivery: Delivery) -> list[Milestone]:
    """What is missing until the contract begins; the first has a deadline."""
    waits: dict[str, int] = {
        Delivery.Status.HELD: 0,
        Delivery.Status.WAITING: 0,
        Delivery.Status.ACCEPTED: 1,
        Delivery.Status.PROVISIONING: 1,
        Delivery.Status.DELIVERED: 2,
    }
    if delivery.status not in waits:
        return []
    titles = [_("Acceptance by the provider"), _("Delivery by the provider"), _("Inspection by the buyer")]
    due_at = deadlines.due_at(delivery=delivery)
    until = _("until %(day)s") % {"day": deadlines.last_day(due_at).isoformat()} if due_at else ""
    first, *others = titles[waits[delivery.status] :]
    state = TO_COME if delivery.status == Delivery.Status.HELD else CURRENT
    return [Milestone(first, state, text=until), *(Milestone(title, TO_COME) for title in others)]


def _transitions(*, contract: Contract, delivery: Delivery | None) -> list[Milestone]:
    """The contract's own steps, without those that are a step of its delivery as well."""
    is_declined = delivery is not None and delivery.status == Delivery.Status.DECLINED
    steps = []
    for change in contract.transitions.all():
        if change.to_status == Status.CANCELLED and is_declined:
            continue
        if (change.from_status, change.to_status) == (Status.PENDING, Status.ACTIVE) and delivery is not None:
            continue
        title = WORDS[change.to_status]
        if change.from_status == Status.SUSPENDED and change.to_status == Status.ACTIVE:
            title = _("Resumed")
        state = FAILED if change.to_status == Status.CANCELLED else DONE
        text = " · ".join(part for part in (change.by_name, change.reason) if part)
        steps.append(Milestone(title, state, change.happened_at, text))
    return steps


def of_order(*, contracts: Sequence[Contract], approval: Approval | None, placed_by: str) -> list[Milestone]:
    """An order's steps over all its contracts."""
    steps = [Milestone(_("Ordered"), DONE, min(one.placed_at for one in contracts), placed_by)]
    if approval is not None:
        steps.append(approval_step(approval=approval))
    wanted = [one for one in contracts if one.status != Status.CANCELLED]
    if not wanted:
        if approval is None or approval.status != Approval.Status.REJECTED:
            steps.append(Milestone(_("Cancelled"), FAILED))
        return steps
    delivered = [one for one in wanted if one.activated_at is not None]
    tally = f"{len(delivered)} / {len(wanted)}"
    is_cleared = approval is None or approval.status == Approval.Status.APPROVED
    if len(delivered) < len(wanted):
        steps.append(Milestone(_("Delivery by the provider"), CURRENT if is_cleared else TO_COME, text=tally))
        steps.append(Milestone(_("In use"), TO_COME))
        return steps
    steps.append(Milestone(_("Delivered"), DONE, max(one.activated_at for one in delivered if one.activated_at), tally))
    is_over = all(one.status == Status.ENDED for one in wanted)
    steps.append(Milestone(_("In use"), DONE if is_over else CURRENT))
    last_day = max(one.end_date for one in wanted if one.end_date)
    steps.append(Milestone(_("End of the term"), DONE if is_over else TO_COME, text=last_day.isoformat()))
    return steps


def approval_step(*, approval: Approval) -> Milestone:
    """The approval as a step: waiting, approved or rejected, by whom and why."""
    if approval.status == Approval.Status.WAITING:
        return Milestone(_("Approval"), CURRENT, text=_("Waiting for a second person"))
    by = approval.decided_by.get_full_name() if approval.decided_by else ""
    text = " · ".join(part for part in (by, approval.reason) if part)
    if approval.status == Approval.Status.APPROVED:
        return Milestone(_("Approved"), DONE, approval.decided_at, text)
    return Milestone(_("Rejected"), FAILED, approval.decided_at, text)
