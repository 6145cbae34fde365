"""Two workers put the same due price in force at once: once, with one step in the audit trail.

The guard is the offering's lock, after which the book is asked again. The control takes lock and second look away and
must see several workers do the work: so this test can see what it claims to see. Then the last guard is the database's,
which refuses a book that is retired already.
"""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from billing.rules import periods
from listings.models import PriceBook
from listings.prices import operations
from listings.prices.operations import ComponentDraft, PlanDraft
from marketplace.organisations import actors
from marketplace.organisations.models import AuditEntry
from tests import factories
from tests.concurrency.test_last_units import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 10, 5, 4, 0, tzinfo=UTC)
DUE = NOW + timedelta(days=1)
WORKERS = 4


def announce() -> PriceBook:
    """A lower price, announced for tomorrow."""
    product = factories.offering(factories.data_centre(factories.hongshan()))
    seller = factories.actor(product.partner.organisation, "sales")
    fee = ComponentDraft("c0", "月费", "recurring", "台·月", Decimal(200), Decimal("0.06"))
    plans = [PlanDraft("monthly", "包月", [fee], {1: Decimal(0)})]
    book = operations.draft_price_book(product=product, plans=plans, actor=seller, now=NOW)
    return operations.announce_price_book(
        price_book=book, effective_date=periods.civil_date(DUE), actor=seller, now=NOW
    )


def rush(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All workers have read what is due before the first of them writes."""
    bring = operations._bring_up_to_date

    def after_a_moment(**given: Any) -> int:
        time.sleep(0.5)
        return bring(**given)

    monkeypatch.setattr(operations, "_bring_up_to_date", after_a_moment)
    return at_once([lambda: operations.put_due_books_in_force(now=DUE, limit=10)] * WORKERS)


def steps() -> int:
    return AuditEntry.objects.filter(action="price_book.published").count()


def test_at_once_is_put_in_force_once(monkeypatch: pytest.MonkeyPatch) -> None:
    book, before = announce(), steps()
    assert sorted(rush(monkeypatch)) == [0] * (WORKERS - 1) + [1]
    book.refresh_from_db()
    assert (book.status, steps() - before) == ("published", 1)
    in_force = PriceBook.objects.filter(product=book.product_id, organisation=None, status="published")
    assert in_force.count() == 1


def test_control_without_the_second_look_several_workers_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    announce()

    def blindly(*, pk: int, today: Any, now: datetime) -> int:
        book = PriceBook.objects.select_related("product").get(pk=pk)
        operations._put_in_force(product=book.product, book=book, actor=actors.SYSTEM, now=now)
        return 1

    monkeypatch.setattr(operations, "_bring_up_to_date", blindly)
    outcomes = rush(monkeypatch)
    tried = [one for one in outcomes if one == 1 or isinstance(one, IntegrityError)]
    assert len(tried) > 1, outcomes
