"""Several people of one provider begin a new version at once: one draft, whichever of them was first.

The guard is the offering's lock, after which the last version is read; behind it stands the index that allows one open
version per offering. The control takes the lock away and must see the index refuse all but one; without the index too
there would be several, which the last test shows: so these tests can see what they claim to see.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection

from listings import operations, steps
from listings.models import OfferingStep, OfferingVersion, Product
from marketplace.organisations import actors
from tests import factories
from tests.concurrency.test_last_units import at_once
from tests.frontend.trade import NOW

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 4
INDEX = "offering_version_one_open"


def listed() -> tuple[Product, list[actors.Actor]]:
    """A published offering and its provider's people."""
    product = factories.offering(factories.data_centre(factories.hongshan()))
    organisation = product.partner.organisation
    return product, [factories.actor(organisation, "sales") for _ in range(PEOPLE)]


def rush(monkeypatch: pytest.MonkeyPatch, *, is_locked: bool) -> tuple[Product, list[Any]]:
    """All look for the last version before the first of them writes, if they can."""
    product, people = listed()
    together = threading.Barrier(PEOPLE)
    look = steps.current_version

    def slow_look(*, product: Product) -> OfferingVersion | None:
        found = look(product=product)
        with contextlib.suppress(threading.BrokenBarrierError):  # the others wait for the lock, as they should
            together.wait(timeout=1)
        return found

    monkeypatch.setattr(steps, "current_version", slow_look)
    if not is_locked:
        monkeypatch.setattr(steps, "lock", lambda *, product_id: Product.objects.get(pk=product_id))
    calls = [lambda who=who: operations.draft_version(product=product, actor=who, now=NOW) for who in people]
    return product, at_once(calls)


def drafts(product: Product) -> int:
    return OfferingVersion.objects.filter(product=product, state="draft").count()


def test_one_version_is_begun_and_all_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    product, outcomes = rush(monkeypatch, is_locked=True)
    (draft,) = OfferingVersion.objects.filter(product=product, state="draft")
    assert [outcome.pk for outcome in outcomes] == [draft.pk] * PEOPLE
    assert draft.number == 2
    assert OfferingStep.objects.filter(product=product, to_state="draft").count() == 1


def test_control_without_the_lock_the_index_refuses_all_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    product, outcomes = rush(monkeypatch, is_locked=False)
    refused = [one for one in outcomes if isinstance(one, IntegrityError)]
    assert len(refused) == PEOPLE - 1, outcomes
    assert drafts(product) == 1


@pytest.fixture
def without_the_indexes(transactional_db: None) -> Iterator[None]:
    """Neither one open version nor one number per offering; both are put back over an emptied table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [INDEX])
        (definition,) = cursor.fetchone()
        cursor.execute(f"DROP INDEX {INDEX}")
        cursor.execute("ALTER TABLE catalogue_offeringversion DROP CONSTRAINT offering_version_unique")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE catalogue_offeringversion DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM catalogue_offeringversion")
        cursor.execute("ALTER TABLE catalogue_offeringversion ENABLE TRIGGER USER")
        cursor.execute(definition)
        cursor.execute(
            "ALTER TABLE catalogue_offeringversion ADD CONSTRAINT offering_version_unique UNIQUE (product_id, number)"
        )


@pytest.mark.usefixtures("without_the_indexes")
def test_control_without_lock_and_index_each_begins_one(monkeypatch: pytest.MonkeyPatch) -> None:
    product, _outcomes = rush(monkeypatch, is_locked=False)
    assert drafts(product) == PEOPLE
