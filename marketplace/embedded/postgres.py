"""PostgreSQL 18 from the wheel: made once, started, asked and stopped."""

import json
import pathlib
import secrets
import shutil
import signal
import subprocess
import time
import urllib.parse

from marketplace.embedded import places, programs

SUPERUSER = "postgres"
OWNER = "marketplace_owner"
APP = "marketplace_app"
DATABASE = "marketplace"
PORT = 5432  # names the socket file only; nothing listens on TCP
LEFT_BEHIND = "pre-existing shared memory block"
TAKES_CONNECTIONS, REFUSES_FOR_NOW = 0, 1  # exit codes of pg_isready
BOOTSTRAP_SQL = pathlib.Path(__file__).with_name("bootstrap.sql")

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "250",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
    "jit": "off",
}
# Safe for data that a test can make again, and for no other.
TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start(place: places.Place) -> None:
    """Bring the server up; one that is up already, or recovers from a crash, is left alone."""
    if _is_ready_soon(place):
        return
    program_folder = programs.find_postgres_programs(place)
    _read_or_make_passwords(place)
    _make_cluster(place, program_folder)
    _clear_leftovers(place)
    settings = {**SETTINGS, "unix_socket_directories": str(place.sockets)}
    if place.is_for_tests:
        settings |= TEST_SETTINGS
    _launch(place, program_folder, settings)
    try:
        _bootstrap(place, program_folder)
    except places.EmbeddedError:
        stop(place)  # or the next start would find it answering and take it for complete
        raise


def _launch(place: places.Place, program_folder: pathlib.Path, settings: dict[str, str]) -> None:
    """Start it; again, while processes that a killed server left behind end: PostgreSQL refuses to run beside them."""
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    deadline = time.monotonic() + programs.START_TIMEOUT_S
    while True:
        try:
            return programs.launch(
                [program_folder / "postgres", "-D", _cluster(place), *options],
                account=place.account,
                cwd=place.folder,
                log=place.folder / "postgres.log",
                is_ready=lambda: is_ready(place),
            )
        except programs.EndedAtOnceError as error:
            if LEFT_BEHIND not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(programs.POLL_S)


def stop(place: places.Place) -> None:
    """Stop the server: running statements are cut off, committed data is on disk."""
    pid = programs.read_pid(_cluster(place) / "postmaster.pid")
    marker = str(_cluster(place))
    programs.stop_process(pid, marker, signals=[signal.SIGINT, signal.SIGQUIT])


def is_ready(place: places.Place) -> bool:
    """Whether the server answers on its socket and takes connections."""
    return _ask(place) == TAKES_CONNECTIONS


def url_for(place: places.Place, *, role: str) -> str:
    """Return the URL of the marketplace database for `role`, the socket folder as its host."""
    password = _read_or_make_passwords(place)[role]
    host = urllib.parse.quote(str(place.sockets), safe="")
    return f"postgres://{role}:{password}@{host}:{PORT}/{DATABASE}"


def _ask(place: places.Place) -> int | None:
    """What pg_isready says; None if there is nobody to ask."""
    if not (place.sockets / f".s.PGSQL.{PORT}").exists():
        return None
    if not (_cluster(place) / "postmaster.pid").exists():
        return None
    program = programs.find_postgres_programs(place) / "pg_isready"
    answer = subprocess.run(
        [program, "--quiet", "--host", place.sockets, "--port", str(PORT)],
        check=False,
    )
    return answer.returncode


def _is_ready_soon(place: places.Place) -> bool:
    """Whether it takes connections, now or when it has recovered: stopped halfway, it would have to begin again."""
    deadline = time.monotonic() + programs.START_TIMEOUT_S
    while (answer := _ask(place)) == REFUSES_FOR_NOW and time.monotonic() < deadline:
        time.sleep(programs.POLL_S)
    return answer == TAKES_CONNECTIONS


def _cluster(place: places.Place) -> pathlib.Path:
    return place.folder / "postgres"


def _read_or_make_passwords(place: places.Place) -> dict[str, str]:
    path = place.folder / "passwords.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    passwords = {role: secrets.token_hex(24) for role in (SUPERUSER, OWNER, APP)}
    _write_private(path, json.dumps(passwords), place.account)
    return passwords


def _make_cluster(place: places.Place, program_folder: pathlib.Path) -> None:
    """Run initdb beside the final place and rename: an interrupted start leaves no half cluster."""
    if _cluster(place).exists():
        return
    unfinished = place.folder / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file = place.folder / "initdb.password"
    _write_private(password_file, _read_or_make_passwords(place)[SUPERUSER], place.account)
    try:
        programs.run_program(
            [
                program_folder / "initdb",
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The same order and case rules on every machine, whatever locales it has.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *(["--no-sync"] if place.is_for_tests else []),
            ],
            account=place.account,
            cwd=place.folder,
        )
    finally:
        password_file.unlink()
    unfinished.rename(_cluster(place))


def _clear_leftovers(place: places.Place) -> None:
    """Remove what a killed server or a restarted container left behind.

    A server that lives but cannot be reached (its socket was swept from /tmp) is stopped.
    The number in postmaster.pid may belong to another process by now, for which
    PostgreSQL would refuse to start; we hold the lock of this place and know better.
    """
    stop(place)
    (_cluster(place) / "postmaster.pid").unlink(missing_ok=True)
    for leftover in place.sockets.glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _bootstrap(place: places.Place, program_folder: pathlib.Path) -> None:
    passwords = _read_or_make_passwords(place)
    programs.run_program(
        [program_folder / "psql", "--no-psqlrc", "--quiet", f"--file={BOOTSTRAP_SQL}"],
        account=None,
        cwd=place.folder,
        environment={
            "PGHOST": str(place.sockets),
            "PGPORT": str(PORT),
            "PGUSER": SUPERUSER,
            "PGDATABASE": "postgres",
            "PGPASSWORD": passwords[SUPERUSER],
            "MARKETPLACE_OWNER_PASSWORD": passwords[OWNER],
            "MARKETPLACE_APP_PASSWORD": passwords[APP],
        },
    )


def _write_private(path: pathlib.Path, text: str, account: places.Account | None) -> None:
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)  # closed to others before it says anything
    unfinished.write_text(text)
    places.hand_over(unfinished, account)
    unfinished.replace(path)
