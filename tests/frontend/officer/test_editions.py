"""The officer's pages over HTTP, from the announcement to the publication, without a script."""

import pytest
import time_machine

from listings.models import CriteriaSet, Edition, EditionEntry
from listings.recommended import operations
from tests import editions, factories

pytestmark = pytest.mark.django_db
ANNOUNCEMENT = {
    "title": "推荐目录准入条件",
    "source": "示例办法第三条",
    "mlps_level": "3",
    "pue_limit": "1.5",
    "pue_months": "18",
    "sla_percent": "99.9",
    "prices_complete": "on",
}


@pytest.fixture
def people(client):
    platform = factories.platform()
    return {role: factories.member(platform, role) for role in ("officer", "operator")}


@pytest.fixture
def host():
    return factories.offering(editions.proven_centre(), title="合格云主机")


def test_from_the_announcement_to_the_publication(client, people, host):
    bare = factories.offering(factories.data_centre(factories.songmo()), title="未证明云主机")
    client.force_login(people["officer"])
    with time_machine.travel(editions.ANNOUNCED_AT, tick=False):
        answer = client.post("/officer/recommended/criteria/", {**ANNOUNCEMENT, "effective_date": "2026-09-08"})
        assert answer.status_code == 302
    assert [rule["kind"] for rule in CriteriaSet.objects.get().criteria] == [
        "mlps_at_least",
        "measured_pue_below",
        "sla_at_least",
        "prices_complete",
    ]
    with time_machine.travel(editions.PUBLISHED_AT, tick=False):
        answer = client.post(
            "/officer/recommended/editions/",
            {"criteria": "1", "period_start_date": "2026-09-10", "period_end_date": "2026-12-31"},
        )
        edition = Edition.objects.get()
        page = f"/officer/recommended/editions/{edition.pk}/"
        assert answer["Location"] == page
        assert "合格云主机" in client.get(page).content.decode()
        assert "未证明云主机" in client.get(f"{page}?tab=fails").content.decode()
        answer = client.post(f"{page}decide/", {"product": bare.pk, "decision": "include", "note": "领导要求"})
        assert answer.status_code == 409
        for decision in ("exclude", "include"):
            answer = client.post(f"{page}decide/", {"product": host.pk, "decision": decision, "note": "复核"})
            assert answer.status_code == 302
        assert client.post(f"{page}send/").status_code == 302
        assert client.post(f"{page}sign/", {"role": "officer"}).status_code == 302
        assert client.post(f"{page}publish/").status_code == 409
        client.force_login(people["operator"])
        assert client.post(f"{page}publish/").status_code == 403
        assert client.post(f"{page}sign/", {"role": "operator"}).status_code == 302
        client.force_login(people["officer"])
        answer = client.post(f"{page}publish/")
        assert answer["Location"] == "/recommended/editions/TJ-2026-01/"
        assert client.post(f"{page}publish/").status_code == 409
    host.refresh_from_db()
    assert host.is_recommended


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"effective_date": "2026-09-07"}, "2026-09-08"),
        ({"pue_limit": "9"}, "pue_limit"),
        ({"pue_months": ""}, "pue_months"),
        ({"sla_percent": "99.99999"}, "sla_percent"),
        ({"title": ""}, "title"),
        ({"effective_date": "soon"}, "effective_date"),
    ],
)
@time_machine.travel(editions.ANNOUNCED_AT, tick=False)
def test_what_is_wrong_stands_beside_its_field(client, people, change, words):
    client.force_login(people["officer"])
    sent = {**ANNOUNCEMENT, "effective_date": "2026-09-08", **change}
    answer = client.post("/officer/recommended/criteria/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert answer.context["form"].errors
    assert not CriteriaSet.objects.exists()


@time_machine.travel(editions.ANNOUNCED_AT, tick=False)
def test_nothing_asked_for_is_refused(client, people):
    client.force_login(people["officer"])
    sent = {"title": "x", "source": "x", "effective_date": "2026-09-08"}
    assert client.post("/officer/recommended/criteria/", sent).status_code == 422


def test_ids_that_nobody_has(client, people):
    client.force_login(people["officer"])
    for number in ("99", "9" * 30):
        assert client.get(f"/officer/recommended/editions/{number}/").status_code == 404
        assert client.post(f"/officer/recommended/editions/{number}/publish/").status_code == 404


def test_a_decision_without_a_note_changes_nothing(client, people, host):
    edition = editions.open_edition(editions.announce())
    client.force_login(people["officer"])
    answer = client.post(
        f"/officer/recommended/editions/{edition.pk}/decide/", {"product": host.pk, "decision": "exclude", "note": " "}
    )
    assert answer.status_code == 422
    assert EditionEntry.objects.get(product=host).decision == "included"


def test_what_is_about_to_lapse_is_in_the_queue(client, people, host):
    editions.publish()
    client.force_login(people["officer"])
    for day, within, expected in (("2027-03-10", 7, True), ("2027-03-01", 7, False), ("2027-03-01", 30, True)):
        with time_machine.travel(f"{day}T04:00:00+00:00", tick=False):
            body = client.get(f"/officer/recommended/?within={within}").content.decode()
        assert ("合格云主机" in body) is expected


def test_an_operator_signs_but_does_not_decide(client, people, host):
    edition = editions.open_edition(editions.announce())
    operations.send_to_sign(edition_id=edition.pk, actor=editions.officer(), now=editions.OPENED_AT)
    client.force_login(people["operator"])
    page = f"/officer/recommended/editions/{edition.pk}/"
    body = client.get(page).content.decode()
    assert f"{page}sign/" in body
    assert f"{page}publish/" not in body
    for step in ("evaluate/", "decide/", "send/", "publish/"):
        assert client.post(page + step).status_code == 403
