"""Where written cards are kept: in this process, at most MOST_KEPT, and in the cache that all processes share.

A key says everything a card is made of (`queries.Mark.stamp`: the taxonomy's and the row's last writing transaction,
and the database they count in), its language, and the release that wrote it: so nothing has to be thrown away, and a
process that was just started finds what others have written. Without the cache the catalogue works, only slower.
"""

import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.core.cache import cache as shared

from marketplace.cache import Away

ROOT: Final = Path(__file__).resolve().parents[3]
MOST_KEPT: Final = 2000  # some 4 kB each
SHARED_FOR_S: Final = 7 * 24 * 3600
WRITERS: Final = ("frontend", "listings", "providers", "billing/rules")
KINDS: Final = (".py", ".html", ".mo")
ELSEWHERE: Final = frozenset({"node_modules", "static", "src", "migrations", "__pycache__"})
Key = tuple[Any, ...]

_own: OrderedDict[Key, Any] = OrderedDict()


def find(keys: Collection[Key]) -> dict[Key, Any]:
    """The cards that are kept of these."""
    found = {key: _own[key] for key in keys if key in _own}
    names = {_name(key): key for key in keys if key not in found}
    for name, card in _ask(names).items():
        found[names[name]] = card
        _keep(names[name], card)
    return found


def keep(cards: Mapping[Key, Any]) -> None:
    """Keep cards for this process and for all others."""
    for key, card in cards.items():
        _keep(key, card)
    if cards:
        with contextlib.suppress(Away):
            shared.set_many({_name(key): card for key, card in cards.items()}, timeout=SHARED_FOR_S)


def forget(*, everywhere: bool = True) -> None:
    """Keep nothing here; with `everywhere` not in the shared cache either. For tests and for measuring."""
    _own.clear()
    if everywhere:
        shared.clear()


@cache
def release() -> str:
    """What all code, templates and words are that a card is written by."""
    found = hashlib.sha256()
    for path in sorted(path for name in WRITERS for path in (ROOT / name).rglob("*")):
        if path.suffix in KINDS and not ELSEWHERE.intersection(path.parts):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _keep(key: Key, card: Any) -> None:
    _own[key] = card
    if len(_own) > MOST_KEPT:
        try:
            _own.popitem(last=False)
        except KeyError:  # another thread emptied it
            return


def _name(key: Key) -> str:
    return "card:" + hashlib.sha256(repr((release(), key)).encode()).hexdigest()


def _ask(names: Collection[str]) -> dict[str, Any]:
    if names:
        with contextlib.suppress(Away):
            return dict(shared.get_many(list(names)))
    return {}
