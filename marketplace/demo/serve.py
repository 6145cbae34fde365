"""Runs web, worker and clock side by side, and ends them together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

PATIENCE_S = 10


def run_together(commands: Sequence[Sequence[str]]) -> int:
    """Run the commands until one ends or this process is told to stop; then stop the others.

    Returns the exit status of the one that ended first, or 0 when told to stop.
    """
    asked_to_stop = False

    def stop(signal_number: int, frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    children = [subprocess.Popen([sys.executable, *command], start_new_session=True) for command in commands]
    try:
        while not asked_to_stop:
            if ended := next((child for child in children if child.poll() is not None), None):
                return ended.returncode
            time.sleep(0.2)
        return 0
    finally:
        _end(children)


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask the children, with all they started, to end; after a while, make them."""
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
