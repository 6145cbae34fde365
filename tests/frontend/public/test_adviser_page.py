"""The deployment adviser's pages: every question answered from the address; the next version is announced by a form."""

import pytest
from django.test import Client

from marketplace.procurement.models import AdviserRules
from tests import factories

pytestmark = pytest.mark.django_db


def ask(query=""):
    answer = Client().get(f"/adviser/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_answer_leads_into_the_catalogue():
    text = ask("?information=sensitive&business=general")
    assert "/catalogue/?deployment=private&amp;deployment=hybrid" in text
    assert "内蒙古自治区云计算创新发展行动方案" in text


def test_state_secrets_lead_nowhere():
    text = ask("?information=public&business=general&secret=1")
    assert "没有适用的部署模式" in text
    assert "?deployment=" not in text


@pytest.mark.parametrize("query", ["?information=x", "?business=general", "?information=%00&business=%00", "?secret=2"])
def test_no_address_breaks_it(query):
    assert "?deployment=" not in ask(query)


def test_the_officer_announces_the_next_version(now):
    client = Client()
    client.force_login(factories.member(factories.platform(), "officer"))
    form = client.get("/officer/adviser/").context["form"]
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    assert client.post("/officer/adviser/", {**data, "effective_date": "2020-01-01"}).status_code == 422
    assert client.post("/officer/adviser/", {**data, "mode": "block"}).status_code == 302
    rules = AdviserRules.objects.get(version=2)
    assert (rules.mode, rules.table) == ("block", AdviserRules.objects.get(version=1).table)
