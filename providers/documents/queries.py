"""Reads: documents, for their own organisation and for those who review providers."""

from collections.abc import Collection

from django.core.files import File

from marketplace.organisations import actors, errors
from providers.documents.models import Document


class NoSuchDocument(errors.NotFound):
    """No document with this number that the actor may see."""


def get(*, number: str, actor: actors.Actor) -> Document:
    """A document of the actor's own organisation; of any, for the platform's reviewers. Raises NoSuchDocument."""
    found = Document.objects.filter(number=number).select_related("organisation").first()
    if found is None or not _may_see(found, actor):
        raise NoSuchDocument
    return found


def list_documents(*, organisation_id: int, kinds: Collection[str] | None = None) -> list[Document]:
    """Documents of an organisation, the newest first, of the kinds named or of all."""
    rows = Document.objects.filter(organisation_id=organisation_id)
    return list(rows if kinds is None else rows.filter(kind__in=kinds))


def open_file(*, document: Document) -> File:
    """The bytes of a document that `get` has given. The caller closes it."""
    return document.file.open("rb")


def _may_see(document: Document, actor: actors.Actor) -> bool:
    if actor.organisation_id is None:
        return False
    is_reviewer = actor.side == actors.PLATFORM and actor.can("providers.view")
    return is_reviewer or document.organisation_id == actor.organisation_id
