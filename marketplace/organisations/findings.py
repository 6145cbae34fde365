"""Findings of automatic checks: what a code means and what to do about it, in the reader's language.

A room that checks something names its codes in a table (code → Text) and subclasses Finding with it. A finding is kept
as its code and parameters, so that its words can change with a release and follow the reader.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from django.utils.functional import Promise

ERROR: Final = "error"
WARNING: Final = "warning"


@dataclass(frozen=True, slots=True)
class Text:
    """A finding's level and its words; parameters stand in %(…)s."""

    level: str
    message: Promise
    remedy: Promise


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found, at a field of what was checked."""

    TEXTS: ClassVar[Mapping[str, Text]]

    code: str
    field: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def level(self) -> str:
        """ "error" blocks what was checked; "warning" is shown to the reviewer."""
        return self.TEXTS[self.code].level

    @property
    def is_error(self) -> bool:
        return self.level == ERROR

    @property
    def message(self) -> str:
        """What is wrong."""
        return str(self.TEXTS[self.code].message) % self.shown()

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return str(self.TEXTS[self.code].remedy) % self.shown()

    def shown(self) -> Mapping[str, str]:
        """The parameters in the reader's words."""
        return self.params

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "field": self.field, "params": dict(self.params)}

    @classmethod
    def read(cls, stored: Iterable[Mapping[str, Any]] | None) -> list[Self]:
        """Findings as they were kept; codes of another release are left out."""
        return [
            cls(one["code"], one["field"], one.get("params", {}))
            for one in stored or ()
            if one.get("code") in cls.TEXTS
        ]
