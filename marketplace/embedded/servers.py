"""Start, share and stop all servers of a name."""

import atexit
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
from collections.abc import Iterator

from marketplace.embedded import places, postgres, redis


@dataclasses.dataclass(frozen=True, slots=True)
class Services:
    """Where the servers of a name are reached.

    `database_url` is for web and workers (it owns no table), `database_owner_url` for
    migrations; `redis_broker_url` is in Celery's form, `redis_cache_url` in redis-py's.
    """

    database_url: str
    database_owner_url: str
    redis_broker_url: str
    redis_cache_url: str
    folder: pathlib.Path

    def environment(self) -> dict[str, str]:
        """Return the variables that make every other process use these servers."""
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "REDIS_URL": self.redis_broker_url,
            "REDIS_CACHE_URL": self.redis_cache_url,
        }


def start(name: str = "demo") -> Services:
    """Start the servers of `name`, or join them; they run on until `stop`."""
    place = places.find_place(name)
    with _locked(place, "lock", fcntl.LOCK_EX):
        services = _bring_up(place)
        _kept_marker(place).touch(mode=0o600)
        places.hand_over(_kept_marker(place), place.account)
    return services


def stop(name: str = "demo") -> None:
    """Stop the servers of `name`, whoever uses them; the data stays."""
    place = places.find_place(name)
    with _locked(place, "lock", fcntl.LOCK_EX):
        _bring_down(place)


def remove(name: str = "demo") -> None:
    """Stop the servers of `name` and remove its folder with all data, media too."""
    stop(name)
    place = places.find_place(name)
    shutil.rmtree(place.sockets)
    shutil.rmtree(place.folder)


def find(name: str = "demo") -> Services | None:
    """Return the servers of `name` if all of them answer, and start nothing."""
    place = places.find_place(name)
    answers = (postgres.is_ready(place), *(redis.is_ready(place, kind) for kind in redis.KINDS))
    return _describe(place) if all(answers) else None


@contextlib.contextmanager
def running(name: str = "demo") -> Iterator[Services]:
    """Use the servers of `name`; the last user to leave stops them, unless `start` keeps them."""
    place = places.find_place(name)
    # Shared and held before the start: whoever leaves now sees that we are coming.
    try:
        with _locked(place, "users", fcntl.LOCK_SH):
            with _locked(place, "lock", fcntl.LOCK_EX):
                services = _bring_up(place)
            yield services
    finally:
        _bring_down_if_unused(place)


def hold(name: str = "demo") -> Services:
    """Use the servers of `name` until this process exits."""
    context = running(name)
    services = context.__enter__()
    holder = os.getpid()

    def leave() -> None:
        # A forked child inherits the registration, but it is not the one who holds.
        if os.getpid() == holder:
            context.__exit__(None, None, None)

    atexit.register(leave)
    return services


def _bring_up(place: places.Place) -> Services:
    postgres.start(place)
    redis.start(place)
    return _describe(place)


def _bring_down(place: places.Place) -> None:
    redis.stop(place)
    postgres.stop(place)
    _kept_marker(place).unlink(missing_ok=True)


def _bring_down_if_unused(place: places.Place) -> None:
    with _locked(place, "lock", fcntl.LOCK_EX):
        if _kept_marker(place).exists():
            return
        try:
            with _locked(place, "users", fcntl.LOCK_EX | fcntl.LOCK_NB):
                _bring_down(place)
        except BlockingIOError:
            return  # somebody else uses them and will stop them


def _describe(place: places.Place) -> Services:
    return Services(
        database_url=postgres.url_for(place, role=postgres.APP),
        database_owner_url=postgres.url_for(place, role=postgres.OWNER),
        redis_broker_url=redis.broker_url_for(place),
        redis_cache_url=redis.cache_url_for(place),
        folder=place.folder,
    )


def _kept_marker(place: places.Place) -> pathlib.Path:
    return place.folder / "kept"


@contextlib.contextmanager
def _locked(place: places.Place, file_name: str, operation: int) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it when the process dies, however it dies."""
    path = place.folder / file_name
    with path.open("a") as handle:
        places.hand_over(path, place.account)
        fcntl.flock(handle, operation)
        try:
            yield
        finally:
            # Explicit, because a forked child may still have the file open.
            fcntl.flock(handle, fcntl.LOCK_UN)
