"""What providers can be told of. The names are public: add, never rename."""

from typing import Final

TEST: Final = "endpoint.test"  # goes to one endpoint, whatever it asked for

KINDS: Final = (
    "delivery.opened",
    "delivery.cleared",
    "delivery.accepted",
    "delivery.declined",
    "delivery.started",
    "delivery.handed_over",
    "delivery.failed",
    "delivery.completed",
    "delivery.rejected",
    "delivery.cancelled",
    "delivery.changed",
    "delivery.closed",
)
