"""Runs web, worker and clock side by side, says when the pages can be opened, and ends them together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

PATIENCE_S = 10


def run_together(commands: Sequence[Sequence[str]], *, port: int, when_open: Callable[[], None]) -> int:
    """Run the commands until one ends or this process is told to stop; then stop the others.

    `when_open` is called once, as soon as something listens on `port`. Returns the exit status of the one that ended
    first, or 0 when told to stop.
    """
    asked_to_stop = False

    def stop(signal_number: int, frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    children = [subprocess.Popen([sys.executable, *command], start_new_session=True) for command in commands]
    is_open = False
    try:
        while not asked_to_stop:
            if ended := next((child for child in children if child.poll() is not None), None):
                return ended.returncode
            if not is_open and (is_open := listens(port=port)):
                when_open()
            time.sleep(0.2)
        return 0
    finally:
        _end(children)


def listens(*, port: int) -> bool:
    """Whether a program of this machine answers on `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


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
