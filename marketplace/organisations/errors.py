"""What a room says when the world, not the programmer, is wrong. Doors turn these into answers.

Each room defines one subclass per broken rule, where it is raised.
"""

from typing import Final

from django.db import IntegrityError
from django.utils.translation import gettext as _

LONGEST_REASON: Final = 300


class Refused(Exception):
    """A request that breaks a rule. `field` names the input at fault; the message names the remedy.

    Doors answer 422, or 409 when the present state is in the way (`is_conflict`).
    """

    is_conflict = False

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(str(message))
        self.message = message
        self.field = field


class Conflict(Refused):
    """Right in itself, but the present state is in the way."""

    is_conflict = True


class NotFound(Exception):
    """No such thing for this organisation. Doors answer 404, whether it exists for another or not."""


def check_reason(reason: str, *, refusal: type[Refused], is_required: bool = True) -> str:
    """A reason for the other side, trimmed, at most LONGEST_REASON characters. Raises `refusal` at field `reason`."""
    reason = reason.strip()
    if is_required and not reason:
        raise refusal(_("Give the reason; the other side reads it."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise refusal(_("Shorten the reason to %(most)s characters.") % {"most": LONGEST_REASON}, field="reason")
    return reason


def breaks(error: IntegrityError, *constraints: str) -> bool:
    """Whether it is one of these constraints that refused, by its name; never by words that a row may hold."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) in constraints
