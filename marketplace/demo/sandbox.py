"""Payment services for the demo: without keys of its own, it starts the fakes of `tests/fakes`, marked as a sandbox."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from marketplace.settings.environment import PRIVATE

PATIENCE_S = 20


@contextmanager
def running(*, port: int) -> Iterator[bool]:
    """Serve them while the block runs, and put their keys into the environment of what is started inside.

    False if keys are configured already, or the fakes are not installed here.
    """
    if settings.GATEWAYS or importlib.util.find_spec("tests.fakes.sandbox") is None:
        yield False
        return
    file = PRIVATE / "sandbox.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fakes.sandbox", f"http://127.0.0.1:{port}", str(file)]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not file.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if file.exists():
            os.environ.update(json.loads(file.read_text()))
        yield file.exists()
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)
        file.unlink(missing_ok=True)
