"""Sets of slots as whole numbers: bit n stands for slot n. Python's own integers do the work at the speed of C.

Twenty thousand slots are a number of 2.5 kB; `a & b` and counting its bits take about a microsecond each.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import compress
from typing import Final

BLOCK: Final = 256
_FLAGS: Final = bytes.maketrans(b"01", b"\x00\x01")


def collect(slots: Iterable[int]) -> int:
    """The set of these slots."""
    found = list(slots)
    if len(found) < 8:
        small = 0
        for slot in found:
            small |= 1 << slot
        return small
    marks = bytearray(max(found) // 8 + 1)
    for slot in found:
        marks[slot >> 3] |= 1 << (slot & 7)
    return int.from_bytes(marks, "little")


def spread(bits: int, *, order: Sequence[int], size: int) -> Iterator[int]:
    """The slots of a set in the order given, each below `size`; slots that `order` does not name are left out."""
    flags = f"{bits:0{size}b}"[::-1].encode().translate(_FLAGS)
    return compress(order, map(flags.__getitem__, order))


class Ranked:
    """Slots by a number, for ranges: every 256th place keeps the set of all before it."""

    def __init__(self, pairs: Iterable[tuple[Decimal, int]]) -> None:
        ranked = sorted(pairs)
        self._numbers = [number for number, _slot in ranked]
        self._slots = [slot for _number, slot in ranked]
        self._before = [0]
        for start in range(0, len(ranked), BLOCK):
            self._before.append(self._before[-1] | collect(self._slots[start : start + BLOCK]))

    def between(self, low: Decimal | None, high: Decimal | None) -> int:
        """Slots whose number is from `low` to `high`, both included; None is no bound."""
        start = 0 if low is None else bisect_left(self._numbers, low)
        end = len(self._numbers) if high is None else bisect_right(self._numbers, high)
        return self._first(end) & ~self._first(start) if start < end else 0

    def _first(self, count: int) -> int:
        blocks, rest = divmod(count, BLOCK)
        return self._before[blocks] | collect(self._slots[blocks * BLOCK : blocks * BLOCK + rest])
