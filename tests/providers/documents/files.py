"""Files as they come in, good and bad, each built here from its parts."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)


def pdf(change: Callable[[PdfWriter], None] | None = None, *, pages: int = 1) -> bytes:
    """A PDF of blank pages, changed before it is written."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=595, height=842)
    if change:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png(width: int = 40, height: int = 30) -> bytes:
    return _picture("PNG", width, height)


def jpeg(width: int = 40, height: int = 30, **options: object) -> bytes:
    return _picture("JPEG", width, height, **options)


def _picture(kind: str, width: int, height: int, **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def giant_png() -> bytes:
    """Some 70 bytes that claim 10⁵ × 10⁵ pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def png_with(kind: bytes, content: bytes) -> bytes:
    """A sound PNG with one more chunk behind its header."""
    whole = png()
    return whole[:33] + chunk(kind, content) + whole[33:]


def giant_jpeg() -> bytes:
    """A JPEG whose frame claims 65,500 × 65,500 pixels."""
    whole = bytearray(jpeg())
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(whole)


def jpeg_with_comment(comment: bytes) -> bytes:
    whole = jpeg()
    return whole[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + whole[2:]


def archive(content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", content)
    return out.getvalue()


def with_javascript(writer: PdfWriter) -> None:
    _open_with(writer, {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert(1)")})


def with_attachment(writer: PdfWriter) -> None:
    writer.add_attachment("a.txt", b"x")


def with_launch(writer: PdfWriter) -> None:
    action = {"/S": NameObject("/Launch"), "/F": TextStringObject("cmd.exe")}
    _open_with(writer, action)


def with_submission(writer: PdfWriter) -> None:
    _open_with(writer, {"/S": NameObject("/SubmitForm"), "/F": TextStringObject("http://a.test")})


def with_hidden_script(writer: PdfWriter) -> None:
    """A script in an object that no page names."""
    writer._add_object(_dictionary({"/S": NameObject("/JavaScript"), "/JS": TextStringObject("x")}))


def with_form_program(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/AcroForm")] = _dictionary({"/XFA": ArrayObject()})


def with_password(writer: PdfWriter) -> None:
    writer.encrypt("secret")


def with_bomb(writer: PdfWriter) -> None:
    """A stream of a megabyte that unpacks to 310 MB."""
    stream = StreamObject()
    packer = zlib.compressobj(1)
    zeros = bytes(1024 * 1024)
    stream._data = b"".join(packer.compress(zeros) for _ in range(310)) + packer.flush()
    stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    writer._add_object(stream)


def with_bomb_in_bomb(writer: PdfWriter) -> None:
    stream = StreamObject()
    stream._data = zlib.compress(zlib.compress(b"x"))
    stream[NameObject("/Filter")] = ArrayObject([NameObject("/FlateDecode"), NameObject("/FlateDecode")])
    writer._add_object(stream)


def with_giant_picture(writer: PdfWriter) -> None:
    picture = DecodedStreamObject()
    picture.set_data(b"x")
    picture[NameObject("/Subtype")] = NameObject("/Image")
    picture[NameObject("/Width")] = picture[NameObject("/Height")] = NumberObject(100_000)
    writer._add_object(picture)


def with_many_objects(writer: PdfWriter) -> None:
    for _ in range(20_001):
        writer._add_object(NumberObject(1))


def escaped(data: bytes) -> bytes:
    """The same PDF with a letter of a name written as its code: /J#61vaScript is /JavaScript, as long as before."""
    return data.replace(b"/JavaScript", b"/JavaScrip#74").replace(b"/JS", b"/J#53")


def _open_with(writer: PdfWriter, action: dict[str, object]) -> None:
    writer.root_object[NameObject("/OpenAction")] = _dictionary(action)


def _dictionary(values: dict[str, object]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in values.items()})
