"""Why a listing is hidden, as pages show it."""

from collections.abc import Sequence
from typing import Any

from listings import standing


def describe(freezes: Sequence[Any]) -> list[dict[str, Any]]:
    """Why a listing is hidden, in the reader's language, with the day since when."""
    return [
        {
            "since": one.frozen_at,
            "cause": one.get_cause_display(),
            "words": standing.sentence(freeze=one),
            "is_public": one.cause != "person",
        }
        for one in freezes
    ]
