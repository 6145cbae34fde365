"""How often something may be done: per address, account or API key, across all processes.

Counters stand in the cache that all processes share, one for each window of time, under a keyed hash, so that no
e-mail address is kept there. While the cache is away this process counts by itself: nobody is locked out because of
it, and guessing stays limited (`RELIABILITY.md`, P8 and P17). A caller who fills the last second of a window and the
first of the next is let through twice as fast for two seconds, which is worth a limit without a list of calls.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from marketplace.cache import Away
from marketplace.organisations import errors

MOST_LOCAL: Final = 100_000  # counters of this process; beyond that they begin anew

_local: Counter[str] = Counter()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `most[kind]` times for each subject of a kind in a window."""

    name: str
    window: timedelta
    most: Mapping[str, int]


# Many people of an agency share one address; an account is one person's.
LOG_IN: Final = Rule("log-in", timedelta(minutes=15), {"address": 100, "account": 10})
REGISTER: Final = Rule("register", timedelta(hours=1), {"address": 20, "account": 5})


class TooMany(errors.Refused):
    """More tries than the rule allows. `wait_s` is for the header Retry-After."""

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        minutes = -(-wait_s // 60)
        super().__init__(
            ngettext(
                "Too many tries. Wait %(minutes)s minute, then try again.",
                "Too many tries. Wait %(minutes)s minutes, then try again.",
                minutes,
            )
            % {"minutes": minutes}
        )


def take(*, rule: Rule, subjects: Mapping[str, str], now: datetime) -> None:
    """Count a try of these subjects (kind → who; "" is not counted). Raises TooMany; a refused try counts too."""
    window_s = int(rule.window.total_seconds())
    place, passed_s = divmod(int(now.timestamp()), window_s)
    counts = {kind: _add(_key(rule, kind, who, place), window_s) for kind, who in subjects.items() if who}
    if any(count > rule.most[kind] for kind, count in counts.items()):
        raise TooMany(window_s - passed_s)


def give_back(*, rule: Rule, subjects: Mapping[str, str], now: datetime) -> None:
    """A try that went well does not count: those before it in the window are forgiven to the account."""
    window_s = int(rule.window.total_seconds())
    place = int(now.timestamp()) // window_s
    for kind, who in subjects.items():
        if who:
            key = _key(rule, kind, who, place)
            if kind == "account":
                _reset(key)
            else:
                _add(key, window_s, -1)


def _key(rule: Rule, kind: str, who: str, place: int) -> str:
    hashed = salted_hmac("marketplace.limits", f"{kind}:{who.strip().lower()}", algorithm="sha256").hexdigest()[:32]
    return f"limit:{rule.name}:{kind}:{hashed}:{place}"


def _add(key: str, window_s: int, by: int = 1) -> int:
    """Count in the shared cache, atomically; in this process while that does not answer."""
    try:
        # Two windows long, so that a slow clock of another machine still finds its count.
        cache.add(key, 0, timeout=2 * window_s)
        return int(cache.incr(key, by))
    except (Away, ValueError):  # ValueError: it was thrown out of the cache between the two
        pass
    with _lock:
        if len(_local) > MOST_LOCAL:
            _local.clear()
        _local[key] += by
        return _local[key]


def _reset(key: str) -> None:
    with _lock:
        _local.pop(key, None)
    with contextlib.suppress(Away):
        cache.delete(key)


def forget() -> None:
    """Begin anew, in this process; for tests."""
    with _lock:
        _local.clear()


def address_of(*, meta: Mapping[str, object], proxies: int) -> str:
    """The caller's address: the peer's, or behind `proxies` of our own, what the outermost of them saw."""
    seen = [one.strip() for one in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",") if one.strip()]
    if proxies and len(seen) >= proxies:
        return seen[-proxies]
    return str(meta.get("REMOTE_ADDR", ""))
