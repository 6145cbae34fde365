"""One edition published eight times at once: one number, and the others are told.

The guards are two locks (the year's counter, the edition's row). The control takes them away and must see more than
one publication succeed: so this test can see what it claims to see.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from listings.models import Edition, EditionSeries, Product
from listings.recommended import operations, publication
from tests import editions, factories
from tests.concurrency.test_last_units import at_once

pytestmark = pytest.mark.django_db(transaction=True)
OFFICERS = 8


def ready() -> tuple[Edition, list[Callable[[], Any]]]:
    """A signed edition, and OFFICERS attempts to publish it."""
    factories.offering(editions.proven_centre())
    edition = editions.open_edition(editions.announce())
    editions.sign(edition)
    officer = editions.officer()
    attempt = lambda: publication.publish_edition(  # noqa: E731
        edition_id=edition.pk, actor=officer, now=editions.PUBLISHED_AT
    )
    return edition, [attempt] * OFFICERS


def test_published_at_once_is_published_once() -> None:
    edition, attempts = ready()
    outcomes = Counter(type(outcome).__name__ for outcome in at_once(attempts))
    assert outcomes == {"Edition": 1, "AlreadyPublished": OFFICERS - 1}
    edition.refresh_from_db()
    assert (edition.number, EditionSeries.objects.get().last) == ("TJ-2026-01", 1)
    assert Product.objects.filter(is_recommended=True).count() == 1


def test_control_without_the_locks_several_believe_they_published(monkeypatch: pytest.MonkeyPatch) -> None:
    _edition, attempts = ready()
    EditionSeries.objects.create(year=2026)
    monkeypatch.setattr(publication, "_lock_series", lambda year: EditionSeries.objects.get(year=year))
    monkeypatch.setattr(
        operations,
        "lock_edition",
        lambda *, edition_id: Edition.objects.select_related("criteria_set").get(pk=edition_id),
    )
    require = publication._require_signatures

    def slowly(edition: Edition) -> None:
        require(edition)
        time.sleep(1)

    monkeypatch.setattr(publication, "_require_signatures", slowly)
    outcomes = Counter(type(outcome).__name__ for outcome in at_once(attempts))
    assert outcomes["AlreadyPublished"] < OFFICERS - 1, dict(outcomes)
