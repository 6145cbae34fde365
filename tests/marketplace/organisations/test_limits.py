"""Tries are limited per address and account, for all processes, and without the cache too."""

import multiprocessing
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client

from marketplace import cache as shared
from marketplace.organisations import limits
from marketplace.organisations.models import Organisation
from tests import factories

RULE = limits.Rule("test", timedelta(minutes=15), {"address": 5, "account": 3})


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    shared.ask_again()
    limits.forget()
    yield
    shared.ask_again()
    cache.clear()


def take(now: datetime, **subjects: str) -> int:
    """Seconds to wait; 0 if the try is let through."""
    try:
        limits.take(rule=RULE, subjects=subjects, now=now)
    except limits.TooMany as refusal:
        return refusal.wait_s
    return 0


def test_by_account_and_by_address_until_the_window_ends(now: datetime) -> None:
    assert [take(now, address="192.0.2.1", account="A@x.test") for _ in range(3)] == [0, 0, 0]
    assert take(now + timedelta(minutes=14), address="192.0.2.2", account="a@x.test ") == 60  # noon begins a window
    assert [take(now, address="192.0.2.1", account=f"{name}@x.test") for name in "bcd"] == [0, 0, 900]
    assert take(now + timedelta(minutes=15), address="192.0.2.1", account="a@x.test") == 0
    assert take(now, account="") == 0
    limits.give_back(rule=RULE, subjects={"address": "192.0.2.2", "account": "a@x.test"}, now=now)
    assert take(now, address="192.0.2.2", account="a@x.test") == 0
    assert "x.test" not in str([limits._key(RULE, "account", "a@x.test", 1)])


def _try(place: int) -> int:
    shared.ask_again()
    return take(datetime.fromisoformat("2026-11-02T04:00:00+00:00"), account="shared@x.test")


@pytest.mark.parametrize("is_shared", [True, False])
def test_processes_share_the_count_and_the_control_without_does_not(is_shared: bool, monkeypatch: Any) -> None:
    if not is_shared:  # the control: each process counts for itself
        monkeypatch.setattr(limits, "_add", _add_alone)
    with multiprocessing.get_context("fork").Pool(4, maxtasksperchild=1) as pool:
        answers = pool.map_async(_try, range(8), chunksize=1).get(60)
    assert answers.count(0) == (3 if is_shared else 8)


def _add_alone(key: str, window_s: int, by: int = 1) -> int:
    limits._local[key] += by
    return limits._local[key]


def test_without_the_cache_a_process_counts_alone_and_asks_it_once(now: datetime, monkeypatch: Any) -> None:
    asked = []

    def fail(*args: Any, **kwargs: Any) -> None:
        asked.append(args)
        raise ConnectionError("no cache")

    monkeypatch.setattr(RedisCache, "add", fail)
    assert [take(now, account="a@x.test") for _ in range(4)] == [0, 0, 0, 900]
    assert len(asked) == 1


@pytest.mark.django_db
def test_log_in_and_registration_answer_429_with_the_time_to_wait() -> None:
    person = factories.member(factories.foods(), "buyer", email="buyer@x.test")
    client = Client()

    def log_in(password: str, path: str = "/login/") -> Any:
        return client.post(path, {"username": person.email, "password": password})

    assert log_in("wrong").status_code == 200
    assert log_in(factories.PASSWORD).status_code == 302  # forgives what was before
    client.logout()
    assert [log_in("wrong").status_code for _ in range(11)] == [200] * 10 + [429]
    refused = log_in(factories.PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert "尝试次数过多" in refused.content.decode()
    assert "尝试次数过多" in log_in(factories.PASSWORD, "/back-office/login/").content.decode()
    given = {
        "name": "达里湖云", "code": "91150404", "full_name": "那木拉", "email": "new@x.test",
        "password": "a-rather-long-one", "repeated": "a-rather-long-one",
    }  # fmt: skip
    answers = [client.post("/register/", given) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert "Retry-After" in answers[-1].headers
    assert not Organisation.objects.filter(name="达里湖云").exists()


@pytest.mark.parametrize(
    ("forwarded", "proxies", "found"),
    [("198.51.100.7", 0, "192.0.2.9"), ("198.51.100.7, 203.0.113.5", 1, "203.0.113.5"), ("", 1, "192.0.2.9")],
)
def test_the_address_is_forged_by_nobody(forwarded: str, proxies: int, found: str) -> None:
    meta = {"REMOTE_ADDR": "192.0.2.9", "HTTP_X_FORWARDED_FOR": forwarded}
    assert limits.address_of(meta=meta, proxies=proxies) == found
