"""What may happen to a contract: the one transition table, and the one function that writes a step.

pending ─ accept ▶ active ─ suspend ▶ suspended
   │                 │ ◀─ resume ───────┤
   └ cancel ▶ cancelled  └─ end ▶ ended ◀┘ end
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts.models import Contract, Transition
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

PENDING, ACTIVE, SUSPENDED = Contract.Status.PENDING, Contract.Status.ACTIVE, Contract.Status.SUSPENDED
ENDED, CANCELLED = Contract.Status.ENDED, Contract.Status.CANCELLED


class WrongState(errors.Conflict):
    """The contract's present state does not allow the step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: from which states it leads where, and what to say where it does not."""

    sources: frozenset[str]
    target: str
    refusal: str | Promise


STEPS: Final[dict[str, Step]] = {
    "accept": Step(frozenset({PENDING}), ACTIVE, gettext_lazy("Only a contract that waits for delivery can begin.")),
    "cancel": Step(
        frozenset({PENDING}), CANCELLED, gettext_lazy("Only a contract that waits for delivery can be cancelled.")
    ),
    "suspend": Step(frozenset({ACTIVE}), SUSPENDED, gettext_lazy("Only an active contract can be suspended.")),
    "resume": Step(frozenset({SUSPENDED}), ACTIVE, gettext_lazy("Only a suspended contract can be resumed.")),
    "end": Step(
        frozenset({ACTIVE, SUSPENDED}), ENDED, gettext_lazy("Only an active or suspended contract can be ended.")
    ),
}


def move(
    *, contract: Contract, step: str, reason: str = "", actor: actors.Actor, now: datetime, **changes: Any
) -> Contract:
    """Take a locked contract one step on, with its row in the timeline and the audit. Raises WrongState.

    `changes` are fields that the step sets besides the status.
    """
    rule = STEPS[step]
    if contract.status not in rule.sources:
        raise WrongState(
            _("Contract %(number)s is in the state “%(status)s”. %(refusal)s")
            % {"number": contract.number, "status": contract.get_status_display(), "refusal": rule.refusal}
        )
    before, contract.status = contract.status, rule.target
    for field, value in changes.items():
        setattr(contract, field, value)
    contract.save(update_fields=["status", *changes])
    write_transition(contract=contract, before=before, reason=reason, actor=actor, now=now)
    organisations.record(
        actor=actor,
        action=f"contract.{step}",
        object_type="contract",
        object_id=contract.number,
        now=now,
        details={"from": str(before), "to": str(rule.target)},
    )
    return contract


def write_transition(*, contract: Contract, before: str, reason: str, actor: actors.Actor, now: datetime) -> None:
    """A row of the timeline. Both sides read it, so it names the organisation; the audit names the person."""
    _transition(contract=contract, before=before, reason=reason, actor=actor, now=now).save()


def write_openings(*, contracts: Collection[Contract], actor: actors.Actor, now: datetime) -> None:
    """The first row of the timeline of contracts that were just opened, in one statement."""
    Transition.objects.bulk_create(
        _transition(contract=contract, before="", reason="", actor=actor, now=now) for contract in contracts
    )


def _transition(*, contract: Contract, before: str, reason: str, actor: actors.Actor, now: datetime) -> Transition:
    return Transition(
        contract=contract,
        from_status=before,
        to_status=contract.status,
        happened_at=now,
        by_name=actor.organisation_name,
        reason=reason,
    )
