"""The only place that reads the time. Doors and the pipeline call `now`; rooms are told it.

A demo's clock can be moved: a file holds an offset in seconds. Production has no such file.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings


def now() -> datetime:
    """The present moment, aware, in UTC, moved by the demo's offset if there is one."""
    return datetime.now(UTC) + offset()


def offset() -> timedelta:
    """How far the demo's clock has been moved."""
    path = settings.ENV.clock_file
    if path is None or not path.exists():
        return timedelta()
    return timedelta(seconds=float(path.read_text() or 0))


def move_to(moment: datetime) -> None:
    """Move the demo's clock. Raises RuntimeError where the clock cannot be moved (production)."""
    path = settings.ENV.clock_file
    if path is None:
        raise RuntimeError("The clock cannot be moved here: only a demo has a movable clock.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str((moment - datetime.now(UTC)).total_seconds()))


def reset() -> None:
    """Let the demo's clock show the real time again."""
    if (path := settings.ENV.clock_file) is not None:
        path.unlink(missing_ok=True)
