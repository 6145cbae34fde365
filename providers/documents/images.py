"""Pictures: their structure is walked and their size read from the header before anything is decoded."""

import io
import struct
import warnings
import zlib
from typing import Final

from django.utils.translation import gettext as _
from PIL import Image

from providers.documents.content import PNG, Facts, UnusableDocument

MOST_PIXELS: Final = 40_000_000  # A4 at 600 dpi has 35 million
LONGEST_SIDE_PX: Final = 20_000

_PNG_SIGNATURE_BYTES: Final = 8
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length: TEM, RST0–7, SOI
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # SOF0–15; the three are tables
_EOI, _SOS = 0xD9, 0xDA


def check(*, data: bytes, content_type: str) -> Facts:
    """Width and height of a sound picture. Raises UnusableDocument."""
    width, height = _walk_png(data) if content_type == PNG else _walk_jpeg(data)
    _check_size(width, height)
    _decode(data, content_type=content_type, size=(width, height))
    return Facts(content_type=content_type, width_px=width, height_px=height)


def _check_size(width: int, height: int) -> None:
    if not width or not height:
        raise _damaged()
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE_PX:
        raise UnusableDocument(
            _("The picture has %(width)s × %(height)s pixels; at most 40 million are taken. Save it smaller.")
            % {"width": width, "height": height}
        )


def _walk_png(data: bytes) -> tuple[int, int]:
    """Each chunk whole and right by its checksum, IHDR first, IEND at the very end."""
    at, size = _PNG_SIGNATURE_BYTES, None
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            raise _damaged()
        if size is None:
            if kind != b"IHDR" or length != 13:
                raise _damaged()
            size = struct.unpack(">II", data[at + 8 : at + 16])
            _check_size(*size)
        if kind == b"acTL":
            raise UnusableDocument(_("The picture is animated. Save one picture of it."))
        if kind == b"IEND":
            if end != len(data):
                raise _has_tail()
            return size
        at = end
    raise _damaged()


def _walk_jpeg(data: bytes) -> tuple[int, int]:
    """Each segment whole, one frame with its size, EOI at the very end."""
    at, size = 2, None
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise _damaged()
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _EOI:
            if size is None:
                raise _damaged()
            if at + 2 != len(data):
                raise _has_tail()
            return size
        if marker in _JPEG_ALONE:
            at += 2
            continue
        if at + 4 > len(data):
            raise _damaged()
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker in _JPEG_FRAMES:
            if size is not None or length < 8 or at + 9 > len(data):
                raise _damaged()
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            size = (width, height)
            _check_size(width, height)
        at += 2 + length
        if marker == _SOS:
            at = _end_of_scan(data, at)
    raise _damaged()


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the coded picture ends: the next marker that is neither a stuffed zero nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise _damaged()
        following = data[at + 1]
        if following not in (0x00, 0xFF) and not 0xD0 <= following <= 0xD7:
            return at
        at += 1 if following == 0xFF else 2


def _decode(data: bytes, *, content_type: str, size: tuple[int, int]) -> None:
    """Decode the whole picture once, in the one format it claims to be."""
    formats = ["PNG"] if content_type == PNG else ["JPEG"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                picture.verify()
            with Image.open(io.BytesIO(data), formats=formats) as picture:
                if picture.size != size or getattr(picture, "n_frames", 1) != 1:
                    raise _damaged()
                picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _damaged() from error


def _damaged() -> UnusableDocument:
    return UnusableDocument(_("The picture is cut off or damaged. Open it, save it again, and upload that."))


def _has_tail() -> UnusableDocument:
    return UnusableDocument(
        _("More data stands behind the end of the picture. Open it, save it again, and upload that.")
    )
