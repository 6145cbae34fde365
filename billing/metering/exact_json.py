"""JSON read slowly and exactly: numbers stay digits, and a name that stands in an object twice is remembered."""

import json
from typing import Any


class NotJson(ValueError):
    """Not JSON, or nested too deeply."""


class Digits(str):
    """A JSON number, digit by digit; not a text (`type(x) is str` tells them apart)."""

    __slots__ = ()


class Object(dict[str, Any]):
    """A JSON object; `twice` is the first name that stood in it twice, or empty."""

    twice = ""


def parse(raw: bytes) -> Any:
    """Any JSON. Raises NotJson, also for NaN and Infinity, which Python would read."""
    try:
        return json.loads(
            raw.decode(),
            parse_int=Digits,
            parse_float=Digits,
            parse_constant=_refuse,
            object_pairs_hook=_keep_pairs,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)[:200]) from error


def _keep_pairs(pairs: list[tuple[str, Any]]) -> Object:
    kept = Object(pairs)
    if len(kept) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                kept.twice = name
                break
            seen.add(name)
    return kept


def _refuse(name: str) -> None:
    raise ValueError(name)
