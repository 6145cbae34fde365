"""Fields of a case. Peers call the same thing by different names; each reader here knows the names, and remembers
which it has used, so that an answer can say what it has not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.rules import decimals

_HEAD: Final = ("id", "category", "model", "currency", "convention")
_MOST_DIGITS: Final = 60
_HALF_UP: Final = ("", "half_up", "half up", "round_half_up", "half-up")


class InvalidCase(ValueError):
    """A case cannot be rated: `field`, and what to do about it."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message.removeprefix(f'{field}: ').rstrip('.')}.")


@dataclass(frozen=True, slots=True)
class Answer:
    """`amount` unrounded; `parts` as text; `places` where it is no amount of money."""

    amount: Decimal
    rule: str
    parts: dict[str, Any] = field(default_factory=dict)
    places: int | None = None


class Case:
    """The fields of `parameters` and `input` together; of one name in both, the input's."""

    def __init__(self, given: Any) -> None:
        if not isinstance(given, Mapping):
            raise InvalidCase("case", "must be an object with category, parameters and input")
        self._head = {name: given.get(name) for name in _HEAD}
        self._values: dict[str, Any] = {}
        for place in ("parameters", "input"):
            part = given.get(place, {})
            if not isinstance(part, Mapping):
                raise InvalidCase(place, "must be an object")
            self._values |= part
        self._read: set[str] = set()

    def has(self, *names: str) -> bool:
        """Whether any of these is given; null is not."""
        return any(self._values.get(name) is not None for name in names)

    def raw(self, *names: str) -> Any:
        """The value of the first of `names` that is given, or None."""
        for name in names:
            if self._values.get(name) is not None:
                self._read.add(name)
                return self._values[name]
        return None

    def name_of(self, *names: str) -> str:
        """Which of `names` the case uses; the first, if none."""
        return next((name for name in names if self.has(name)), names[0])

    def text(self, *names: str, default: str | None = None) -> str:
        value = self._head.get(names[0]) if names[0] in _HEAD else self.raw(*names)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise InvalidCase(names[0], "is missing; give it as text")
        return value

    def number(self, *names: str, default: str | Decimal | None = None) -> Decimal:
        value = self.raw(*names)
        if value is None:
            if default is None:
                raise InvalidCase(names[0], f"is missing; give {' or '.join(names)} as a decimal text")
            return Decimal(default)
        return to_number(value, name=self.name_of(*names))

    def maybe(self, *names: str) -> Decimal | None:
        return self.number(*names) if self.has(*names) else None

    def share(self, name: str, *others: str) -> Decimal | None:
        """A rate as a fraction: `rate_percent` 1.3 and `rate` 0.013 are the same; None if neither is given."""
        percent = self.maybe(f"{name}_percent", f"{name}_percentage", *others)
        if percent is not None:
            return decimals.shift(percent, places=-2)
        return self.maybe(name)

    def numbers(self, *names: str) -> list[Decimal] | None:
        value = self.raw(*names)
        if value is None:
            return None
        label = self.name_of(*names)
        return [to_number(one, name=f"{label}[{at}]") for at, one in enumerate(to_list(value, name=label), 1)]

    def rows(self, *names: str) -> list[Row] | None:
        value = self.raw(*names)
        if value is None:
            return None
        label = self.name_of(*names)
        return [Row(one, name=f"{label}[{at}]") for at, one in enumerate(to_list(value, name=label), 1)]

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.raw(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise InvalidCase(name, "must be true or false")
        return value

    def span(self, *names: str) -> tuple[Any, Any] | None:
        """[start, end) as two dates, or two instants."""
        value = self.raw(*names)
        if value is None:
            return None
        label = self.name_of(*names)
        if isinstance(value, Mapping):
            value = [value.get("start", value.get("from")), value.get("end", value.get("to"))]
        ends = to_list(value, name=label)
        if len(ends) != 2:
            raise InvalidCase(label, "give its start and its end, the end not included")
        start, end = (to_moment(one, name=label) for one in ends)
        if isinstance(start, datetime) != isinstance(end, datetime):
            raise InvalidCase(label, "give two dates or two instants, not one of each")
        if end < start:
            raise InvalidCase(label, "ends before it begins; give the start first")
        return start, end

    def zone(self) -> ZoneInfo:
        name = self.text("time_zone", "timezone", "tz", default="Asia/Shanghai")
        try:
            return ZoneInfo(name)
        except (ValueError, OSError):  # what is not found is an OSError or a KeyError of its own
            raise InvalidCase("time_zone", f"{name!r} is not known; use a name such as Asia/Shanghai") from None
        except KeyError:
            raise InvalidCase("time_zone", f"{name!r} is not known; use a name such as Asia/Shanghai") from None

    def require_half_up(self) -> None:
        """The one rounding there is; another one asked for is refused rather than passed over."""
        mode = str(self.raw("rounding", "rounding_mode") or "")
        if mode.lower() not in _HALF_UP:
            raise InvalidCase("rounding", f"{mode!r} is not used here; amounts are rounded half up")

    def not_read(self) -> list[str]:
        return sorted(name for name in self._values if name not in self._read)


class Row(Case):
    """One object of a list, such as a tier, an event or a line."""

    def __init__(self, given: Any, *, name: str) -> None:
        if not isinstance(given, Mapping):
            given = {"value": given}
        super().__init__({"input": given})
        self.name = name

    def number(self, *names: str, default: str | Decimal | None = None) -> Decimal:
        try:
            return super().number(*names, default=default)
        except InvalidCase as error:
            raise InvalidCase(f"{self.name}.{error.field}", str(error).partition(": ")[2]) from None

    def moment(self, *names: str) -> Any:
        value = self.raw(*names)
        if value is None:
            raise InvalidCase(f"{self.name}.{names[0]}", "is missing; write it like 2026-03-01T00:00:00Z")
        return to_moment(value, name=f"{self.name}.{self.name_of(*names)}")

    def is_null(self, *names: str) -> bool:
        return not self.has(*names)


def to_number(value: Any, *, name: str) -> Decimal:
    """Decimal text or a JSON number that was read as a Decimal; never a float."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidCase(name, "must be a decimal number, written as text")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidCase(name, f"{str(value)[:40]!r} is not a decimal number; write it like 12.5") from None
    if not number.is_finite():
        raise InvalidCase(name, f"{value} is not a finite number; write it like 12.5")
    if len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        raise InvalidCase(name, f"has more than {_MOST_DIGITS} digits; shorten it")
    return number


def to_list(value: Any, *, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidCase(name, "must be a list")
    return value


def to_moment(value: Any, *, name: str) -> date | datetime:
    """A civil date, or an instant with its offset."""
    if isinstance(value, str):
        try:
            if len(value) == 10:
                return date.fromisoformat(value)
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.utcoffset() is not None:
            return moment
        if moment is not None:
            raise InvalidCase(name, f"{value} has no time zone; end it with Z or +08:00")
    raise InvalidCase(name, f"{str(value)[:40]!r} is not a time; write it like 2026-03-01 or 2026-03-01T00:00:00Z")


def plain(values: Iterator[Decimal] | list[Decimal]) -> list[str]:
    return [decimals.format_plain(value) for value in values]
