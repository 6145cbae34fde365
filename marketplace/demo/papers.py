"""Small PDF files for the sample world: one page of words, marked as a sample, without a font in them.

The words use a font that every reader of PDF knows by name (STSong-Light), so a file has a kilobyte and no system font
or layout engine is needed to write it.
"""

import io
from collections.abc import Mapping, Sequence

from django.core.files.base import ContentFile
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

A4 = (595, 842)  # points
LEFT, TOP, LEADING = 72, 760, 30


def write_paper(*, name: str, lines: Sequence[str]) -> ContentFile:
    """A page with `lines`, the first one large, and the mark of a sample below."""
    writer = PdfWriter()
    page = writer.add_blank_page(*A4)
    fonts = _dictionary({"/F": writer._add_object(_font())})
    page[NameObject("/Resources")] = _dictionary({"/Font": fonts})
    stream = DecodedStreamObject()
    stream.set_data(_draw([*lines, "", "样本：此文件为演示虚构，不具任何效力。"]))
    page[NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return ContentFile(out.getvalue(), name=name)


def _draw(lines: Sequence[str]) -> bytes:
    parts = []
    for place, line in enumerate(lines):
        size = 22 if place == 0 else 12
        words = line.encode("utf-16-be").hex()
        parts.append(f"BT /F {size} Tf 1 0 0 1 {LEFT} {TOP - place * LEADING} Tm <{words}> Tj ET")
    return "\n".join(parts).encode("ascii")


def _font() -> DictionaryObject:
    system = {
        "/Registry": TextStringObject("Adobe"),
        "/Ordering": TextStringObject("GB1"),
        "/Supplement": NumberObject(4),
    }
    descendant = {
        "/Type": NameObject("/Font"),
        "/Subtype": NameObject("/CIDFontType0"),
        "/BaseFont": NameObject("/STSong-Light"),
        "/CIDSystemInfo": _dictionary(system),
        "/DW": NumberObject(1000),
    }
    return _dictionary(
        {
            "/Type": NameObject("/Font"),
            "/Subtype": NameObject("/Type0"),
            "/BaseFont": NameObject("/STSong-Light"),
            "/Encoding": NameObject("/UniGB-UCS2-H"),
            "/DescendantFonts": ArrayObject([_dictionary(descendant)]),
        }
    )


def _dictionary(values: Mapping[str, PdfObject]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in values.items()})
