"""Benchmarks: what they measure with, and what they need that is not part of the project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACES = Path(os.environ.get("TRACES", ROOT.parent / "shared" / "traces"))
TRACE = TRACES / "azure_vm_2017_a.csv.gz"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs the trace where it is not there, and say so."""
    without = [item for item in items if "trace" in getattr(item, "fixturenames", ())]
    if TRACE.exists() or not without:
        return
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"Left out {len(without)}: there is no {TRACE.name}; name its folder in TRACES.")


@pytest.fixture
def trace() -> Path:
    """The real trace: see docs/usage.md for where it comes from."""
    return TRACE
