"""What was submitted stays as the reviewer sees it: the prices, the version and the record of its steps."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from billing.rules import periods
from listings import operations
from listings.models import OfferingStep, OfferingVersion, Plan, PlanTerm, PriceBook, PriceComponent
from listings.prices import operations as price_books
from tests.listings.test_life import Desk, last


@pytest.fixture
def desk(db, now):
    return Desk(now)


def submitted(desk):
    product = desk.create()
    desk.submit(product)
    return product, last(product).price_book


def states(product):
    return dict(PriceBook.objects.filter(product=product).order_by("version").values_list("version", "status"))


def test_its_prices_are_neither_changed_nor_announced_nor_published_past_the_reviewer(desk):
    product, book = submitted(desk)
    day = periods.civil_date(desk.now) + timedelta(days=30)
    common = {"actor": desk.seller, "now": desk.now}
    for step in (lambda: None, lambda: desk.take(product)):
        step()
        for attempt in (
            lambda: price_books.announce_price_book(price_book=book, effective_date=day, **common),
            lambda: price_books.publish_price_book(price_book=book, **common),
            lambda: desk.price(product, "1"),
        ):
            with pytest.raises(price_books.PriceBookInReview) as refusal:
                attempt()
            assert "请先撤回该版本，再修改价格。" in refusal.value.message
            assert refusal.value.field == "prices"
    assert states(product) == {1: "draft"}
    desk.publish(product)
    assert states(product) == {1: "published"}


def test_taken_back_it_is_changed_and_submitted_again_with_other_prices(desk):
    product, book = submitted(desk)
    first = desk.take(product)
    with pytest.raises(operations.InvalidContent) as refusal:
        operations.take_back(version=first, reason=" ", actor=desk.seller, now=desk.now)
    assert (refusal.value.field, last(product).state) == ("reason", "in_review")
    for _ in range(2):  # repeated, it changes nothing
        draft = operations.take_back(version=first, reason="价格有误", actor=desk.seller, now=desk.now)
    assert (draft.number, draft.state, draft.content) == (2, "draft", first.content)
    step = OfferingStep.objects.get(product=product, to_state="returned")
    assert (step.reason, step.user_id, step.version_number) == ("价格有误", desk.seller.user_id, 1)
    desk.price(product, "90")
    assert states(product) == {1: "retired", 2: "draft"}  # what was submitted stays readable
    book.refresh_from_db()
    assert book.plans.get().components.get().unit_price == 100
    desk.list(product)
    assert (product.version_number, str(product.from_price), states(product)[2]) == (2, "95.40000000", "published")
    with pytest.raises(operations.WrongState):
        operations.take_back(version=last(product), reason="理由", actor=desk.seller, now=desk.now)


def test_prices_that_were_returned_never_come_into_force_behind_newer_ones(desk):
    product, _book = submitted(desk)
    operations.return_version(version=desk.take(product), reason="请核对价格", actor=desk.reviewer, now=desk.now)
    operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    newer = desk.price(product, "90")
    desk.list(product)
    operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    desk.submit(product)  # with no new price
    assert last(product).price_book == newer


def test_prices_that_the_checks_turned_down_make_room_for_the_next(desk):
    product = desk.create(sla_percent=None)
    with pytest.raises(operations.ChecksFailed):
        desk.submit(product)
    assert last(product).price_book.version == 1
    desk.price(product, "90")
    assert (last(product).price_book, states(product)) == (None, {2: "draft"})


@pytest.mark.parametrize("model", [Plan, PlanTerm, PriceComponent])
def test_the_database_refuses_changes_of_submitted_prices(desk, model):
    column = {Plan: {"name": "x"}, PlanTerm: {"discount": "0.5"}, PriceComponent: {"unit_price": "1"}}[model]
    product = desk.create()
    rows = model.objects.filter(**{"price_book__product" if model is Plan else "plan__price_book__product": product})
    assert rows.update(**column) == rows.count() > 0  # a draft's may change: the control
    desk.submit(product)
    returned = desk.take(product)

    def refused():
        for change in (lambda: rows.update(**column), lambda: rows._raw_delete(rows.db)):
            with pytest.raises(IntegrityError, match="submitted for review"), transaction.atomic():
                change()

    refused()
    operations.return_version(version=returned, reason="请核对价格", actor=desk.reviewer, now=desk.now)
    refused()


def test_the_database_refuses_changes_of_the_submitted_book_itself(desk):
    _product, book = submitted(desk)
    rows = PriceBook.objects.filter(pk=book.pk)
    for change in ({"currency": "USD"}, {"version": 9}, {"submitted_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises((IntegrityError, ProtectedError)), transaction.atomic():
        rows.delete()


def test_the_database_refuses_changes_of_a_version_once_it_is_submitted(desk):
    product = desk.create()
    rows = OfferingVersion.objects.filter(product=product)
    assert rows.update(content=last(product).content) == 1  # a draft's may change: the control
    desk.submit(product)

    def refused():
        for change in (
            lambda: rows.update(content={}),
            lambda: rows.update(price_book=None),
            lambda: rows.update(number=7),
            rows.delete,
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()

    refused()
    desk.take(product)
    desk.publish(product)
    refused()


def test_the_database_refuses_changes_of_the_steps(desk):
    product, _book = submitted(desk)
    rows = OfferingStep.objects.filter(product=product)
    assert rows.count() == 2
    for change in (lambda: rows.update(reason="x"), lambda: rows.update(user=None), rows.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
