"""What a room says when the world, not the programmer, is wrong. Doors turn these into answers.

Each room defines one subclass per broken rule, where it is raised.
"""


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
