"""One step of an application's life: lock the row, check the transition, write who did it, when and why."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import Membership
from providers.onboarding.models import Application, ApplicationStep

State = Application.State
LONGEST_REASON: Final = 500


class NoSuchApplication(errors.NotFound):
    """No application with this number, for this actor."""


class WrongState(errors.Conflict):
    """A step that the present state does not allow."""


class ReviewerIsMember(errors.Conflict):
    """Someone of the applicant was to review the applicant."""


class InvalidApplication(errors.Refused):
    """A value that cannot be taken; `field` names it."""


def lock(*, number: str, organisation_id: int | None = None) -> Application:
    """An application under a row lock, of one organisation if it is named. Raises NoSuchApplication."""
    rows = Application.objects.select_for_update(of=("self",)).select_related(
        "organisation", "business_licence", "telecom_licence"
    )
    found = rows.filter(number=number).first()
    if found is None or (organisation_id is not None and found.organisation_id != organisation_id):
        raise NoSuchApplication
    return found


def move(
    *,
    application: Application,
    after: str,
    reason: str = "",
    remarks: dict[str, str] | None = None,
    actor: actors.Actor,
    now: datetime,
    **columns: Any,
) -> Application:
    """Bring a locked application to its next state, with what else changes in its row, the step and the audit row."""
    before, application.state = application.state, after
    for name, value in columns.items():
        setattr(application, name, value)
    application.save(update_fields=["state", *columns])
    note(application=application, before=before, reason=reason, remarks=remarks or {}, actor=actor, now=now)
    return application


def note(
    *,
    application: Application,
    before: str,
    reason: str = "",
    remarks: dict[str, str] | None = None,
    actor: actors.Actor,
    now: datetime,
) -> None:
    """The step's row and the audit row."""
    ApplicationStep.objects.create(
        application=application,
        from_state=before,
        to_state=application.state,
        happened_at=now,
        user_id=actor.user_id,
        organisation_id=actor.organisation_id,
        reason=reason,
        remarks=remarks or {},
    )
    organisations.record(
        actor=actor,
        action=f"application.{application.state}",
        object_type="application",
        object_id=application.number,
        now=now,
        details={"before": before},
    )


def require_outsider(*, organisation_id: int, actor: actors.Actor) -> None:
    """Four eyes: who reviews is no member of the organisation under review. Raises ReviewerIsMember."""
    is_member = actor.organisation_id == organisation_id or (
        actor.user_id is not None
        and Membership.objects.filter(user_id=actor.user_id, organisation_id=organisation_id).exists()
    )
    if is_member:
        raise ReviewerIsMember(_("You belong to this organisation. Somebody else has to decide."), field="reviewer")


def refuse(*, state: str) -> WrongState:
    """What to raise when a step does not fit the present state."""
    return WrongState(
        _("The application is in the state “%(state)s” now. Reload the page to see what can be done with it.")
        % {"state": State(state).label},
        field="state",
    )


def check_reason(reason: str) -> str:
    """A reason that the applicant will read. Raises InvalidApplication at `reason`."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidApplication(
            _("Say why, in at most %(most)s characters: the applicant reads it.") % {"most": LONGEST_REASON},
            field="reason",
        )
    return reason
