"""The habits of the house that a machine can check: small files, short functions, the same furniture."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "marketplace/organisations",
    "marketplace/procurement",
    "marketplace/statistics",
    "marketplace/api",
    "marketplace/shop",
    "marketplace/embedded",
    "listings",
    "providers",
    *(f"billing/{room}" for room in ("rules", "ledger", "contracts", "metering", "rating")),
    *(f"billing/{room}" for room in ("invoicing", "payments", "settlement", "exports")),
    "frontend",
]
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "services.py", "common.py", "misc.py"}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_README = 400, 70, 30


def sources() -> list[Path]:
    """Every Python file of ours that git knows, without migrations."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split("\n")  # fmt: skip
    paths = [ROOT / name for name in listing if name and "/migrations/" not in name]
    assert len(paths) > 50, "the tests need the git checkout to know which files are ours"
    return [path for path in paths if path.exists()]


def test_files_are_short() -> None:
    long = {str(p.relative_to(ROOT)): n for p in sources() if (n := len(p.read_text().splitlines())) > LONGEST_FILE}
    assert long == {}


def test_functions_are_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in sources()
        if path.parts[len(ROOT.parts)] != "tests"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_drawer_for_odds_and_ends() -> None:
    assert [str(p.relative_to(ROOT)) for p in sources() if p.name in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_short_readme(room: str) -> None:
    readme = ROOT / room / "README.md"
    assert readme.exists(), f"{room} has no README.md"
    assert len(readme.read_text().splitlines()) <= LONGEST_README


def test_only_the_agreed_folders_stand_at_the_top() -> None:
    agreed = {"marketplace", "listings", "billing", "providers", "frontend", "tests", "docs"}
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    folders = {name.split("/")[0] for name in listing if "/" in name}
    assert {name for name in folders if not name.startswith(".")} <= agreed


def test_operations_take_keywords_only() -> None:
    """A public write or read is called by name: `ledger.post(business_key=…)` reads well at the call."""
    positional = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in sources()
        if path.name in ("operations.py", "queries.py") and path.parts[len(ROOT.parts)] != "tests"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and (node.args.args or node.args.posonlyargs)
    ]
    assert positional == []


def test_only_doors_and_the_pipeline_read_the_clock() -> None:
    """Rooms are told what time it is; a management command is a door."""
    offenders = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.parts[len(ROOT.parts)] in ("billing", "listings", "providers") and "management" not in path.parts
        for line in path.read_text().splitlines()
        if "clock.now(" in line or "timezone.now()" in line or "datetime.now(" in line or "date.today(" in line
    ]
    assert offenders == []
