"""Data centres with proof, through the pages of provider, operator and public; what is refused says why."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from providers.models import EnergyReading, Evidence, MlpsSystem
from tests import editions, factories
from tests.frontend.trade import client_of
from tests.providers.documents import files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _third_of_november():
    with time_machine.travel("2026-11-03T02:00:00Z", tick=False):
        yield


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan(), gb50174_class="A", measured_pue=None)


@pytest.fixture
def owner(centre):
    return client_of(factories.actor(centre.partner.organisation, "operations"))


def url(centre, name, *args):
    return reverse(f"provider:{name}", args=[centre.code, *args])


def pdf(name="report.pdf"):
    return SimpleUploadedFile(name, files.pdf())


def public(centre):
    return Client().get(reverse("data_centre", args=[centre.code])).content.decode()


def test_from_graded_to_a_badge_that_everyone_sees(centre, owner):
    officer = client_of(factories.actor(factories.platform(), "officer"))
    owner.post(url(centre, "system_add"), {"name": "云平台", "level": "3"})
    system = MlpsSystem.objects.get()
    assess = {
        "assessor": editions.assessor().pk,
        "signed_by": "李测",
        "document_number": "CP-2026-1",
        "assessed_date": "2026-10-01",
    }
    early = owner.post(url(centre, "system_assess", system.pk), {**assess, "file": pdf()})
    assert early.status_code == 409
    filing = {"filing_number": "15040400001-26001", "filed_with": "松山区公安分局", "filed_date": "2026-09-01"}
    assert owner.post(url(centre, "system_file", system.pk), filing).status_code == 302
    bad = owner.post(
        url(centre, "system_assess", system.pk), {**assess, "file": SimpleUploadedFile("x.svg", b"<svg onload=1>")}
    )
    assert (bad.status_code, "SVG" in bad.context["bound"].errors["file"][0]) == (422, True)
    assert owner.post(url(centre, "system_assess", system.pk), {**assess, "file": pdf()}).status_code == 302
    claim = Evidence.objects.get()
    assert (claim.status, claim.document.organisation_id) == ("claimed", centre.partner.organisation_id)
    assert 'badge-good">等保' not in public(centre)
    desk = officer.get(reverse("operator:evidence")).content.decode()
    assert "CP-2026-1" in desk
    item = reverse("operator:evidence_item", args=[claim.pk])
    assert claim.document.number in officer.get(item).content.decode()
    assert officer.post(reverse("operator:evidence_verify", args=[claim.pk])).status_code == 302
    assert "CP-2026-1" in public(centre)
    system.refresh_from_db()
    assert (system.status, system.valid_until) == ("valid", date(2027, 9, 30))
    assert officer.post(reverse("operator:evidence_revoke", args=[claim.pk]), {"reason": ""}).status_code == 422
    officer.post(reverse("operator:evidence_revoke", args=[claim.pk]), {"reason": "测评机构撤回"})
    assert "测评机构撤回" in public(centre)


def test_claims_are_grey_and_documents_of_claims_are_nobody_elses(centre, owner):
    given = {
        "kind": "gb50174", "value": "A", "document_number": "GB-1", "issued_date": "2026-10-01",
        "valid_from": "2026-10-01", "valid_until": "", "assessor": "", "signed_by": "",
    }  # fmt: skip
    assert owner.post(url(centre, "evidence_add"), {**given, "file": pdf()}).status_code == 302
    page = public(centre)
    assert "GB-1" not in page
    assert '<span class="muted">A · ' in page
    claim = Evidence.objects.get()
    document = reverse("document", args=[claim.document.number])
    stranger = client_of(factories.actor(factories.songmo().organisation, "owner"))
    assert [client.get(document).status_code for client in (owner, stranger)] == [200, 404]
    Evidence.objects.filter(pk=claim.pk).update(status="verified", verified_at=editions.ANNOUNCED_AT)
    assert '<span class="badge badge-good">A</span>' in public(centre)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": "ninety"}, "value"),
        ({"value": "1e9999"}, "value"),
        ({"value": "0"}, "value"),
        ({"kind": "recognition"}, "kind"),
        ({"kind": "assessment", "value": ""}, "assessor"),
        ({"valid_until": "2026-09-01"}, "valid_until"),
        ({"issued_date": "2027-01-01"}, "issued_date"),
        ({"file": SimpleUploadedFile("a.pdf", b"PK\x03\x04")}, "file"),
        ({"file": ""}, "file"),
    ],
)
def test_a_claim_that_cannot_be_says_why_beside_its_field(centre, owner, change, field):
    given = {
        "kind": "green_power", "value": "62", "document_number": "LD-1", "issued_date": "2026-10-01",
        "valid_from": "2026-10-01", "file": pdf(), **change,
    }  # fmt: skip
    answer = owner.post(url(centre, "evidence_add"), given)
    assert answer.status_code == 422
    assert list(answer.context["evidence_form"].errors) == [field]
    assert not Evidence.objects.exists()


def test_readings_by_hand_and_by_file_measure_a_year(centre, owner):
    page = owner.get(url(centre, "data_centre"))
    assert "2026-10" in page.context["energy"]["missing"]
    rows = "\n".join(f"{2025 + (month > 11)}-{month % 12 + 1:02d},1310,1000" for month in range(10, 21))
    lines = SimpleUploadedFile("kwh.csv", f"month,facility_kwh,it_kwh\n{rows}\n".encode())
    assert owner.post(url(centre, "energy_add"), {"file": lines}).status_code == 302
    assert owner.post(url(centre, "pue_claim"), {}).status_code == 422
    last = {"month": "2026-10", "facility_kwh": "1310", "it_kwh": "1000"}
    for change, status in ({"month": "2026-13"}, 422), ({"it_kwh": ""}, 422), ({"month": "2026-11"}, 422), ({}, 302):
        assert owner.post(url(centre, "energy_add"), {**last, **change}).status_code == status
    assert EnergyReading.objects.count() == 12
    assert owner.get(url(centre, "data_centre")).context["energy"]["pue"] == Decimal("1.31")
    given = {"document_number": "PUE-1", "issuer": "示例检测", "file": pdf()}
    assert owner.post(url(centre, "pue_claim"), given).status_code == 302
    assert Evidence.objects.get().value == Decimal("1.310")


def test_assessors_and_ties_by_the_operators_page(centre):
    officer = client_of(factories.actor(factories.platform(), "officer"))
    page = reverse("operator:assessors")
    given = {"name": "示例测评", "code": "91150105MA0N00000A", "accreditation": "CNAS-9"}
    assert officer.post(page, given).status_code == 422
    assert officer.post(page, {**given, "code": "91150105MA0N000008"}).status_code == 302
    tie = {
        "assessor": editions.assessor().pk, "provider": centre.partner.pk, "kind": "group",
        "since_date": "2026-01-01", "end_date": "2025-01-01",
    }  # fmt: skip
    assert officer.post(reverse("operator:assessor_tie"), tie).status_code == 422
    assert officer.post(reverse("operator:assessor_tie"), {**tie, "end_date": ""}).status_code == 302
    assert "同一集团" in officer.get(page).content.decode()


def test_a_source_shows_its_secret_once_and_is_closed(centre):
    operator = client_of(factories.actor(factories.platform(), "operator"))
    page = reverse("operator:alerts")
    opened = operator.post(page, {"name": "预警平台"})
    assert opened.content.decode().count("whsec_") == 1
    assert "no-store" in opened.headers["Cache-Control"]
    assert "whsec_" not in operator.get(page).content.decode()
    assert operator.post(page, {"name": ""}).status_code == 422
    number = opened.context["opened"].source.number
    for _ in range(2):
        assert operator.post(reverse("operator:alert_source_close", args=[number])).status_code == 302
    assert operator.post(reverse("operator:alert_source_close", args=["YJY0"])).status_code == 404
    assert operator.post(reverse("operator:alert_lift", args=["YJ0"]), {"reason": "x"}).status_code == 404


def test_lists_take_the_same_queries_with_one_row_and_with_many(centre, owner):
    officer = client_of(factories.actor(factories.platform(), "officer"))
    pages = [
        (owner, reverse("provider:data_centres")),
        (owner, url(centre, "data_centre")),
        (officer, reverse("operator:evidence")),
        (Client(), reverse("data_centre", args=[centre.code])),
    ]

    def count():
        found = []
        for client, path in pages:
            client.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            found.append(len(captured))
        return found

    editions.document(centre, "assessment", verified=False)
    editions.document(centre, "green_power", "62")
    before = count()
    for _ in range(3):
        editions.document(factories.data_centre(centre.partner), "assessment", verified=False)
        editions.document(centre, "assessment")
        editions.document(centre, "assessment", verified=False)
    assert count() == before
    assert max(before) <= 20
