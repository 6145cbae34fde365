"""Drives the real operations through two past months, so that every page has something true to show.

The month before last: orders, approvals, delivery, hourly usage. Last month: its invoices, payments in full, in part
and not at all, usage by the day. This month: settlements, one of them approved and paid, and orders that wait.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.contracts import operations as contracts
from billing.contracts import queries as contract_queries
from billing.exports import operations as exports
from billing.invoicing import queries as invoices
from billing.payments import operations as payments
from billing.rules import periods
from billing.rules.money import Money, round_to_minor
from billing.rules.periods import SHANGHAI, Month
from billing.settlement import operations as settlement
from billing.settlement import queries as settlements
from listings.models import Plan, Product
from listings.prices import drafts
from listings.prices import operations as price_books
from listings.prices import queries as listed_prices
from listings.prices.drafts import PlanDraft
from marketplace import pipeline
from marketplace.demo import bank, capacity, choices, disturbances, people, prices, reviews, script, usage
from marketplace.demo.world import World
from marketplace.organisations import actors
from marketplace.organisations import queries as organisations
from marketplace.organisations.models import User
from marketplace.procurement import adviser
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket import queries as purchase_lists
from marketplace.shop.checkout import operations as checkout
from marketplace.shop.checkout import terms

Say = Callable[[str], object]


def opening(now: datetime) -> datetime:
    """The moment the sample world begins: the first morning of the month before last, in Asia/Shanghai."""
    return _at(Month.of(now).previous().previous().first_date, hour=8)


def drive(*, world: World, now: datetime, say: Say) -> None:
    """Walk from the opening to `now`. `say` is told what is happening."""
    this_month = Month.of(now)
    last_month = this_month.previous()
    first_month = last_month.previous()
    driver = Driver(world=world, now=now)
    say(f"{first_month}: buyers order, approvers approve, providers deliver, buyers accept …")
    driver.top_up(at=_at(first_month.first_date, hour=9))
    driver.order_all(at=_at(first_month.first_date, hour=10))
    driver.deliver_all(at=_at(first_month.first_date + timedelta(days=1), hour=10))
    driver.accept_all(at=_at(first_month.first_date + timedelta(days=1), hour=16))
    metered = driver.metered_contracts()
    first_day = first_month.first_date + timedelta(days=1)
    say(f"{first_month}: hourly usage goes through the API …")
    count = usage.post_hourly(metered, first_day=first_day, end_date=first_month.end_date, tokens=driver.tokens)
    say(f"  {count:,} events")
    capacity.note_days(first_day=first_month.first_date, until=_at(last_month.first_date, hour=9))
    say(f"{last_month}: the month is closed; invoices go out and are paid, in part, or not …")
    pipeline.advance(now=_at(last_month.first_date + timedelta(days=1), hour=9))
    usage.post_daily(metered, first_day=last_month.first_date, end_date=last_month.end_date, tokens=driver.tokens)
    driver.pay(month=first_month, at=_at(last_month.first_date + timedelta(days=11), hour=11))
    capacity.note_days(first_day=last_month.first_date, until=_at(this_month.first_date, hour=9))
    disturbances.happen_last_month(world=world, at=_at(last_month.first_date + timedelta(days=20), hour=15))
    say(f"{this_month}: providers are settled …")
    pipeline.advance(now=min(now, _at(this_month.first_date + timedelta(days=1), hour=9)))
    driver.settle(month=last_month, at=min(now, _at(this_month.first_date + timedelta(days=5), hour=15)))
    capacity.note_days(first_day=this_month.first_date, until=now)
    driver.leave_work_waiting(at=now)
    capacity.plan_ahead(world=world, now=now)
    disturbances.leave_a_report(world=world, now=now)
    reviews.write_all(world=world, now=now)
    choices.put_on_file(world=world, now=now)
    driver.change_prices(at=now)
    bank.receive(finance=driver.finance, now=now)
    pipeline.advance(now=now)


def _at(day: date, *, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI).astimezone(UTC)


@dataclass
class Driver:
    """Acts for everybody in the sample world, through the same operations as the pages."""

    world: World
    now: datetime

    def __post_init__(self) -> None:
        self.finance = self._log_in("finance@demo.example")
        self.tokens = {
            partner.pk: usage.issue_token(actor=self._log_in(f"owner-{code.lower()}@demo.example"), now=self.now)
            for code, partner in self.world.partners.items()
        }

    def top_up(self, *, at: datetime) -> None:
        for code, amount in script.TOP_UPS.items():
            payments.record_top_up(
                organisation_id=self.world.buyers[code].pk,
                amount=Money.from_decimal(amount, "CNY"),
                bank_reference=f"DEMO-TOPUP-{code}",
                received_at=at,
                actor=self.finance,
                now=at,
            )

    def order_all(self, *, at: datetime) -> None:
        for order in script.ORDERS:
            number = self._order(order, at=at)
            if self.world.buyers[order.buyer].needs_approval:
                self._approve(order.buyer, number, at=at + timedelta(hours=3))

    def deliver_all(self, *, at: datetime) -> None:
        for code, partner in self.world.partners.items():
            actor = self._log_in(f"owner-{code.lower()}@demo.example")
            for place, contract in enumerate(self._contracts(partner.organisation_id), start=1):
                contracts.confirm_delivery(
                    number=contract.number,
                    provider_organisation_id=partner.organisation_id,
                    resource_id=f"{code.lower()}-res-{place:03d}",
                    actor=actor,
                    now=at,
                )

    def accept_all(self, *, at: datetime) -> None:
        """Each buyer looks at what was delivered and accepts it: billing begins."""
        for code, buyer in self.world.buyers.items():
            actor = self._log_in(f"owner-{code.lower()}@demo.example")
            for contract in contract_queries.list_contracts(buyer_id=buyer.pk, status="pending"):
                contracts.accept_delivery(
                    number=contract.number,
                    organisation_id=buyer.pk,
                    quantity=contract.quantity,
                    actor=actor,
                    now=at,
                )

    def metered_contracts(self) -> list[usage.Metered]:
        """The contracts with use to report, with what one of their resources uses in an hour."""
        codes = {product.pk: code for code, product in self.world.offerings.items()}
        return [
            usage.Metered(
                number=contract.number,
                provider_id=contract.provider_id,
                resources=contract.quantity,
                hourly={meter: Decimal(text) for meter, text in script.HOURLY[codes[contract.offering_id]].items()},
            )
            for partner in self.world.partners.values()
            for contract in self._contracts(partner.organisation_id)
            if contract.plan.code == "metered"
        ]

    def pay(self, *, month: Month, at: datetime) -> None:
        """Each buyer pays the share of its invoices that the script says, a day after the other."""
        for place, (code, share) in enumerate(script.SHARES_PAID.items()):
            received_at = at + timedelta(days=place)
            for invoice in invoices.list_invoices(buyer_id=self.world.buyers[code].pk, period=month).page:
                amount = round_to_minor(Decimal(invoice.total_minor) * share / 100, currency=invoice.currency)
                payments.confirm_bank_transfer(
                    invoice_number=invoice.number,
                    amount=Money(amount, invoice.currency),
                    bank_reference=f"DEMO-{invoice.number}",
                    received_at=received_at,
                    actor=self.finance,
                    now=received_at,
                )

    def settle(self, *, month: Month, at: datetime) -> None:
        """Approve two settlements, pay one of them out, and ask for the export of the month."""
        drafted = sorted(settlements.list_settlements(month=month).page, key=lambda row: row.number)
        for row in drafted[:2]:
            settlement.approve(number=row.number, actor=self.finance, now=at)
        for row in drafted[:1]:
            settlement.record_payout(
                number=row.number,
                bank_reference=f"DEMO-PAYOUT-{row.number}",
                actor=self.finance,
                now=at + timedelta(hours=1),
            )
        for file_format in ("xlsx", "csv"):
            exports.request_export(
                kind="settlement_detail",
                format=file_format,
                month=month,
                settlement_number="",
                organisation_id=self.world.platform.pk,
                actor=self.finance,
                now=at,
            )

    def leave_work_waiting(self, *, at: datetime) -> None:
        self._order(script.WAITING_FOR_APPROVAL, at=at)
        self._order(script.WAITING_FOR_DELIVERY, at=at)

    def change_prices(self, *, at: datetime) -> None:
        """One list price rises in a month; one buyer has agreed on a lower one under a framework."""
        product, seller, plans = self._prices_of("OF001")
        dearer = prices.agreed_prices(plans, share=Decimal("1.05"))
        book = price_books.draft_price_book(product=product, plans=dearer, actor=seller, now=at)
        today = periods.civil_date(at)
        price_books.announce_price_book(
            price_book=book, effective_date=today + timedelta(days=30), actor=seller, now=at
        )
        product, seller, plans = self._prices_of("OF003")
        price_books.negotiate_price_book(
            product=product,
            organisation=self.world.buyers["B01"],
            plans=prices.agreed_prices(plans, share=Decimal("0.88")),
            basis="framework",
            effective_date=today,
            valid_until=today + timedelta(days=365),
            actor=seller,
            now=at,
        )

    def _prices_of(self, code: str) -> tuple[Product, actors.Actor, list[PlanDraft]]:
        """An offering, its seller, and its list prices as drafts."""
        product = self.world.offerings[code]
        provider = next(key for key, one in self.world.partners.items() if one.pk == product.partner_id)
        plans = listed_prices.plans_for(products=[product])[product.pk]
        return product, self._log_in(people.owner_email(provider)), [drafts.read_draft(plan=one) for one in plans]

    def _contracts(self, organisation_id: int) -> Iterable[contract_queries.Contract]:
        return contract_queries.list_contracts(provider_organisation_id=organisation_id)

    def _order(self, order: script.SampleOrder, *, at: datetime) -> str:
        actor = self._log_in(f"owner-{order.buyer.lower()}@demo.example")
        for wish in order.wishes:
            plan = Plan.objects.get(
                price_book__product=self.world.offerings[wish.offering], price_book__status="published", code=wish.plan
            )
            baskets.add_offering(plan_id=plan.pk, quantity=wish.quantity, term_months=wish.months, actor=actor, now=at)
        wanted = purchase_lists.read_purchase_list(user_id=actor.user_id or 0, organisation_id=actor.organisation_id)
        if wanted is None:
            raise LookupError(f"{order.buyer} wishes for nothing")
        placed = checkout.place_order(
            basket_id=wanted.basket.pk,
            seen_gross_minor=wanted.total.term.gross.amount_minor,
            contact_name=order.contact,
            contact_phone="0476-0000000",
            payment_method=order.payment_method,
            accepted_terms=terms.VERSION,
            statement=adviser.Statement(order.information, order.business, reason=order.reason),
            actor=actor,
            now=at,
        )
        return placed.number

    def _approve(self, buyer: str, number: str, *, at: datetime) -> None:
        actor = self._log_in(f"approver-{buyer.lower()}@demo.example")
        contracts.decide_order(
            order_number=number,
            organisation_id=self.world.buyers[buyer].pk,
            approve=True,
            reason="",
            actor=actor,
            now=at,
        )

    def _log_in(self, email: str) -> actors.Actor:
        user = organisations.find_user(email=email)
        if not isinstance(user, User):
            raise LookupError(f"{email} is not among {people.__name__}.PEOPLE")
        return organisations.find_actor(user=user, organisation_id=None)
