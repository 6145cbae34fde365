"""COPY: many rows into one table by one stream, with the constraints and triggers of the table on."""

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NULL = "\\N"
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Rows:
    """Rows of one model on their way into its table. What a row does not name has the model's default."""

    def __init__(self, model: type[models.Model], names: Sequence[str]) -> None:
        fields = [field for field in model._meta.concrete_fields if not field.generated]
        by_column = {str(field.column): field for field in fields}
        blank = model()
        self.table = model._meta.db_table
        self.columns = list(by_column)
        self._default = [write(None if field.primary_key else _default(field, blank)) for field in by_column.values()]
        self._places = [self.columns.index(name) for name in names]
        self.lines: list[str] = []

    def add(self, values: Iterable[Any]) -> None:
        """One row: the values of the columns named at the beginning, in their order."""
        row = self._default.copy()
        for place, value in zip(self._places, values, strict=True):
            row[place] = write(value)
        self.lines.append("\t".join(row))

    def send(self) -> None:
        """Write the rows to the table, in the caller's transaction."""
        if not self.lines:
            return
        names = ", ".join(f'"{name}"' for name in self.columns)
        sql = f'COPY "{self.table}" ({names}) FROM STDIN'
        # The stream tells its errors when it ends, beyond what Django's cursor translates.
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(sql) as copy:
            copy.write("\n".join(self.lines) + "\n")
        self.lines = []


def _default(field: models.Field, blank: models.Model) -> Any:
    value = getattr(blank, str(field.attname))
    return json.dumps(value) if isinstance(field, models.JSONField) else value


def write(value: Any) -> str:
    """A value in the text form of COPY (PostgreSQL's manual, COPY, “Text Format”)."""
    writer = _WRITERS.get(type(value))
    if writer:
        return writer(value)
    return _write_text(str(value)) if isinstance(value, str) else _write_array(value)  # a choice is a kind of text


def _write_text(value: str) -> str:
    # What is printable holds no tab and no line end; `translate` is slow, and few texts need it.
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


def _write_object(value: dict[str, Any]) -> str:
    return _write_text(_encode(value))


def _write_array(value: Iterable[Any]) -> str:
    parts = ",".join('"' + str(part).replace("\\", "\\\\").replace('"', '\\"') + '"' for part in value)
    return _write_text("{" + parts + "}")


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: NULL,
    str: _write_text,
    bool: lambda value: "t" if value else "f",
    int: str,
    Decimal: lambda value: format(value, "f"),
    datetime: functools.lru_cache(maxsize=16)(datetime.isoformat),  # a chunk has one or two
    dict: _write_object,
}


def take_ids(model: type[models.Model], count: int) -> list[int]:
    """The next `count` ids of a table's own sequence."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [f'"{model._meta.db_table}"', count],
        )
        return [number for (number,) in cursor.fetchall()]
