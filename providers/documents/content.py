"""What a file is by its bytes, and why it cannot be taken.

Only PDF, PNG and JPEG are taken. A file that is two things at once (a PDF with a ZIP behind it, a picture with a page
of HTML in it) is refused: the program that opens it would decide which of the two it is.
"""

import io
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from django.utils.translation import gettext as _

from marketplace.organisations import errors

LARGEST_BYTES: Final = 10 * 1024 * 1024
LONGEST_NAME: Final = 100
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
EXTENSIONS: Final = {".pdf": PDF, ".png": PNG, ".jpg": JPEG, ".jpeg": JPEG}
SIGNATURES: Final = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
FORMATS: Final = {PDF: "PDF", PNG: "PNG", JPEG: "JPEG"}

_FORBIDDEN_IN_NAMES: Final = frozenset('"<>:|?*;%\\/')
_HEAD: Final = 1024  # readers of PDF and browsers look this far for a signature
_MARKUP: Final = (b"<script", b"<html", b"<svg", b"<!doctype")


class UnusableDocument(errors.Refused):
    """A file that is not taken; the message says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="file")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found in a file that can be taken: pages of a PDF, or pixels of a picture."""

    content_type: str
    page_count: int | None = None
    width_px: int | None = None
    height_px: int | None = None


def tame_name(name: str) -> str:
    """A file name that can be shown, stored and sent: no path, no control or invisible characters, at most 100 long.

    The extension stays, the beginning is cut.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join("_" if one in _FORBIDDEN_IN_NAMES else one for one in name if unicodedata.category(one)[0] != "C")
    shown = " ".join(shown.split()).strip(" .")
    path = PurePosixPath(shown or "document")
    suffix = path.suffix[:10]
    stem = shown[: len(shown) - len(path.suffix)] if path.suffix else shown
    return f"{stem[: LONGEST_NAME - len(suffix)].rstrip(' .') or 'document'}{suffix}"


def recognise(*, data: bytes, name: str) -> str:
    """The content type by the first bytes, which the extension of `name` must confirm. Raises UnusableDocument."""
    if not data:
        raise UnusableDocument(_("The file is empty. Choose the file again."))
    if len(data) > LARGEST_BYTES:
        raise too_large()
    extension = PurePosixPath(name).suffix.lower()
    claimed = EXTENSIONS.get(extension)
    found = next((kind for signature, kind in SIGNATURES if data.startswith(signature)), None)
    if found is None:
        raise UnusableDocument(_why_unknown(data))
    if claimed is None:
        raise UnusableDocument(
            _("The name ends in “%(extension)s”. Name a %(format)s file .%(right)s and upload it again.")
            % {"extension": extension, "format": FORMATS[found], "right": FORMATS[found].lower()}
        )
    if claimed != found:
        raise UnusableDocument(
            _("The file is named %(claimed)s but holds %(found)s. Save it again in the format its name says.")
            % {"claimed": extension, "found": FORMATS[found]}
        )
    return found


def refuse_second_nature(*, data: bytes, content_type: str) -> None:
    """Raise UnusableDocument if the file can also be opened as something else."""
    head = data[:_HEAD].lower()
    markup = head if content_type == PDF else data.lower()
    is_archive = zipfile.is_zipfile(io.BytesIO(data))
    is_markup = any(sign in markup for sign in _MARKUP)
    is_pdf_too = content_type != PDF and b"%PDF-" in data
    if is_archive or is_markup or is_pdf_too:
        raise UnusableDocument(
            _("The file hides another file in it. Print it to PDF again, or save the picture again, and upload that.")
        )


def too_large() -> UnusableDocument:
    """What to raise for a file beyond the limit, read or not."""
    return UnusableDocument(_("The file is larger than 10 MB. Scan it in grey at 200 dpi, or split it."))


def _why_unknown(data: bytes) -> str:
    head = data[:_HEAD]
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"%PDF-" in head:
        return _("Something stands before the beginning of this PDF. Print it to PDF again and upload that.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        return _("This is an archive or an Office file. Save the document as PDF and upload that.")
    if b"<svg" in text:
        return _("This is an SVG drawing, which can carry programs. Save it as PDF or PNG and upload that.")
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return _("This is a web page. Print it to PDF and upload that.")
    return _("This is not a PDF, PNG or JPEG file. Save the document as one of these and upload that.")
