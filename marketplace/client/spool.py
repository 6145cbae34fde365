"""Events that wait on this machine's disk until the marketplace has answered for them.

open.jsonl        what `add` appends to, a line an event
<name>.batch      sealed: one request; removed once it is answered
refused.jsonl     events that were answered with a conflict or a rejection, each with the answer
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

LARGEST_BATCH_BYTES: Final = 4 * 1024 * 1024  # half of what the marketplace takes


class SpoolInUse(RuntimeError):
    """Another process uses this folder. Give each process a spool of its own."""


class Spool:
    """A folder of waiting events, for one process at a time. What stands in it survives a crash of the machine."""

    def __init__(self, folder: str | os.PathLike[str], *, batch_size: int) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.batch_size = batch_size
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise SpoolInUse(f"{self.folder} is used by another process; give each process its own.") from None
        self._path = self.folder / "open.jsonl"
        self._count, self._bytes = self._mend()
        self._file = self._path.open("ab")

    def close(self) -> None:
        """Let another process have it; what waits stays."""
        self._file.close()
        self._lock.close()

    def add(self, event: Mapping[str, Any]) -> None:
        """Keep an event; it is on disk when this returns."""
        line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        if self._count and (self._count >= self.batch_size or self._bytes + len(line) > LARGEST_BATCH_BYTES):
            self.seal()
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._count, self._bytes = self._count + 1, self._bytes + len(line)

    def seal(self) -> None:
        """Make what was added so far a batch of its own."""
        if not self._count:
            return
        self._file.close()
        # Sorted by name is sorted by time; the random end keeps two of one nanosecond apart.
        self._path.rename(self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.batch")
        self._file = self._path.open("ab")
        self._count = self._bytes = 0

    def batches(self) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
        """The sealed batches, oldest first."""
        for path in sorted(self.folder.glob("*.batch")):
            yield path, [json.loads(line) for line in path.read_bytes().splitlines()]

    def answered(self, path: Path, *, refused: Iterable[Mapping[str, Any]]) -> None:
        """A batch is answered: keep what was refused beside it, then let it go."""
        lines = [json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in refused]
        if lines:
            with (self.folder / "refused.jsonl").open("ab") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
        path.unlink()

    def _mend(self) -> tuple[int, int]:
        """Cut what a crash left of a last line (its `add` never returned). Returns the lines and bytes that stand."""
        if not self._path.exists():
            return 0, 0
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self._path, len(whole))
        return whole.count(b"\n"), len(whole)
