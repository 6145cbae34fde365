"""What comes in as a document: the good is kept as it was, the bad is refused with a sentence that says what to do."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import translation
from pypdf import PdfReader

from marketplace.organisations.models import AuditEntry
from providers.documents import content, operations, queries
from providers.documents.models import Document
from tests import factories
from tests.providers.documents import files

pytestmark = pytest.mark.django_db
NOW = factories.PLACED_AT
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.MEDIA_ROOT = tmp_path
    yield tmp_path


def keep(data: bytes, name: str, **fields: Any) -> Document:
    organisation = fields.pop("organisation", None) or factories.hongshan().organisation
    return operations.keep(
        file=ContentFile(data, name=name),
        kind=fields.pop("kind", "business_licence"),
        organisation_id=organisation.pk,
        actor=fields.pop("actor", None) or factories.actor(organisation, "owner"),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("data", "name", "kind", "pages", "pixels"),
    [
        (files.pdf(pages=3), "营业执照.pdf", content.PDF, 3, (None, None)),
        (files.png(), "licence.PNG", content.PNG, None, (40, 30)),
        (files.jpeg(), "licence.jpeg", content.JPEG, None, (40, 30)),
        (files.jpeg(progressive=True), "licence.jpg", content.JPEG, None, (40, 30)),
    ],
)
def test_a_sound_document_is_kept_byte_for_byte(
    data: bytes, name: str, kind: str, pages: int | None, pixels: tuple[int | None, int | None], store: Path
) -> None:
    document = keep(data, name)
    assert (document.content_type, document.page_count) == (kind, pages)
    assert (document.width_px, document.height_px) == pixels
    assert document.byte_count == len(data)
    with queries.open_file(document=document) as file:
        assert file.read() == data
    place = Path(document.file.name)
    assert place.parts[0] == "documents"
    assert len(place.name) == 32
    assert not place.suffix
    assert AuditEntry.objects.filter(action="document.kept", object_id=document.number).count() == 1


# Built when a test needs them: collecting the tests builds nothing.
BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "nothing": (lambda: b"", "a.pdf", "The file is empty"),
    "text": (lambda: b"hello", "a.pdf", "not a PDF, PNG or JPEG"),
    "svg with script": (lambda: SVG, "a.svg", "SVG"),
    "svg named png": (lambda: SVG, "a.png", "SVG"),
    "html named pdf": (lambda: b"<!DOCTYPE html><script>x</script>", "a.pdf", "web page"),
    "zip": (lambda: files.archive(), "a.zip", "archive"),
    "zip bomb named pdf": (lambda: files.archive(bytes(10_000_000)), "a.pdf", "archive"),
    "png named pdf": (lambda: files.png(), "a.pdf", "holds PNG"),
    "pdf without a known extension": (lambda: files.pdf(), "a.exe", "“.exe”"),
    "pdf behind something": (lambda: b"GIF89a;" + files.pdf(), "a.pdf", "before the beginning"),
    "pdf with a tail": (lambda: files.pdf() + b"<script>", "a.pdf", "behind the end"),
    "pdf with a zip behind": (lambda: files.pdf() + files.archive(), "a.pdf", "behind the end"),
    "pdf that is a page too": (
        lambda: files.pdf().replace(b"%\xe2\xe3\xcf\xd3", b"%<svg"),
        "a.pdf",
        "hides another file",
    ),
    "pdf cut off": (lambda: files.pdf()[:200], "a.pdf", "damaged"),
    "pdf of noise": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"%%EOF", "a.pdf", "damaged"),
    "pdf with javascript": (lambda: files.pdf(files.with_javascript), "a.pdf", "program"),
    "pdf with an escaped name": (lambda: files.escaped(files.pdf(files.with_javascript)), "a.pdf", "program"),
    "pdf with a hidden script": (lambda: files.pdf(files.with_hidden_script), "a.pdf", "program"),
    "pdf that starts a program": (lambda: files.pdf(files.with_launch), "a.pdf", "program"),
    "pdf that sends a form": (lambda: files.pdf(files.with_submission), "a.pdf", "program"),
    "pdf with an XFA form": (lambda: files.pdf(files.with_form_program), "a.pdf", "program"),
    "pdf with an attachment": (lambda: files.pdf(files.with_attachment), "a.pdf", "other files"),
    "pdf with a password": (lambda: files.pdf(files.with_password), "a.pdf", "password"),
    "pdf bomb": (lambda: files.pdf(files.with_bomb), "a.pdf", "unpacks"),
    "pdf bomb in a bomb": (lambda: files.pdf(files.with_bomb_in_bomb), "a.pdf", "unpacks"),
    "pdf with a giant picture": (lambda: files.pdf(files.with_giant_picture), "a.pdf", "40 million"),
    "pdf of too many pages": (lambda: files.pdf(pages=201), "a.pdf", "201 pages"),
    "pdf of too many objects": (lambda: files.pdf(files.with_many_objects), "a.pdf", "intricate"),
    "giant png header": (lambda: files.giant_png(), "a.png", "100000"),
    "png cut off": (lambda: files.png()[:-20], "a.png", "damaged"),
    "png with a wrong checksum": (lambda: files.png()[:-1] + b"\x00", "a.png", "damaged"),
    "png with a tail": (lambda: files.png() + b"PK", "a.png", "behind the end"),
    "png with a zip inside": (lambda: files.png_with(b"zzZz", files.archive()), "a.png", "hides another file"),
    "png with a pdf inside": (lambda: files.png_with(b"zzZz", files.pdf()), "a.png", "hides another file"),
    "png with a script inside": (lambda: files.png_with(b"tEXt", b"a\x00<SCRIPT>"), "a.png", "hides another file"),
    "png that moves": (lambda: files.png_with(b"acTL", bytes(8)), "a.png", "animated"),
    "giant jpeg header": (lambda: files.giant_jpeg(), "a.jpg", "65500"),
    "jpeg cut off": (lambda: files.jpeg(400, 300)[:2000], "a.jpg", "damaged"),
    "jpeg with a tail": (lambda: files.jpeg() + files.pdf(), "a.jpg", "behind the end"),
    "jpeg with a page inside": (lambda: files.jpeg_with_comment(b"<html><script>"), "a.jpg", "hides another file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_a_sentence_and_nothing_is_kept(case: str, store: Path) -> None:
    build, name, words = BAD[case]
    data, organisation = build(), factories.hongshan().organisation
    with translation.override("en"), pytest.raises(content.UnusableDocument) as refusal:
        keep(data, name, organisation=organisation)
    assert words in refusal.value.message
    assert refusal.value.field == "file"
    assert refusal.value.message.count(". ") >= 1, "what is wrong, then what to do"
    assert not Document.objects.exists()
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_the_limits_bite_and_not_the_parts() -> None:
    """Controls: what the checks refuse is refused for what was added, not for how the tests build files."""
    kept = [files.pdf(pages=200), files.png_with(b"zzZz", b"plain"), files.jpeg_with_comment(b"plain")]
    for data, name in zip(kept, ("a.pdf", "a.png", "a.jpg"), strict=True):
        assert operations.check(data=data, name=name).content_type
    assert PdfReader(io.BytesIO(files.escaped(files.pdf(files.with_javascript)))).pages


def test_a_file_beyond_the_limit_is_not_read() -> None:
    class Unread(ContentFile):
        def read(self, *_args: object) -> bytes:
            raise AssertionError("read")

    organisation = factories.hongshan().organisation
    file = Unread(bytes(content.LARGEST_BYTES + 1), name="a.pdf")
    with pytest.raises(content.UnusableDocument, match="10 MB"):
        operations.keep(
            file=file,
            kind="other",
            organisation_id=organisation.pk,
            actor=factories.actor(organisation, "owner"),
            now=NOW,
        )


@pytest.mark.parametrize(
    ("name", "tamed"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\a\\执照.pdf", "执照.pdf"),
        ("a\x00\r\nSet-Cookie: b.pdf", "aSet-Cookie_ b.pdf"),
        ("gpj.\u202efdp.pdf", "gpj.fdp.pdf"),
        ("长" * 300 + ".pdf", "长" * 96 + ".pdf"),
        ('"><script>.pdf', "___script_.pdf"),
        (".pdf", "pdf"),
        ("", "document"),
        ("  a   b .pdf", "a b.pdf"),
    ],
)
def test_a_file_name_is_tamed(name: str, tamed: str) -> None:
    assert content.tame_name(name) == tamed
    assert len(tamed) <= content.LONGEST_NAME


def test_a_kept_document_cannot_be_changed() -> None:
    document = keep(files.pdf(), "a.pdf")
    for act in (
        lambda: Document.objects.filter(pk=document.pk).update(name="b.pdf"),
        lambda: Document.objects.filter(pk=document.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            act()


def test_nobody_keeps_documents_for_another_organisation() -> None:
    songmo = factories.songmo().organisation
    with pytest.raises(PermissionDenied):
        keep(files.pdf(), "a.pdf", actor=factories.actor(songmo, "owner"))
    officer = factories.actor(factories.platform(), "officer")
    assert keep(files.pdf(), "a.pdf", actor=officer).uploaded_by_id == officer.user_id
    with pytest.raises(PermissionDenied):
        keep(files.pdf(), "a.pdf", actor=factories.actor(factories.platform(), "finance"))


def test_only_its_organisation_and_reviewers_read_a_document() -> None:
    hongshan = factories.hongshan().organisation
    document = keep(files.pdf(), "a.pdf", organisation=hongshan)
    platform = factories.platform()
    may = [factories.actor(hongshan, "sales"), factories.actor(platform, "operator")]
    may_not = [
        factories.actor(factories.songmo().organisation, "owner"),
        factories.actor(factories.foods(), "owner"),
        factories.actor(platform, "finance"),
    ]
    for actor in may:
        assert queries.get(number=document.number, actor=actor) == document
    for actor in may_not:
        with pytest.raises(queries.NoSuchDocument):
            queries.get(number=document.number, actor=actor)
    assert queries.list_documents(organisation_id=hongshan.pk, kinds=["other"]) == []
    assert queries.list_documents(organisation_id=hongshan.pk) == [document]
