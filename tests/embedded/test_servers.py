"""The life of the servers: shared, stopped by the last user, data kept."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
import redis

from marketplace import embedded
from marketplace.embedded import places, programs

COMMAND = [sys.executable, "-m", "marketplace.embedded"]


def test_data_survives_a_restart_and_the_cache_forgets(private: pathlib.Path) -> None:
    with embedded.running("test") as services:
        with psycopg.connect(services.database_owner_url) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('云资源')")
        _broker(services).set("job", "1")
        redis.Redis.from_url(services.redis_cache_url).set("page", "1")
    assert embedded.find("test") is None

    with embedded.running("test") as again:
        assert again == services
        with psycopg.connect(again.database_url) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("云资源",)]
        assert _broker(again).get("job") == b"1"
        assert redis.Redis.from_url(again.redis_cache_url).get("page") is None


def test_a_second_process_joins_and_does_not_stop_what_it_joined(private: pathlib.Path) -> None:
    with embedded.running("test") as services:
        pid_before = _postgres_pid(private)
        script = f"import json, os; print(json.dumps({{k: os.environ[k] for k in {sorted(services.environment())}}}))"
        seen = subprocess.run(
            [*COMMAND, "run", "--name", "test", "--", sys.executable, "-c", script],
            capture_output=True,
            check=True,
        )
        assert json.loads(seen.stdout) == services.environment()
        assert _postgres_pid(private) == pid_before
        assert embedded.find("test") == services
    assert embedded.find("test") is None


def test_the_last_user_stops_the_servers_not_the_first(private: pathlib.Path) -> None:
    first = subprocess.Popen([*COMMAND, "run", "--name", "test", "--", "sleep", "1"])
    _wait_until_found("test")
    with embedded.running("test") as services:
        assert first.wait(timeout=30) == 0
        assert embedded.find("test") == services
    assert embedded.find("test") is None


def test_start_keeps_the_servers_until_stop(private: pathlib.Path) -> None:
    try:
        services = embedded.start("test")
        with embedded.running("test") as joined:
            assert joined == services
        assert embedded.find("test") == services
    finally:
        embedded.stop("test")
    assert embedded.find("test") is None


def test_two_starts_at_once_give_one_set_of_servers(private: pathlib.Path) -> None:
    script = "import os; print(os.environ['DATABASE_URL'])"
    command = [*COMMAND, "run", "--name", "test", "--", sys.executable, "-c", script]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    urls = {process.communicate(timeout=60)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(urls) == 1
    assert embedded.find("test") is None


def test_run_hands_on_the_exit_code_and_stops(private: pathlib.Path) -> None:
    ended = subprocess.run([*COMMAND, "run", "--name", "test", "--", "sh", "-c", "exit 7"], check=False)
    assert ended.returncode == 7
    assert embedded.find("test") is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_its_command_and_the_servers_on_a_signal(private: pathlib.Path, number: signal.Signals) -> None:
    command = [*COMMAND, "run", "--name", "test", "--", sys.executable, "-c", "import time; time.sleep(60)"]
    runner = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait_until_found("test")
    time.sleep(0.5)  # the command itself has started
    runner.send_signal(number)
    assert runner.wait(timeout=30) == 128 + number
    assert embedded.find("test") is None


def test_a_killed_user_does_not_count_as_one(private: pathlib.Path) -> None:
    runner = subprocess.Popen([*COMMAND, "run", "--name", "test", "--", "sleep", "2"])
    _wait_until_found("test")
    runner.kill()
    runner.wait()
    left_behind = embedded.find("test")
    assert left_behind is not None
    with embedded.running("test") as services:
        assert services == left_behind
    assert embedded.find("test") is None


def test_committed_rows_survive_a_killed_server(private: pathlib.Path) -> None:
    with embedded.running("demo") as services:
        with psycopg.connect(services.database_owner_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        _kill_postgres(private, "demo")
        # Another process has got the number of the killed one.
        postmaster = private / "demo" / "postgres" / "postmaster.pid"
        lines = postmaster.read_text().splitlines()
        postmaster.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        with embedded.running("demo") as again, psycopg.connect(again.database_url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchall() == [(42,)]


def test_a_start_waits_for_what_a_killed_server_left_behind(private: pathlib.Path) -> None:
    with embedded.running("demo") as services:
        busy = threading.Thread(target=_work_until_cut_off, args=(services.database_owner_url,))
        busy.start()
        _wait_for_work(services.database_owner_url)
        os.kill(_postgres_pid(private, "demo"), signal.SIGKILL)
        with embedded.running("demo") as again, psycopg.connect(again.database_url) as connection:
            assert connection.execute("SELECT 1").fetchall() == [(1,)]
        busy.join()


def test_a_start_lets_a_server_recover_from_a_killed_session(private: pathlib.Path) -> None:
    with embedded.running("demo") as services:
        pid_before = _postgres_pid(private, "demo")
        for _ in range(3):
            with psycopg.connect(services.database_url) as connection:
                os.kill(connection.info.backend_pid, signal.SIGKILL)
            with embedded.running("demo"):
                assert _postgres_pid(private, "demo") == pid_before
            _wait_until_found("demo")


def test_servers_whose_sockets_were_swept_away_are_replaced(private: pathlib.Path) -> None:
    with embedded.running("test") as services:
        pid_before = _postgres_pid(private)
        for path in places.find_place("test").sockets.iterdir():
            path.unlink()
        with embedded.running("test") as again:
            assert again == services
            assert _postgres_pid(private) != pid_before
            with psycopg.connect(again.database_url) as connection:
                assert connection.execute("SELECT 1").fetchall() == [(1,)]
    assert embedded.find("test") is None


def test_an_interrupted_first_start_is_begun_again(private: pathlib.Path) -> None:
    half = private / "test" / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with embedded.running("test") as services, psycopg.connect(services.database_url) as connection:
        assert connection.execute("SHOW server_encoding").fetchall() == [("UTF8",)]
    assert not half.exists()


def test_only_test_data_may_be_lost_in_a_power_cut(private: pathlib.Path) -> None:
    query = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
    found = {}
    for name in ("demo", "test"):
        with embedded.running(name) as services, psycopg.connect(services.database_url) as connection:
            found[name] = set(connection.execute(query).fetchall())
    assert found["demo"] == {("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on")}
    assert found["test"] == {("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")}


def test_the_world_is_the_same_on_every_machine(private: pathlib.Path) -> None:
    with embedded.running("test") as services, psycopg.connect(services.database_url) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, current_setting('TimeZone'),"
            " current_setting('listen_addresses'), datlocprovider::text, datlocale, 'ä' ~ '[[:alpha:]]'"
            " FROM pg_database WHERE datname = 'marketplace'"
        ).fetchone()
    assert row == (18, "UTC", "", "b", "C.UTF-8", True)


def test_the_broker_never_forgets_and_the_cache_is_bounded(private: pathlib.Path) -> None:
    with embedded.running("test") as services:
        broker = _broker(services)
        assert broker.config_get("appendonly") == {"appendonly": "yes"}
        assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert broker.config_get("port") == {"port": "0"}
        cache = redis.Redis.from_url(services.redis_cache_url)
        assert cache.config_get("appendonly") == {"appendonly": "no"}
        assert cache.config_get("maxmemory") == {"maxmemory": str(64 * 1024 * 1024)}
        assert cache.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        assert cache.config_get("port") == {"port": "0"}


def test_remove_leaves_nothing_and_other_names_alone(private: pathlib.Path) -> None:
    for name in ("demo", "test"):
        embedded.start(name)
    sockets = places.find_place("test").sockets
    assert embedded.list_names() == ["demo", "test"]
    embedded.remove("test")
    assert not sockets.exists()
    assert embedded.list_names() == ["demo"]
    assert embedded.find("demo") is not None
    embedded.remove("demo")
    assert list(private.iterdir()) == []


def test_a_name_cannot_leave_its_folder(private: pathlib.Path) -> None:
    with pytest.raises(embedded.UnusablePlaceError, match="lower-case letters"):
        embedded.start("../elsewhere")
    assert list(private.iterdir()) == []


def _broker(services: embedded.Services) -> "redis.Redis":
    # redis-py and Celery write the same socket differently.
    path = services.redis_broker_url.removeprefix("redis+socket://").split("?")[0]
    return redis.Redis(unix_socket_path=path)


def _postgres_pid(private: pathlib.Path, name: str = "test") -> int:
    pid = programs.read_pid(private / name / "postgres" / "postmaster.pid")
    assert pid is not None
    return pid


def _kill_postgres(private: pathlib.Path, name: str) -> None:
    pid = _postgres_pid(private, name)
    os.kill(pid, signal.SIGKILL)
    while programs.is_running(pid, str(private / name)):
        time.sleep(0.02)


def _work_until_cut_off(database_url: str) -> None:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(database_url) as connection:
        while True:
            connection.execute("SELECT count(*) FROM generate_series(1, 1000000)")


def _wait_for_work(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT count%' AND pid <> pg_backend_pid()"
        while not connection.execute(query).fetchall():
            time.sleep(0.02)


def _wait_until_found(name: str) -> None:
    deadline = time.monotonic() + 30
    while embedded.find(name) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
