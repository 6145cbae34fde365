"""The real processes of a campaign: started, killed by SIGKILL, stopped by SIGSTOP, and started again."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import redis

from marketplace import embedded
from marketplace.embedded import places, programs

ROOT: Final = pathlib.Path(__file__).parents[2]
NOW: Final = datetime(2026, 11, 2, 4, tzinfo=UTC)  # noon in Chifeng: October is closed, its grace period has passed
TEMPLATE: Final = "marketplace"
READY_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.05
PRODUCT, EARLY = "marketplace.wsgi:application", "tests.faults.early:application"
# What the tests' own processes are told, and these must not be.
NOT_HANDED_ON: Final = ("DATABASE_AS_OWNER", "MARKETPLACE_SERVICES")


class World:
    """PostgreSQL and two Redis of their own, with a database that has tables and the cast; it is only ever copied."""

    def __init__(self, name: str, *, tables_of: str = "") -> None:
        """`tables_of` is the address of a migrated database without rows: copying it is quicker than migrating."""
        self.name = name
        self.place = places.find_place(name)
        kept = self.place.folder / "cast.json"
        if not kept.exists() or json.loads(kept.read_text())["made_from"] != _made_from():
            embedded.remove(name)
            self.place = places.find_place(name)
            self.services = embedded.start(name)
            if tables_of:
                self._copy_tables(tables_of)
            cast = self.run("prepare", TEMPLATE, DATABASE_AS_OWNER="true")
            kept.write_text(json.dumps({**cast, "made_from": _made_from()}))
        self.services = embedded.start(name)
        self.cast: dict[str, Any] = json.loads(kept.read_text())
        # Every campaign begins at the same moment.
        self.clock_file.write_text(str((NOW - datetime.now(UTC)).total_seconds()))

    @property
    def clock_file(self) -> pathlib.Path:
        """How far the clock of these processes is moved."""
        return self.place.folder / "clock"

    def database_url(self, database: str, *, as_owner: bool = False) -> str:
        """The address of one of the world's databases."""
        url = self.services.database_owner_url if as_owner else self.services.database_url
        return f"{url.rpartition('/')[0]}/{database}"

    def environment(self, database: str, **more: str) -> dict[str, str]:
        """What every process is told."""
        kept = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        urls = self.services.environment()
        urls |= {
            "DATABASE_URL": self.database_url(database),
            "DATABASE_OWNER_URL": self.database_url(database, as_owner=True),
        }
        folder = self.place.folder
        paths = {"CLOCK_FILE": str(self.clock_file), "MEDIA_ROOT": str(folder / "media")}
        return kept | urls | paths | {"ENVIRONMENT": "test", "DJANGO_SETTINGS_MODULE": "marketplace.settings"} | more

    def copy_database(self, name: str, *statements: str) -> None:
        """A fresh database; `statements` change it as its owner before anybody uses it."""
        self.drop_database(name)
        # Not WAL_LOG, the default: after a crash the sequences of such a copy go back by up to 32 numbers, because
        # the copied page says that these were logged, and they were in the template's log only.
        self._execute("postgres", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        if statements:
            self._execute(name, *statements)

    def drop_database(self, name: str) -> None:
        """Remove it, when the sessions of those who were killed have ended."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                return self._execute("postgres", f"DROP DATABASE IF EXISTS {name}")
            except psycopg.errors.ObjectInUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)

    def run(self, program: str, database: str, **more: str) -> Any:
        """Run one of this folder's programs to its end; returns the JSON that it prints last."""
        ran = subprocess.run(
            [sys.executable, "-m", f"tests.faults.{program}"],
            cwd=ROOT,
            env=self.environment(database, **more),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"tests.faults.{program} failed:\n{ran.stderr[-4000:]}")
        return json.loads(ran.stdout.splitlines()[-1])

    def _copy_tables(self, source: str) -> None:
        folder = programs.find_postgres_programs(self.place)
        target = self.database_url(TEMPLATE, as_owner=True)
        dump = [folder / "pg_dump", "--no-owner", "--no-comments", f"--dbname={source}"]
        load = [folder / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={target}"]
        dumped = subprocess.run(dump, capture_output=True, check=True).stdout
        subprocess.run(load, input=dumped, stdout=subprocess.DEVNULL, check=True)

    def _execute(self, database: str, *statements: str) -> None:
        with psycopg.connect(self.database_url(database, as_owner=True), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]


class Servers:
    """Web, worker and beat on one database of a world, with a supervisor that starts again what has ended."""

    def __init__(self, world: World, database: str, *, web: str = PRODUCT, roles: tuple[str, ...]) -> None:
        self.world, self.database, self.roles = world, database, roles
        self.port = _free_port()
        self.restarts: Counter[str] = Counter()
        self._web = web
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._groups: list[int] = []
        for role in roles:
            self._log(role).unlink(missing_ok=True)
            self._start(role)
        try:
            self.wait_for_web()
        except BaseException:
            self.end()
            raise

    def kill(self, what: str, chance: random.Random) -> bool:
        """SIGKILL to one of them, and a start. False if there was nobody to kill."""
        if what in self.roles:
            process = self._processes[what]
            # Alone, a worker leaves a child behind, which finishes its task beside the next worker.
            if what == "worker" and chance.random() < 0.5:
                process.kill()
            else:
                _kill_group(process.pid)
            process.wait()
            self._start(what)
            return True
        if what == "backend":
            return self._kill_backend(chance)
        pid = self._pid(what)
        os.kill(pid, signal.SIGKILL)
        _wait_until_gone(pid)
        embedded.start(self.world.name)
        return True

    def pause(self, what: str, seconds: float) -> None:
        """SIGSTOP to all processes of a server, and after a while SIGCONT."""
        pid = self._pid(what)
        stopped = [pid]
        os.kill(pid, signal.SIGSTOP)
        for child in _children(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGSTOP)
                stopped.append(child)
        try:
            time.sleep(seconds)
        finally:
            for one in reversed(stopped):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)

    def flush(self) -> None:
        """FLUSHALL of both Redis: every task and all that is cached is gone."""
        sockets = self.world.place.sockets
        for kind in ("broker", "cache"):
            with redis.Redis(unix_socket_path=str(sockets / f"{kind}.sock"), socket_timeout=10) as one:
                one.flushall()

    def revive(self) -> None:
        """Start again what has ended by itself."""
        for role, process in list(self._processes.items()):
            if process.poll() is not None:
                self.restarts[f"{role} ended by itself"] += 1
                _kill_group(process.pid)
                self._start(role)

    def wait_for_web(self) -> None:
        """Until it answers anything at all."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            self.revive()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("GET", "/api/v1/none")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                time.sleep(POLL_S)
            else:
                return
            finally:
                connection.close()
        raise RuntimeError(f"The web server did not answer in {READY_TIMEOUT_S:.0f} s; see {self._log('web')}")

    def end(self) -> None:
        """Kill all that was started here, orphans too."""
        for group in self._groups:
            _kill_group(group)
        for process in self._processes.values():
            process.wait()

    def _start(self, role: str) -> None:
        schedule = self.world.place.folder / f"beat-{self.database}"
        celery = ["celery", "--app", "tests.faults.quick"]
        arguments = {
            "web": [
                *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port)),
                *("--blocking-threads", "8", self._web),
            ],
            "worker": [
                "celery",
                "--app",
                "marketplace.celery",
                "worker",
                "--concurrency",
                "1",
                "--loglevel",
                "WARNING",
            ],
            "beat": [*celery, "beat", "--pidfile", "", "--schedule", str(schedule), "--loglevel", "WARNING"],
        }[role]
        with self._log(role).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=self.world.environment(self.database),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes[role] = process
        self._groups.append(process.pid)

    def _log(self, role: str) -> pathlib.Path:
        return self.world.place.folder / f"{role}-{self.database}.log"

    def _pid(self, what: str) -> int:
        folder = self.world.place.folder
        files = {"postgres": folder / "postgres" / "postmaster.pid"}
        pid = programs.read_pid(files.get(what, folder / f"redis-{what}" / "redis.pid"))
        if pid is None:
            raise RuntimeError(f"{what} has no process")
        return pid

    def _kill_backend(self, chance: random.Random) -> bool:
        """One session's process: PostgreSQL then ends all others and recovers by itself."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not (sessions := self._sessions()):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(sessions), signal.SIGKILL)
        return True

    def _sessions(self) -> list[int]:
        """PostgreSQL's processes for connections to this database; their command lines name it."""
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
        parent = str(self._pid("postgres"))
        return [int(row[0]) for row in rows if row[1] == parent and f" {self.database} " in row[2]]


def _made_from() -> str:
    """What tables and cast depend on."""
    files = sorted(
        {*ROOT.glob("*/**/migrations/*.py"), ROOT / "tests" / "factories.py", *ROOT.glob("tests/faults/prepare.py")}
    )
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(row.split()[0]) for row in listed.splitlines() if int(row.split()[1]) == pid]


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
