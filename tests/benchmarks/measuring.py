"""CPU of a page: of the process that answers (`time.process_time`) and of the PostgreSQL process that serves it.

The second is read from `/proc/<pid>/schedstat` of the connection's backend (nanoseconds on a CPU, by the kernel);
where there is no /proc, only the first is counted, and `postgres_cpu` says 0 for both sides.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def backend_cpu(connection: Any) -> float:
    """Seconds of CPU that the backend of this connection has used so far."""
    if connection.connection is None:
        connection.connect()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(stat.read_text().split()[0]) / 1e9 if stat.exists() else 0.0


def measure(connection: Any, work: Callable[[], Any], *, times: int) -> float:
    """Milliseconds of CPU per call, both processes together."""
    before = time.process_time() + backend_cpu(connection)
    for _ in range(times):
        work()
    return (time.process_time() + backend_cpu(connection) - before) / times * 1000
