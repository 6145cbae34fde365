"""Keys for machines: shown once, listed without their secret, revoked at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from marketplace.organisations import queries
from marketplace.organisations.models import ApiKey
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
PATH = "/provider/api-keys/"
GOOD = {"name": "一号机房", "scopes": ["usage.report", "contracts.view"], "lives_for": "90"}


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def provider() -> Any:
    return factories.hongshan().organisation


@pytest.fixture
def client(provider: Any) -> Client:
    return log_in(provider, "operations")


def log_in(organisation: Any, role: str) -> Client:
    browser = Client()
    browser.force_login(factories.member(organisation, role))
    return browser


def test_a_key_is_shown_once_and_works(client: Client, provider: Any) -> None:
    response = client.post(PATH, GOOD)
    token = response.context["issued"].token
    assert response.status_code == 200
    assert token in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    actor = queries.find_actor_by_token(token=token, now=NOW)
    assert actor is not None
    assert (actor.organisation_id, actor.scopes) == (provider.pk, frozenset(GOOD["scopes"]))
    key = ApiKey.objects.get()
    assert key.expires_at == NOW + timedelta(days=90)
    again = client.get(PATH).content.decode()
    assert key.prefix in again
    assert token not in again and token.rpartition("_")[2] not in again


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["settlements.approve"]}, "scopes"),
        ({"lives_for": "9999"}, "lives_for"),
    ],
)
def test_a_wrong_field_is_shown_beside_it(client: Client, change: dict[str, Any], field: str) -> None:
    response = client.post(PATH, GOOD | change)
    assert response.status_code == 422
    assert response.context["form"].errors[field]
    assert not ApiKey.objects.exists()


def test_a_revoked_key_no_longer_works(client: Client) -> None:
    token = client.post(PATH, GOOD).context["issued"].token
    key = ApiKey.objects.get()
    assert client.get(f"{PATH}{key.prefix}/revoke/").status_code == 405
    assert client.post(f"{PATH}{key.prefix}/revoke/")["Location"] == PATH
    assert queries.find_actor_by_token(token=token, now=NOW) is None
    assert f"{PATH}{key.prefix}/revoke/" not in client.get(PATH).content.decode()


def test_another_organisations_keys_are_not_there(client: Client, provider: Any) -> None:
    songmo = factories.songmo().organisation
    factories.api_token(songmo, "usage.report")
    theirs = ApiKey.objects.get()
    assert theirs.prefix not in client.get(PATH).content.decode()
    assert client.post(f"{PATH}{theirs.prefix}/revoke/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_who_may_not_manage_keys_is_refused(provider: Any) -> None:
    browser = log_in(provider, "finance")
    assert browser.get(PATH).status_code == 403
    assert browser.post(PATH, GOOD).status_code == 403
    assert not ApiKey.objects.exists()
