"""The pages of onboarding beside what the browser test walks: refusals, strangers, races of reviewers, query counts."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.organisations.models import User
from providers.models import Partner
from providers.onboarding import payout, recognition, review
from providers.onboarding.models import Application, PayoutAccount, Recognition
from tests import factories
from tests.providers.documents import files
from tests.providers.onboarding import applicants
from tests.providers.onboarding.applicants import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _store(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def client_of(actor: Any) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def count_queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("view", ["submitted", "payout"])
def test_the_queue_takes_the_same_queries_for_one_and_for_three(view: str) -> None:
    operator = client_of(applicants.operator())
    address = f"{reverse('operator:applications')}?view={view}"
    counts = []
    for _round in range(2):
        for _each in range(1 + _round):
            _application, owner = applicants.submitted()
            payout.enter_account(
                bank="银行", account_name=owner.organisation_name, number="62220000111122", actor=owner, now=NOW
            )
        counts.append(count_queries(operator, address))
    assert counts[0] == counts[1] <= 16


def test_another_organisation_is_told_of_nothing() -> None:
    application, owner = applicants.submitted()
    stranger = client_of(factories.actor(factories.songmo().organisation, "owner"))
    number = application.business_licence.number if application.business_licence else ""
    assert stranger.get(reverse("document", args=[number])).status_code == 404
    assert stranger.get(reverse("operator:application", args=[application.number])).status_code == 403
    page = stranger.get(reverse("provider:onboarding")).content.decode()
    assert application.number not in page
    assert client_of(owner).get(reverse("document", args=[number])).status_code == 200


def test_two_reviewers_one_decision_and_drafts_are_not_seen() -> None:
    application, _owner = applicants.submitted()
    first, second = client_of(applicants.operator()), client_of(applicants.operator())
    take = reverse("operator:application_take", args=[application.number])
    assert first.post(take).status_code == 302
    assert second.post(take).status_code == 409
    approve = reverse("operator:application_approve", args=[application.number])
    assert second.post(approve, {"rate": "2.00"}).status_code == 409
    assert first.post(approve, {"rate": "150"}).status_code == 422
    back = first.post(reverse("operator:application_return", args=[application.number]), {"reason": ""})
    assert back.status_code == 422
    assert first.post(approve, {"rate": "1.50"}).status_code == 302
    assert first.post(approve, {"rate": "1.50"}).status_code == 302, "twice changes nothing"
    assert str(Partner.objects.get().agreements.get().commission_rate) == "0.0150"
    draft, _other = applicants.register(name="草稿")
    assert first.get(reverse("operator:application", args=[draft.number])).status_code == 404


@pytest.mark.parametrize(
    ("rate", "day", "status"), [("3.00", "2020-01-01", 422), ("", "2099-01-01", 422), ("3.00", "2099-01-01", 302)]
)
def test_the_next_version_of_an_agreement(rate: str, day: str, status: int) -> None:
    partner, _owner = applicants.approved()
    address = reverse("operator:agreement_change", args=[partner.organisation.public_id])
    values = {"rate": rate, "effective_date": day, "reason": "规模调整"}
    assert client_of(applicants.operator()).post(address, values).status_code == status
    assert partner.agreements.count() == (2 if status == 302 else 1)


def test_a_renewal_is_handed_in_and_verified_through_the_pages() -> None:
    partner, owner = applicants.approved()
    address = reverse("provider:renew", args=["telecom-licence"])
    values = {"document_number": "B1-20279999", "valid_until": "2035-01-01"}
    provider = client_of(owner)
    bad = applicants.file(files.pdf(files.with_attachment))
    assert provider.post(address, {**values, "file": bad}).status_code == 422
    assert provider.post(address, {**values, "file": applicants.file()}).status_code == 302
    assert provider.post(address, {**values, "file": applicants.file()}).status_code == 409
    row = partner.qualifications.get(status="claimed")
    operator = client_of(applicants.operator())
    queue = operator.get(f"{reverse('operator:applications')}?view=renewals").content.decode()
    assert partner.name in queue
    decide = reverse("operator:qualification_decide", args=[partner.organisation.public_id, row.pk])
    operator.post(decide, {"verdict": "refused", "reason": " "})
    row.refresh_from_db()
    assert row.status == "claimed", "a refusal needs a reason"
    operator.post(decide, {"verdict": "verified"})
    row.refresh_from_db()
    assert row.status == "verified"
    assert provider.get(reverse("provider:renew", args=["agreement"])).status_code == 404


def test_the_recognition_through_the_pages_and_the_public_list() -> None:
    partner, owner = applicants.approved()
    address = reverse("provider:recognition")
    provider = client_of(owner)
    values = {"statement": "自主研发", "files": [applicants.file(), applicants.file(files.png(), name="a.png")]}
    assert provider.post(address, {"statement": "x", "files": [applicants.file(b"x")]}).status_code == 422
    assert provider.post(address, values).status_code == 302
    found = Recognition.objects.get()
    assert found.documents.count() == 2
    opinion = reverse("operator:recognition_opinion", args=[found.number])
    for role in ("officer", "operator"):
        client = client_of(applicants.operator(role))
        assert client.post(opinion, {"role": role, "verdict": "against"}).status_code == 422
        assert client.post(opinion, {"role": role, "verdict": "for"}).status_code == 302
        assert client.post(opinion, {"role": role, "verdict": "for"}).status_code == 409
    found.refresh_from_db()
    public = Client().get(reverse("certificates")).content.decode()
    assert str(found.certificate_number) in public
    revoked = client.post(reverse("operator:recognition_revoke", args=[found.number]), {"reason": "材料失实"})
    assert revoked.status_code == 302
    public = Client().get(f"{reverse('certificates')}?q={found.certificate_number}").content.decode()
    assert "材料失实" in public
    assert partner.name in public
    assert partner.name not in Client().get(f"{reverse('certificates')}?q=nothing").content.decode()
    assert recognition.VALID_YEARS == 2


def test_the_full_account_number_is_shown_only_while_a_deposit_is_to_be_sent() -> None:
    _application, owner = applicants.register()
    account = payout.enter_account(
        bank="银行", account_name=owner.organisation_name, number="62220000111122", actor=owner, now=NOW
    )
    operator = client_of(applicants.operator())
    address = reverse("operator:deposit", args=[account.pk])
    assert operator.get(address).status_code == 302
    assert operator.post(reverse("operator:deposit_draw", args=[account.pk])).status_code == 302
    page = operator.get(address)
    assert "62220000111122" in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert operator.post(address, {"bank_reference": ""}).status_code == 422
    assert operator.post(address, {"bank_reference": "HZ-1"}).status_code == 302
    assert operator.get(address).status_code == 302
    own = client_of(owner).get(reverse("provider:payout_account")).content.decode()
    assert "62220000111122" not in own
    assert "1122" in own
    assert PayoutAccount.objects.get().state == "sent"


def test_registering_while_logged_in_or_twice() -> None:
    _application, owner = applicants.register()
    assert client_of(owner).get(reverse("register")).status_code == 302
    taken = User.objects.get(pk=owner.user_id).email
    values = {
        "name": "乙",
        "code": factories.credit_code(),
        "full_name": "乙",
        "email": taken.upper(),
        "password": factories.PASSWORD,
        "repeated": factories.PASSWORD,
    }
    assert Client().post(reverse("register"), values).status_code == 422
    assert Client().post(reverse("register"), {**values, "email": "n@e.test", "repeated": "x"}).status_code == 422
    assert Application.objects.count() == 1
    assert review.NOTICE.days == 7


def test_looking_at_the_application_creates_nothing_and_the_first_post_opens_the_draft() -> None:
    newcomer = factories.actor(factories.organisation(side="provider", name="新来"), "owner")
    client, page = client_of(newcomer), reverse("provider:application")
    assert client.get(page, follow=True).status_code == 200
    assert not Application.objects.exists()
    assert f'action="{page}"' in client.get(reverse("provider:onboarding")).content.decode()
    assert [client.post(page).status_code for _ in range(2)] == [302, 422]
    assert Application.objects.get().state == "draft"
    assert client.get(page).status_code == 200
