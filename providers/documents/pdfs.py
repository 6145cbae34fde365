"""PDF files: every object is looked at, and what acts by itself, hides a file or unpacks without end is refused.

What a reader of PDF would do with a file depends on dictionaries that may stand anywhere, also in objects that no page
names; so the whole table of objects is walked, not the pages. Streams are unpacked piece by piece and only counted.
"""

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

from django.utils.translation import gettext as _
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import IndirectObject, StreamObject

from providers.documents.content import PDF, Facts, UnusableDocument
from providers.documents.images import MOST_PIXELS

MOST_PAGES: Final = 200
MOST_OBJECTS: Final = 20_000
MOST_UNPACKED_BYTES: Final = 300 * 1024 * 1024  # ten pages at A4, 300 dpi, colour, without JPEG
DEEPEST: Final = 50
MOST_TAIL_BYTES: Final = 8  # line ends behind %%EOF

# Keys and names that make a file act or carry another one, as ISO 32000 writes them. /URI and /GoTo only point.
ACTIONS: Final = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/RichMediaExecute", "/Rendition"})
ACTING_KEYS: Final = frozenset({"/JS", "/JavaScript", "/XFA", "/RichMediaContent"})
FILE_KEYS: Final = frozenset({"/EmbeddedFiles", "/EF", "/Collection", "/AF"})
# What pypdf lets through when a file breaks what it expects.
BREAKS: Final = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
_IMAGE_FILTERS: Final = frozenset({"/DCTDecode", "/DCT", "/JPXDecode", "/CCITTFaxDecode", "/CCF", "/JBIG2Decode"})
_FLATE: Final = frozenset({"/FlateDecode", "/Fl"})
_RAW_SIGNS: Final = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?)\b")
_ESCAPE: Final = re.compile(rb"#([0-9a-fA-F]{2})")
_PIECE: Final = 256 * 1024


def check(*, data: bytes) -> Facts:
    """The number of pages of a PDF that only shows pages. Raises UnusableDocument."""
    _check_end(data)
    try:
        reader = PdfReader(io.BytesIO(data), strict=False, xref_stream_maximum_entries=MOST_OBJECTS)
        if reader.is_encrypted:
            raise UnusableDocument(_("The PDF has a password or restrictions. Save it without and upload that."))
        _check_objects(reader)
        pages = len(reader.pages)
    except UnusableDocument:
        raise
    except BREAKS as error:
        raise _damaged() from error
    if not pages:
        raise _damaged()
    if pages > MOST_PAGES:
        raise UnusableDocument(
            _("The PDF has %(pages)s pages; at most %(most)s are taken. Upload the pages that matter.")
            % {"pages": pages, "most": MOST_PAGES}
        )
    # What an older revision of the file holds is in no table, but a reader that mends files would find it.
    if _RAW_SIGNS.search(_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)):
        raise _acts()
    return Facts(content_type=PDF, page_count=pages)


def _check_end(data: bytes) -> None:
    """Nothing stands behind the last %%EOF."""
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise _damaged()
    tail = data[end + 5 :]
    if len(tail) > MOST_TAIL_BYTES or tail.strip(b"\r\n \t\x00"):
        raise UnusableDocument(_("More data stands behind the end of the PDF. Print it to PDF again and upload that."))


def _check_objects(reader: PdfReader) -> None:
    """Streams are counted first: objects inside compressed ones are unpacked only when their sum is known."""
    loose = [(number, generation) for generation, numbers in reader.xref.items() for number in numbers]
    if len(loose) + len(reader.xref_objStm) > MOST_OBJECTS:
        raise UnusableDocument(_("The PDF is too intricate to be checked. Scan the document and upload the scan."))
    left = MOST_UNPACKED_BYTES
    for number, generation in loose:
        found = IndirectObject(number, generation, reader).get_object()
        if isinstance(found, StreamObject):
            left -= _count_unpacked(found, left)
        _check_object(found)
    for number in reader.xref_objStm:
        _check_object(IndirectObject(number, 0, reader).get_object())
    _check_object(reader.trailer)


def _check_object(found: Any) -> None:
    for key, value in _walk(found, DEEPEST):
        if key in FILE_KEYS or (key == "/Subtype" and value == "/FileAttachment"):
            raise UnusableDocument(_("The PDF carries other files. Print it to PDF and upload that."))
        if key in ACTING_KEYS or (key == "/S" and value in ACTIONS):
            raise _acts()


def _walk(found: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Keys and values of dictionaries at any depth of one object, without following references."""
    if depth == 0:
        raise _damaged()
    if isinstance(found, dict):
        for key in found:
            value = found.raw_get(key)  # type: ignore[attr-defined]
            yield str(key), value
            yield from _walk(value, depth - 1)
    elif isinstance(found, list):
        for value in list.__iter__(found):
            yield from _walk(value, depth - 1)


def _count_unpacked(stream: StreamObject, most: int) -> int:
    """Bytes of a stream when unpacked. Pictures are not decoded: their pixels are limited."""
    raw: bytes = stream._data
    filters = _filters_of(stream)
    if stream.get("/Subtype") == "/Image":
        _check_pixels(stream)
    if any(one in _IMAGE_FILTERS for one in filters):
        count = len(raw)
    elif filters and filters[0] in _FLATE and len(filters) == 1:
        count = _count_inflated(raw, most)
    elif filters:
        count = len(stream.get_data())  # rare chains: the library stops at 75 MB each
    else:
        count = len(raw)
    if count > most or sum(one in _FLATE for one in filters) > 1:
        raise UnusableDocument(
            _("The PDF unpacks to far more than it should. Print it to PDF again, or scan the document.")
        )
    return count


def _filters_of(stream: StreamObject) -> list[str]:
    named = stream.get("/Filter")
    if named is None:
        return []
    return [str(one) for one in named] if isinstance(named, list) else [str(named)]


def _check_pixels(stream: StreamObject) -> None:
    width, height = stream.get("/Width"), stream.get("/Height")
    if not isinstance(width, int) or not isinstance(height, int) or width * height > MOST_PIXELS:
        raise UnusableDocument(_("A picture in the PDF has more than 40 million pixels. Scan it at 300 dpi."))


def _count_inflated(raw: bytes, most: int) -> int:
    """How much a deflated stream holds, counted until beyond `most`; nothing is kept."""
    unpacker, count, left = zlib.decompressobj(), 0, raw
    while left and not unpacker.eof and count <= most:
        try:
            count += len(unpacker.decompress(left, _PIECE))
        except zlib.error:  # readers show what came before the damage
            break
        left = unpacker.unconsumed_tail
    return count


def _acts() -> UnusableDocument:
    return UnusableDocument(_("The PDF contains a program or an action. Print it to PDF and upload that."))


def _damaged() -> UnusableDocument:
    return UnusableDocument(_("The PDF is damaged or cut off. Print it to PDF again and upload that."))
