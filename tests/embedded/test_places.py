"""The servers run wherever the project lies and whoever starts them."""

import os
import pathlib
import shutil
import subprocess

import psycopg
import pytest

from marketplace import embedded
from marketplace.embedded import places
from tests.embedded import conftest

LONG = "/".join(["x" * 100, "y" * 100, "z" * 60])


@pytest.mark.parametrize("below", ["a path with spaces/it's mine", LONG, "云 资源/" + LONG])
def test_data_stays_in_the_project_under_any_path(open_folder: pathlib.Path, below: str) -> None:
    clone = conftest.make_clone(open_folder / below)
    variables = clone.start()
    try:
        with psycopg.connect(variables["DATABASE_URL"]) as connection:
            data = connection.execute("SELECT 1").fetchone()
        assert data == (1,)
        status = clone.call("status", "--name", "test")
        assert status == f"test: running; data in {clone.project}/.private/test\n"
        assert (clone.project / ".private/test/postgres/PG_VERSION").read_text() == "18\n"
    finally:
        clone.call("stop", "--name", "test")
        _remove_sockets(variables)


def test_a_path_that_breaks_the_programs_quoting_is_passed_over(open_folder: pathlib.Path) -> None:
    clone = conftest.make_clone(open_folder / 'a "quoted" $HOME', home=open_folder)
    variables = clone.start()
    folder = _folder_of(clone)
    try:
        with psycopg.connect(variables["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert not folder.is_relative_to(clone.project / ".private")
        assert places.is_safe_path(folder)
    finally:
        clone.call("stop", "--name", "test")
        _remove_sockets(variables)
        shutil.rmtree(folder.parent)


def test_an_ordinary_account_runs_the_servers_itself(open_folder: pathlib.Path) -> None:
    clone = conftest.make_clone(open_folder / "home" / "project")
    if os.geteuid() == 0:
        uid = conftest.NOBODY
        subprocess.run(["chown", "-R", f"{uid}:{uid}", open_folder / "home"], check=True)
    else:
        uid = os.geteuid()
    drop_to = uid if os.geteuid() == 0 else None
    variables = clone.start(uid=drop_to)
    try:
        with psycopg.connect(variables["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        folder = _folder_of(clone, uid=drop_to)
        assert folder == clone.project / ".private" / "test"
        assert _owners_of(folder) == {uid}
    finally:
        clone.call("stop", "--name", "test", uid=drop_to)
        _remove_sockets(variables)


def test_the_servers_never_run_as_root(private: pathlib.Path) -> None:
    with embedded.running("test") as services:
        owners = _owners_of(services.folder / "postgres")
        process = pathlib.Path(f"/proc/{(services.folder / 'postgres/postmaster.pid').read_text().splitlines()[0]}")
        if process.exists():
            owners |= {process.stat().st_uid}
    assert len(owners) == 1
    assert 0 not in owners


def test_folders_and_sockets_are_closed_to_others(private: pathlib.Path) -> None:
    with embedded.running("test") as services:
        sockets = places.find_place("test").sockets
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= 103
        for folder in (services.folder, sockets):
            assert folder.stat().st_mode & 0o777 == 0o700
        assert (services.folder / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_a_project_closed_to_other_accounts_keeps_its_data_in_a_place_that_servers_reach(
    open_folder: pathlib.Path,
) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    clone = conftest.make_clone(closed / "project")
    variables = clone.start()
    folder = _folder_of(clone)
    try:
        with psycopg.connect(variables["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        if os.geteuid() == 0:
            assert folder.is_relative_to("/var/lib/cloud-resource-marketplace")
            assert closed.stat().st_mode & 0o777 == 0o700
        else:
            assert folder == clone.project / ".private" / "test"
    finally:
        clone.call("stop", "--name", "test")
        _remove_sockets(variables)
        if folder.is_relative_to("/var/lib"):
            shutil.rmtree(folder.parent)


def test_a_socket_folder_of_somebody_else_is_not_used(private: pathlib.Path) -> None:
    expected = places.find_place("test").sockets
    expected.chmod(0o777)  # as an intruder would make it
    try:
        assert places.find_place("test").sockets == expected.with_name(expected.name + "-1")
    finally:
        shutil.rmtree(places.find_place("test").sockets)
        shutil.rmtree(expected)


def _folder_of(clone: conftest.Clone, uid: int | None = None) -> pathlib.Path:
    return pathlib.Path(clone.call("status", "--name", "test", uid=uid).rstrip("\n").split("data in ", 1)[1])


def _owners_of(folder: pathlib.Path) -> set[int]:
    return {path.stat().st_uid for path in [folder, *folder.rglob("*")]}


def _remove_sockets(variables: dict[str, str]) -> None:
    shutil.rmtree(pathlib.Path(variables["REDIS_CACHE_URL"].removeprefix("unix://").split("?")[0]).parent)
