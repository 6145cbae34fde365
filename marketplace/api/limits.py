"""How often a key may call: counted in Redis for all processes, and in this process while Redis is away.

A fixed window of a minute, one INCR per call. A caller who fills the last second of one window and the first of the
next is let through twice as fast for two seconds, which is worth a limit that costs one round trip. No library: the
cache's own `incr` is the whole of it.
"""

import logging
import threading
import time
from typing import Final

import redis
from django.core.cache import cache

logger = logging.getLogger(__name__)

WINDOW_S: Final = 60
# Redis is left alone this long after it has failed, so that only one call in a while waits for its time-out (1 s).
REST_S: Final = 5

_local: dict[str, int] = {}
_lock: Final = threading.Lock()
_rests_until = 0.0


def wait_for(*, name: str, most: int) -> int:
    """0 if `name` may call once more in this minute (and it is counted), else the seconds until it may again."""
    now = time.time()
    window, passed = divmod(int(now), WINDOW_S)
    count = _count(f"calls:{name}:{window}")
    return 0 if count <= most else WINDOW_S - passed


def forget() -> None:
    """Begin anew, in this process; for tests."""
    global _rests_until
    with _lock:
        _local.clear()
        _rests_until = 0.0


def _count(name: str) -> int:
    global _rests_until
    if time.monotonic() >= _rests_until:
        try:
            # Two windows long, so that a slow clock of another machine still finds its count.
            cache.add(name, 0, timeout=2 * WINDOW_S)
            return int(cache.incr(name))
        except (redis.RedisError, ValueError, OSError):
            _rests_until = time.monotonic() + REST_S
            logger.warning("calls are counted per process for %s s: Redis does not answer", REST_S)
    with _lock:
        if len(_local) > 10_000:
            _local.clear()
        _local[name] = _local.get(name, 0) + 1
        return _local[name]
