"""Two Redis servers from the wheel: a broker that keeps its data, and a cache that may forget."""

import functools
import pathlib
import signal
import socket

from marketplace.embedded import places, programs

KINDS = {
    "broker": (
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
    ),
    "cache": (
        "appendonly no",
        "maxmemory 64mb",
        "maxmemory-policy allkeys-lru",
    ),
}
ANSWER_TIMEOUT_S = 5.0


def start(place: places.Place) -> None:
    """Bring both servers up; one that is up already is left alone."""
    for kind, settings in KINDS.items():
        if is_ready(place, kind):
            continue
        _stop_kind(place, kind)
        folder = _folder(place, kind)
        folder.mkdir(mode=0o700, exist_ok=True)
        places.hand_over(folder, place.account)
        configuration = folder / "redis.conf"
        configuration.write_text("\n".join(_common_settings(place, kind) + settings) + "\n")
        places.hand_over(configuration, place.account)
        _socket(place, kind).unlink(missing_ok=True)
        programs.launch(
            [programs.find_redis_program(place), "./redis.conf"],
            account=place.account,
            cwd=folder,
            log=place.folder / f"redis-{kind}.log",
            is_ready=functools.partial(is_ready, place, kind),
        )


def stop(place: places.Place) -> None:
    """Stop both servers; the broker has its data on disk then."""
    for kind in KINDS:
        _stop_kind(place, kind)


def is_ready(place: places.Place, kind: str) -> bool:
    """Whether the server answers PING (it does not while it still loads its data)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(str(_socket(place, kind)))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def broker_url_for(place: places.Place) -> str:
    """Return the broker in the form that Celery takes."""
    return f"redis+socket://{_socket(place, 'broker')}?virtual_host=0"


def cache_url_for(place: places.Place) -> str:
    """Return the cache in the form that redis-py and Django take."""
    return f"unix://{_socket(place, 'cache')}?db=0"


def _common_settings(place: places.Place, kind: str) -> tuple[str, ...]:
    return (
        "port 0",
        f"unixsocket {_socket(place, kind)}",
        "unixsocketperm 700",
        # Relative to the folder it starts in: no path that would need quoting.
        "dir ./",
        "pidfile ./redis.pid",
        'save ""',
        "daemonize no",
    )


def _folder(place: places.Place, kind: str) -> pathlib.Path:
    return place.folder / f"redis-{kind}"


def _socket(place: places.Place, kind: str) -> pathlib.Path:
    return place.sockets / f"{kind}.sock"


def _stop_kind(place: places.Place, kind: str) -> None:
    pid = programs.read_pid(_folder(place, kind) / "redis.pid")
    # Redis rewrites its command line to its name and socket.
    programs.stop_process(pid, f"{kind}.sock", signals=[signal.SIGTERM, signal.SIGKILL])
