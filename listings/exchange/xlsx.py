"""The first sheet of an XLSX file, cell by cell.

openpyxl reads the book (its sheets and which styles are dates); the cells are read here, because a million of them
through openpyxl's objects take five times as long. Office Open XML: ECMA-376, part 1, chapter 18.
"""

import contextlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree

import openpyxl
from django.utils.translation import gettext as _

from listings.exchange.problems import Problem, UnusableFile

LARGEST_UNZIPPED_BYTES: Final = 200 * 1024 * 1024
MOST_FILES: Final = 2_000
MOST_MERGED: Final = 20  # named one by one
MOST_LINES: Final = 200_000  # blank ones with a format included

_SPACE: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ROW, _CELL, _VALUE, _FORMULA, _INLINE, _MERGED, _TEXT, _ITEM, _PHONETIC = (
    _SPACE + name for name in ("row", "c", "v", "f", "is", "mergeCell", "t", "si", "rPh")
)
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_LETTERS: Final = {chr(65 + place): place + 1 for place in range(26)}


@dataclass(frozen=True, slots=True)
class NotPlain:
    """A cell that holds no plain value; `kind` is formula, date or error, `shown` what a report may show."""

    kind: str
    shown: str

    def __str__(self) -> str:
        return self.shown


@dataclass(slots=True)
class Sheet:
    """One sheet of an open file."""

    name: str
    book: zipfile.ZipFile
    path: str
    strings: list[str]
    dates: frozenset[int]
    _columns: dict[str, int] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Row number and values of the rows that are not blank. Raises UnusableFile, also for merged cells."""
        merged: list[str] = []
        try:
            with self.book.open(self.path) as source:
                yield from self._read(source, merged)
        except (ElementTree.ParseError, zipfile.BadZipFile, ValueError, IndexError, EOFError) as error:
            message = _("The sheet is damaged. Open it in a spreadsheet program and save it again.")
            raise UnusableFile(message) from error
        if merged:
            raise UnusableFile(
                _("%(cells)s are merged. Unmerge the cells and fill in each of them.")
                % {"cells": ", ".join(merged[:MOST_MERGED])},
                problems=[self._merged(cells) for cells in merged[:MOST_MERGED]],
            )

    def _merged(self, cells: str) -> Problem:
        corner = cells.partition(":")[0]
        letters = corner.rstrip("0123456789")
        return Problem(
            message=_("%(cells)s are merged. Unmerge the cells and fill in each of them.") % {"cells": cells},
            sheet=self.name,
            row=int(corner[len(letters) :] or 0),
            column=self._place(letters),
        )

    def _read(self, source: Any, merged: list[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        number = lines = 0
        for _event, element in ElementTree.iterparse(source, events=("end",)):  # noqa: S314  (no DOCTYPE comes here)
            if element.tag == _ROW:
                lines += 1
                if lines > MOST_LINES:
                    raise UnusableFile(_("The sheet has more than 200,000 rows, blank ones included. Delete them."))
                number = int(element.get("r") or number + 1)
                values = self._read_row(element)
                element.clear()
                if values:
                    yield number, tuple(values)
            elif element.tag == _MERGED:
                merged.append(element.get("ref", ""))

    def _read_row(self, row: Any) -> list[Any]:
        values: list[Any] = []
        is_blank = True
        for cell in row:
            value = self._read_cell(cell)
            if value is None:
                continue
            is_blank = False
            reference = cell.get("r")
            place = self._place(reference.rstrip("0123456789")) if reference else len(values)
            values.extend([None] * (place + 1 - len(values)))
            values[place] = value
        return [] if is_blank else values

    def _place(self, letters: str) -> int:
        """A → 0, AA → 26."""
        place = self._columns.get(letters)
        if place is None:
            place = 0
            for letter in letters:
                place = place * 26 + _LETTERS[letter]
            if place > 16_384:
                raise ValueError(letters)
            place -= 1
            self._columns[letters] = place
        return place

    def _read_cell(self, cell: Any) -> Any:
        text = None
        for part in cell:
            if part.tag == _FORMULA:
                return NotPlain("formula", "=" + (part.text or ""))
            if part.tag == _VALUE:
                text = part.text
            elif part.tag == _INLINE:
                return _unescape(_read_text(part)) or None
        return None if text is None else self._read_value(cell.get("t", "n"), text, style=cell.get("s"))

    def _read_value(self, kind: str, text: str, *, style: str | None) -> Any:
        """A value by the kind of its cell (18.18.11, ST_CellType)."""
        if kind == "n":
            if style and int(style) in self.dates:
                return NotPlain("date", text)
            return float(text) if "." in text or "E" in text or "e" in text else int(text)
        if kind == "s":
            return self.strings[int(text)] or None
        if kind == "b":
            return text == "1"
        if kind in ("e", "d"):
            return NotPlain("error" if kind == "e" else "date", text)
        return _unescape(text)


@contextlib.contextmanager
def open_sheet(data: bytes) -> Iterator[Sheet]:
    """The first sheet of the file. Raises UnusableFile for a bomb, a damaged file, or one that is no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            _check_archive(book)
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
            if not workbook.worksheets:
                raise UnusableFile(_("The file has no sheet. Fill in the template."))
            sheet = workbook.worksheets[0]
            dates = frozenset(workbook._date_formats) | frozenset(workbook._timedelta_formats)
            yield Sheet(
                name=sheet.title,
                book=book,
                path=sheet._worksheet_path,
                strings=_read_strings(book),
                dates=dates,
            )
    except UnusableFile:
        raise
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, ValueError, TypeError, OSError) as error:
        raise UnusableFile(_("The file is not a workbook or is damaged. Save it again as .xlsx.")) from error


def _check_archive(book: zipfile.ZipFile) -> None:
    """Refuse what unpacks to far more than a catalogue needs, and XML that declares entities.

    A member cannot give more bytes than it declares: zipfile stops there.
    """
    members = book.infolist()
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > LARGEST_UNZIPPED_BYTES:
        raise UnusableFile(_("The file unpacks to more than 200 MB. Save only the sheet with the offerings."))
    for one in members:
        if one.flag_bits & 1:
            raise UnusableFile(_("The file has a password. Save it without one."))
        if one.filename.endswith((".xml", ".rels")):
            with book.open(one) as source:
                if b"<!DOCTYPE" in source.read(2_000):
                    raise UnusableFile(_("The file declares entities, which no spreadsheet program writes."))


def _read_strings(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    strings = []
    with book.open("xl/sharedStrings.xml") as source:
        for _event, element in ElementTree.iterparse(source, events=("end",)):  # noqa: S314  (no DOCTYPE comes here)
            if element.tag == _ITEM:
                strings.append(_unescape(_read_text(element)))
                element.clear()
    return strings


def _read_text(element: Any) -> str:
    """The text of a cell, its runs joined, without the pronunciation that East Asian input adds."""
    if len(element) == 1 and element[0].tag == _TEXT:
        return element[0].text or ""
    found = []
    for part in element:
        if part.tag == _TEXT:
            found.append(part.text or "")
        elif part.tag != _PHONETIC:
            found.extend(run.text or "" for run in part if run.tag == _TEXT)
    return "".join(found)


def _unescape(text: str) -> str:
    """`_x000D_` stands for the character of that number (22.4.2.4, bstr)."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
