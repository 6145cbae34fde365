"""Dated price books, and books of one buyer: when they come into force, and who sees them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.rating import operations as rating
from billing.rating.models import Charge
from billing.rules.components import Tier
from listings import queries as listings
from listings.models import PriceBook
from listings.prices import operations, queries
from listings.prices.operations import ComponentDraft, PlanDraft
from listings.search.filters import CatalogueFilters
from marketplace import pipeline
from marketplace.organisations import actors
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 5, 4, 0, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 10, 5)


def plan(price: str, **fields: Any) -> PlanDraft:
    fee = ComponentDraft("c0", "月费", "recurring", "台·月", Decimal(price), Decimal("0.06"), **fields)
    return PlanDraft("monthly", "包月", [fee], {1: Decimal(0), 12: Decimal("0.10")})


class Market:
    """One offering at 212.70 a month, its provider, and two buyers."""

    def __init__(self) -> None:
        self.product = factories.offering(factories.data_centre(factories.hongshan()))
        self.seller = factories.actor(self.product.partner.organisation, "sales")
        self.foods, self.bureau = factories.foods(), factories.bureau()

    def draft(self, price: str, **fields: Any) -> PriceBook:
        return operations.draft_price_book(
            product=self.product, plans=[plan(price, **fields)], actor=self.seller, now=NOW
        )

    def announce(self, price: str, days: int) -> PriceBook:
        return operations.announce_price_book(
            price_book=self.draft(price), effective_date=TODAY + timedelta(days=days), actor=self.seller, now=NOW
        )

    def negotiate(self, price: str = "150", **fields: Any) -> PriceBook:
        given = {
            "product": self.product,
            "organisation": self.foods,
            "plans": [plan(price)],
            "basis": "negotiated",
            "effective_date": TODAY,
            "valid_until": date(2026, 12, 31),
            "actor": self.seller,
            "now": NOW,
        }
        return operations.negotiate_price_book(**{**given, **fields})

    def prices(self, organisation: Any = None) -> list[str]:
        seen = queries.plans_for(products=[self.product], organisation_id=organisation and organisation.pk)
        return [f"{row.unit_price:.2f}" for one in seen[self.product.pk] for row in one.components.all()][:1]


@pytest.fixture
def market() -> Market:
    return Market()


def test_a_lower_price_is_announced_a_day_ahead_and_comes_at_midnight_in_shanghai(market: Market) -> None:
    book = market.announce("200", 1)
    assert (book.status, book.effective_date) == ("announced", date(2026, 10, 6))
    before_midnight = datetime(2026, 10, 5, 15, 59, 59, tzinfo=UTC)
    assert operations.put_due_books_in_force(now=before_midnight, limit=10) == 0
    assert market.prices() == ["212.70"]
    midnight = datetime(2026, 10, 5, 16, 0, tzinfo=UTC)
    assert operations.put_due_books_in_force(now=midnight, limit=10) == 1
    assert operations.put_due_books_in_force(now=midnight, limit=10) == 0
    assert market.prices() == ["200.00"]
    states = PriceBook.objects.filter(product=market.product).order_by("version").values_list("status", flat=True)
    assert list(states) == ["retired", "published"]
    market.product.refresh_from_db()
    assert market.product.from_price == Decimal(212)


@pytest.mark.parametrize(("price", "days"), [("200", 0), ("212.71", 6), ("300", 1), ("200", 731)])
def test_notice_is_given(market: Market, price: str, days: int) -> None:
    with pytest.raises(operations.TooEarly) as refusal:
        market.announce(price, days)
    assert refusal.value.field == "effective_date"
    assert not PriceBook.objects.filter(status="announced").exists()


def test_a_higher_price_needs_seven_days_and_never_comes_at_once(market: Market) -> None:
    with pytest.raises(operations.IncreaseNotAnnounced, match="7"):
        operations.publish_price_book(price_book=market.draft("212.71"), actor=market.seller, now=NOW)
    assert market.announce("212.71", 7).status == "announced"
    assert market.prices() == ["212.70"]


@pytest.mark.parametrize(
    ("fields", "is_dearer"),
    [
        ({"price": "212.70"}, False),
        ({"price": "212.70", "minimum_amount": Decimal("212.71")}, True),
        ({"price": "212.70", "maximum_amount": Decimal(200)}, False),
        (
            {"price": "0", "model": "graduated", "tiers": [Tier(Decimal(5), Decimal(100)), Tier(None, Decimal(213))]},
            True,
        ),
        ({"price": "0", "model": "volume", "tiers": [Tier(None, Decimal(100))]}, False),
    ],
)
def test_what_counts_as_an_increase(market: Market, fields: dict[str, Any], is_dearer: bool) -> None:
    book = market.draft(**fields)
    if is_dearer:
        with pytest.raises(operations.IncreaseNotAnnounced):
            operations.publish_price_book(price_book=book, actor=market.seller, now=NOW)
    else:
        assert operations.publish_price_book(price_book=book, actor=market.seller, now=NOW).status == "published"


def test_one_announcement_at_a_time_and_it_can_be_called_off(market: Market) -> None:
    first = market.announce("200", 3)
    with pytest.raises(operations.AnotherAnnounced):
        market.announce("190", 3)
    assert operations.call_off_announcement(price_book=first, actor=market.seller, now=NOW).status == "retired"
    with pytest.raises(operations.NotAnnounced):
        operations.call_off_announcement(price_book=first, actor=market.seller, now=NOW)
    market.announce("190", 3)
    operations.put_due_books_in_force(now=NOW + timedelta(days=3), limit=10)
    assert market.prices() == ["190.00"]


def test_another_provider_neither_announces_nor_calls_off(market: Market) -> None:
    other = factories.actor(factories.songmo().organisation, "sales")
    draft = market.draft("200")
    for stranger in (other, factories.actor(market.foods, "owner"), actors.VISITOR):
        with pytest.raises(operations.NoSuchOffering):
            operations.announce_price_book(
                price_book=draft, effective_date=TODAY + timedelta(days=3), actor=stranger, now=NOW
            )
    draft.refresh_from_db()
    assert draft.status == "draft"
    book = market.announce("190", 3)
    with pytest.raises(operations.NoSuchOffering):
        operations.call_off_announcement(price_book=book, actor=other, now=NOW)
    book.refresh_from_db()
    assert book.status == "announced"


def test_the_operator_announces_and_calls_off_for_any_provider(market: Market) -> None:
    operator = factories.actor(factories.platform(), "operator")
    finance = factories.actor(factories.platform(), "finance")
    book, day = market.draft("200"), TODAY + timedelta(days=3)
    with pytest.raises(operations.NoSuchOffering):
        operations.announce_price_book(price_book=book, effective_date=day, actor=finance, now=NOW)
    book = operations.announce_price_book(price_book=book, effective_date=day, actor=operator, now=NOW)
    assert operations.call_off_announcement(price_book=book, actor=operator, now=NOW).status == "retired"


def test_the_catalogue_shows_and_filters_by_the_new_price_after_its_day(market: Market) -> None:
    operations.publish_price_book(price_book=market.draft("212.70"), actor=market.seller, now=NOW)
    market.announce("424.00", 7)

    def shown() -> tuple[list[Decimal], int]:
        """The prices on the cards, and how many offerings the condition "from 400" finds."""
        cards = listings.search_offerings(filters=CatalogueFilters()).rows
        dear = listings.search_offerings(filters=CatalogueFilters(price_min=Decimal(400)))
        return [row.list_price.gross for row in cards if row.list_price], dear.total

    assert shown() == ([Decimal("225.46")], 0)
    pipeline.advance(now=NOW + timedelta(days=6))
    assert shown() == ([Decimal("225.46")], 0)
    pipeline.advance(now=NOW + timedelta(days=7))
    assert shown() == ([Decimal("449.44")], 1)


def test_a_running_contract_keeps_its_book_whatever_is_announced(market: Market) -> None:
    contract = factories.contract(market.foods, market.product, term_months=1)
    market.announce("300", 7)
    pipeline.advance(now=datetime(2026, 10, 20, tzinfo=UTC))
    assert market.prices() == ["300.00"]
    market.negotiate("100", effective_date=date(2026, 10, 20), now=datetime(2026, 10, 20, tzinfo=UTC))
    rating.rate_pending(now=datetime(2026, 11, 2, tzinfo=UTC), limit=10)
    assert [charge.amount for charge in Charge.objects.filter(contract=contract)] == [Decimal("212.70")]


def test_only_the_buyer_sees_its_own_prices(market: Market) -> None:
    book = market.negotiate()
    assert (market.prices(), market.prices(market.bureau), market.prices(market.foods)) == (
        ["212.70"],
        ["212.70"],
        ["150.00"],
    )
    own, listed = book.plans.get(), factories.plan_of_list(market.product)
    for organisation, visible in ((None, listed), (market.bureau, listed), (market.foods, own)):
        pk = organisation and organisation.pk
        assert list(listings.find_plans(plan_ids=[own.pk, listed.pk], organisation_id=pk)) == [visible.pk]
    with pytest.raises(listings.NoSuchPlan):
        listings.find_plan(plan_id=own.pk, organisation_id=market.bureau.pk)
    market.product.refresh_from_db()
    assert market.product.from_price is None  # what the catalogue shows was not touched
    assert market.product.quote(plan_id=own.pk, quantity=1, term_months=1) is None


def test_an_own_book_ends_after_its_last_day(market: Market) -> None:
    market.negotiate(valid_until=TODAY)
    assert operations.put_due_books_in_force(now=NOW, limit=10) == 0
    assert operations.put_due_books_in_force(now=NOW + timedelta(hours=12), limit=10) == 1
    assert market.prices(market.foods) == ["212.70"]


def test_an_own_book_for_later_waits_and_replaces_only_its_own(market: Market) -> None:
    market.negotiate("150")
    market.negotiate("140", effective_date=TODAY + timedelta(days=1))
    assert market.prices(market.foods) == ["150.00"]
    operations.put_due_books_in_force(now=NOW + timedelta(days=1), limit=10)
    assert (market.prices(market.foods), market.prices()) == (["140.00"], ["212.70"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"basis": "list"}, "basis"),
        ({"effective_date": TODAY - timedelta(days=1)}, "effective_date"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until"),
    ],
)
def test_an_own_book_that_says_nonsense_is_refused(market: Market, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(operations.InvalidBasis) as refusal:
        market.negotiate(**fields)
    assert refusal.value.field == field
    assert PriceBook.objects.count() == 1


def test_prices_are_agreed_with_buyers_by_the_provider_itself(market: Market) -> None:
    other = factories.actor(factories.songmo().organisation, "sales")
    with pytest.raises(operations.NoSuchOffering):
        market.negotiate(actor=other)
    with pytest.raises(operations.InvalidBasis):
        market.negotiate(organisation=market.product.partner.organisation)


def test_an_announced_price_is_told_to_those_it_will_touch(market: Market) -> None:
    announced = market.announce("200", 1)
    assert queries.read_prices(product_id=market.product.pk).announced_book.pk == announced.pk
    market.negotiate()
    foods = queries.read_prices(product_id=market.product.pk, organisation_id=market.foods.pk)
    assert (foods.announced_book, {plan.price_book.organisation_id for plan in foods.plans}) == (
        None,
        {market.foods.pk},
    )
    bureau = queries.read_prices(product_id=market.product.pk, organisation_id=market.bureau.pk)
    assert (bureau.announced_book.pk, {plan.price_book.organisation_id for plan in bureau.plans}) == (
        announced.pk,
        {None},
    )
