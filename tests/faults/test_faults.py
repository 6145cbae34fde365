"""The campaign of `make faults` in small: every kind of fault at least once, and both controls."""

import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.db import connection

from marketplace import embedded
from tests.faults import campaign, controls
from tests.faults.servers import World

# The mark makes the test database, whose tables are copied; nothing else is done with it.
pytestmark = [pytest.mark.long, pytest.mark.django_db]
NAME = "faults-short"
WANTED = {"events": 3_000, "kills": 10, "pause_s": 1.5, "flushes": 1}


@pytest.fixture(scope="module")
def world(django_db_setup: None) -> Iterator[World]:
    """Servers of their own, `fsync` on, with the tables of the test database; kept for the next time."""
    try:
        yield World(NAME, tables_of=database_url())
    finally:
        embedded.stop(NAME)


def database_url() -> str:
    settings = connection.settings_dict
    user, password = quote(settings["USER"], safe=""), quote(settings["PASSWORD"] or "", safe="")
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"postgres://{user}:{password}@{quote(settings['HOST'], safe='')}{port}/{settings['NAME']}"


@pytest.fixture
def seed() -> int:
    number = random.SystemRandom().randrange(10**6)
    print(f"seed {number}")
    return number


def test_nothing_is_lost_double_or_phantom_whatever_is_killed(world: World, seed: int) -> None:
    result = campaign.run(world, campaign.Wanted(seed=seed, **WANTED))
    print(result)
    assert result.verdict.is_clean, str(result)
    struck = {name.split(" ", 1)[1] for name in result.done if name.startswith("kill ")}
    assert struck == set(campaign.SHARES)
    assert result.done["answers"] and result.done["stop postgres"] and result.done["flush redis"]
    assert result.verdict.counts["corrections and voids"]


def test_control_an_answer_before_the_commit_loses(world: World, seed: int) -> None:
    assert controls.answer_early(world, seed=seed).verdict.lost


def test_control_without_the_unique_key_it_doubles(world: World, seed: int) -> None:
    assert controls.drop_the_key(world, seed=seed).verdict.double
