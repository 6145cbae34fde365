"""Who gets what at every address: role × address × method, complete. An address that is not listed fails.

The documents in the addresses belong to the buyer 草原食品 (foods) and the provider 红山云 (hongshan), so that
the columns bureau and songmo show what another organisation sees of them: 404, as if they did not exist. 403 is
one's own side without the role, or another side's page; 302 sends a visitor to the log-in page, or is the
page after a form. 422 is a form sent empty by someone who may send it; 405 a method that is not for anyone.
"""

import copy
from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from billing.metering.models import UsageEvent
from tests.security import accesses
from tests.security import world as worlds

pytestmark = pytest.mark.django_db  # what one row does is undone before the next

ROW = tuple[str, str, str, list[int]]


def rows(table: str) -> list[ROW]:
    found = []
    for line in table.strip().splitlines():
        name, part, method, statuses = (cell.strip() for cell in line.split("|"))
        found.append((name, part, method, [int(status) for status in statuses.split()]))
    return found


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: object) -> Iterator[worlds.World]:
    """One world for all rows; everything is rolled back in the end."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        yield worlds.build()
        transaction.set_rollback(True)


def ask(world: worlds.World, clients: dict, who: str, row: ROW) -> int:
    """The status of one request by one of the cast. A copy of the client asks: logging out ends only the copy."""
    name, part, method, _ = row
    client, address = copy.copy(clients[who]), reverse(name, kwargs=world.parts[part] if part else None)
    client.cookies = SimpleCookie(clients[who].cookies.output(header="", sep=";"))
    with transaction.atomic():
        try:
            return getattr(client, method.lower())(address).status_code
        finally:
            transaction.set_rollback(True)


@pytest.mark.parametrize("row", rows(accesses.PAGES), ids=lambda row: f"{row[2]} {row[0]}")
def test_pages(world: worlds.World, row: ROW) -> None:
    assert [ask(world, world.people, who, row) for who in worlds.PEOPLE] == row[3]


@pytest.mark.parametrize("row", rows(accesses.API), ids=lambda row: f"{row[2]} {row[0]}")
def test_api(world: worlds.World, row: ROW) -> None:
    assert [ask(world, world.keys, who, row) for who in worlds.KEYS] == row[3]


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"


def test_every_address_is_in_the_table_with_every_method() -> None:
    """The back office has a rule of its own below."""
    existing = {name for name in addresses(get_resolver("marketplace.urls")) if not name.startswith("admin:")}
    listed = [(name, method) for name, _, method, _ in rows(accesses.PAGES) + rows(accesses.API)]
    assert {name for name, _ in listed} == existing
    assert sorted(listed) == sorted((name, method) for name in existing for method in ("GET", "POST"))


# The category tree's script of Django's own translated words: no data of ours.
WORDS_ONLY = {"/back-office/catalogue/category/jsi18n/"}


def back_office_addresses() -> list[str]:
    """Every address of the back office but its own log-in page."""
    fillings: list[dict[str, object]] = [
        {},
        {"object_id": "1"},
        {"app_label": "organisations"},
        {"url": "nothing"},
        {"content_type_id": 1, "object_id": "1"},
        {"id": "1"},
    ]
    found, left = [], []
    for name in sorted(set(addresses(get_resolver("marketplace.urls")))):
        if not name.startswith("admin:") or name in ("admin:login", "admin:None"):
            continue
        for filling in fillings:
            try:
                found.append(reverse(name, kwargs=filling))
                break
            except NoReverseMatch:
                continue
        else:
            left.append(name)
    assert left == [], "addresses that this test does not know how to fill"
    return found


def test_the_back_office_is_closed_to_everyone_but_staff(world: worlds.World) -> None:
    """All its addresses, by one rule: whoever is not staff is sent to its log-in page; from its log-out to its door."""
    found = back_office_addresses()
    assert len(found) > 100
    doors = {reverse("admin:logout"): reverse("admin:index")}
    for who in ("visitor", "hongshan", "finance"):
        client = copy.copy(world.people[who])
        answers = {address: client.get(address) for address in found}
        open_to_them = {
            address
            for address, answer in answers.items()
            if (answer.status_code, answer.headers.get("Location", "").split("?")[0])
            != (302, doors.get(address, reverse("admin:login")))
        }
        assert open_to_them <= WORDS_ONLY, who


@pytest.mark.parametrize(("who", "status", "stored"), [("hongshan", "accepted", 1), ("songmo", "rejected", 0)])
def test_a_key_reports_usage_for_its_own_contracts_only(
    world: worlds.World, who: str, status: str, stored: int
) -> None:
    """Another provider's contract is answered in the words for one that does not exist."""
    event = {
        "specversion": "1.0",
        "type": "cloud.usage.v1",
        "source": "/meters/1",
        "id": "e1",
        "subject": world.sent["contract"],
        "time": "2026-10-20T00:00:00Z",
        "data": {"meter": "vcpu_hours", "quantity": "1"},
    }
    answers = [
        world.keys[who]
        .post(
            reverse("api:usage-events"),
            [{**event, "subject": subject}],
            content_type="application/cloudevents-batch+json",
        )
        .json()["events"][0]
        for subject in (world.sent["contract"], "HT-NOBODYS23")
    ]
    assert answers[0]["status"] == status
    assert UsageEvent.objects.count() == stored
    if not stored:
        assert answers[0] == answers[1]
