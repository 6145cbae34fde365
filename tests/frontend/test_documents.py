"""A document leaves as a download that no browser interprets."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from providers.documents import operations
from tests import factories
from tests.providers.documents import files


@pytest.mark.django_db
def test_a_document_is_a_download_for_its_own_and_404_for_others(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    hongshan, songmo = factories.hongshan().organisation, factories.songmo().organisation
    owner, other = factories.member(hongshan, "owner"), factories.member(songmo, "owner")
    document = operations.keep(
        file=ContentFile(files.pdf(), name="营业执照.pdf"),
        kind="business_licence",
        organisation_id=hongshan.pk,
        actor=factories.actor(hongshan, "owner", user=owner),
        now=factories.PLACED_AT,
    )
    client, address = Client(), reverse("document", args=[document.number])
    assert client.get(address).status_code == 302
    client.force_login(other)
    assert client.get(address).status_code == 404
    client.force_login(owner)
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == files.pdf()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%E8%90%A5")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Cache-Control"] == "private, no-store"
