"""Writes: take a document in."""

import hashlib
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction

from marketplace.organisations import actors
from marketplace.organisations import operations as organisations
from providers.documents import content, images, pdfs
from providers.documents.content import UnusableDocument
from providers.documents.models import Document

__all__ = ["UnusableDocument", "check", "keep"]


def keep(*, file: File, kind: str, organisation_id: int, actor: actors.Actor, now: datetime) -> Document:
    """Check a PDF, PNG or JPEG of at most 10 MB and keep it for an organisation.

    Members keep documents of their own organisation; those of the platform who record evidence, of any. Raises
    UnusableDocument (field `file`) with the reason and the remedy, PermissionDenied, or ValueError for no such kind.
    """
    if kind not in Document.Kind.values:
        raise ValueError(f"no kind of document is called {kind!r}")
    is_own = actor.organisation_id == organisation_id
    if not is_own and not (actor.side == actors.PLATFORM and actor.can("evidence.record")):
        raise PermissionDenied
    if (file.size or 0) > content.LARGEST_BYTES:
        raise content.too_large()
    data = file.read(content.LARGEST_BYTES + 1)
    name = content.tame_name(file.name or "")
    facts = check(data=data, name=name)
    document = Document(
        number=organisations.random_number(prefix="WJ", length=14),
        organisation_id=organisation_id,
        kind=kind,
        name=name,
        content_type=facts.content_type,
        byte_count=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        page_count=facts.page_count,
        width_px=facts.width_px,
        height_px=facts.height_px,
        uploaded_by_id=actor.user_id,
        uploaded_at=now,
    )
    document.file.save(name, ContentFile(data), save=False)
    try:
        with transaction.atomic():
            document.save()
            organisations.record(
                actor=actor,
                action="document.kept",
                object_type="document",
                object_id=document.number,
                now=now,
                details={"kind": kind, "sha256": document.sha256},
            )
    except BaseException:
        document.file.storage.delete(document.file.name or "")
        raise
    return document


def check(*, data: bytes, name: str) -> content.Facts:
    """What a file is, if it can be taken. `name` is tamed already. Raises UnusableDocument."""
    content_type = content.recognise(data=data, name=name)
    facts = pdfs.check(data=data) if content_type == content.PDF else images.check(data=data, content_type=content_type)
    content.refuse_second_nature(data=data, content_type=content_type)
    return facts
