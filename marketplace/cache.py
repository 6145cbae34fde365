"""The cache that all processes share. It may be away: whoever asks it goes on without it (`RELIABILITY.md`, P17).

Once it has failed, this process leaves it alone for a while, whoever asks: one call in REST_S waits for its time-out,
and not one for every use that is made of it.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.core.cache.backends.redis import RedisCache
from redis import RedisError

REST_S: Final = 30.0

logger = logging.getLogger(__name__)
_asks_again_at = 0.0


class Away(Exception):
    """The cache does not answer, or did not a moment ago and is not asked."""


def ask_again() -> None:
    """Do not wait any longer; for tests."""
    global _asks_again_at
    _asks_again_at = 0.0


class SharedCache(RedisCache):
    """Django's Redis cache; each of the calls below raises Away instead of what the driver raises."""

    def add(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().add, given, named)

    def get(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().get, given, named)

    def set(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().set, given, named)

    def incr(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().incr, given, named)

    def delete(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().delete, given, named)

    def get_many(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().get_many, given, named)

    def set_many(self, *given: Any, **named: Any) -> Any:
        """As Django's."""
        return _ask(super().set_many, given, named)


def _ask(call: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    global _asks_again_at
    if time.monotonic() < _asks_again_at:
        raise Away
    try:
        return call(*given, **named)
    except (RedisError, OSError) as error:
        _asks_again_at = time.monotonic() + REST_S
        logger.warning("The cache does not answer; it is left alone for %s s.", REST_S, exc_info=True)
        raise Away from error
