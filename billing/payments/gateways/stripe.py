"""Stripe behind our interface: Checkout Sessions, saved methods, refunds, disputes, payouts by balance transactions.

Facts: docs.stripe.com/api, /webhooks, /payouts/reconciliation. Every write carries an idempotency key.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import stripe

from billing.payments.gateways.interface import (
    Ask,
    Card,
    Declined,
    Forged,
    Movement,
    Notification,
    Opened,
    Receipt,
    Unavailable,
)
from billing.rules.money import Money

TIMEOUT_S: Final = 10
LARGEST_SKEW: Final = timedelta(minutes=5)  # stripe-python checks the past only; a date in the future is as wrong
MOST_PAGES: Final = 200
# Currencies whose smallest unit at Stripe is ISO 4217's.
CURRENCIES: Final = frozenset({"CNY", "USD", "EUR", "GBP", "HKD", "SGD", "JPY"})
NUMBER: Final = "attempt"


@dataclass(frozen=True)
class Stripe:
    """One account of Stripe; the key says which mode."""

    secret_key: str
    webhook_secret: str
    mode: str
    account: str = ""
    url: str = ""
    name: str = "stripe"
    currencies: frozenset[str] = CURRENCIES

    def open(self, ask: Ask) -> Opened:
        session = self._call(
            lambda: self._client().v1.checkout.sessions.create(self._session(ask), options(ask.number))
        )
        return Opened(url=session.url, external_id=session.id)

    def query(self, *, number: str, external_id: str) -> Receipt:
        if not external_id:
            return Receipt(number=number, state="absent")
        if external_id.startswith("pi_"):
            return self._intent(self._get_intent(external_id))
        return self._session_receipt(self._call(lambda: self._client().v1.checkout.sessions.retrieve(external_id)))

    def close(self, *, number: str, external_id: str) -> Receipt:
        """Expire the session, so that nobody can pay by it any more; or say that it is paid."""
        if external_id.startswith("cs_"):
            try:
                self._call(lambda: self._client().v1.checkout.sessions.expire(external_id))
            except Declined:
                return self.query(number=number, external_id=external_id)
            return Receipt(number=number, state="closed")
        return self.query(number=number, external_id=external_id)

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notification:
        signature = headers.get("stripe-signature", "")
        try:
            stripe.WebhookSignature.verify_header(body, signature, self.webhook_secret, None)
            told = dict(part.split("=", 1) for part in signature.split(","))
            sent_at = datetime.fromtimestamp(int(told["t"]), tz=UTC)
            event = json.loads(body)
            if abs(now - sent_at) > LARGEST_SKEW:
                raise Forged("sent too long ago, or in the future")
            if event["livemode"] is not (self.mode == "live"):
                raise Forged("of the other mode")
            if self.account and event.get("account", self.account) != self.account:
                raise Forged("meant for another account")
            return self.read(body)
        except Forged:
            raise
        except Exception as error:  # bytes that are no text, no JSON, or no event
            raise Forged(type(error).__name__) from error

    def read(self, body: bytes) -> Notification:
        event = json.loads(body)
        thing, kind = event["data"]["object"], event["type"]
        receipt = None
        if kind in ("checkout.session.completed", "checkout.session.async_payment_succeeded"):
            receipt = self._paid_session(thing)
        elif kind == "payment_intent.succeeded":
            receipt = self._intent(thing)
        return Notification(
            event_id=event["id"],
            kind="payment" if receipt and receipt.state == "paid" and receipt.number else kind,
            mode="live" if event["livemode"] else "test",
            receipt=receipt,
            facts=thing,
        )

    def refund(self, *, number: str, external_id: str, key: str, amount: Money) -> str:
        """Give back a part; the same `key` again gives back nothing more. Returns Stripe's number."""
        asked: Any = {"payment_intent": external_id, "amount": amount.amount_minor, "metadata": {"refund": key}}
        refund = self._call(lambda: self._client().v1.refunds.create(asked, options(key)))
        if refund.status in ("failed", "canceled"):
            raise Declined(refund.status)
        return str(refund.id)

    def add_customer(self, *, key: str, organisation: str) -> str:
        """A customer, under whom methods are saved."""
        asked: Any = {"metadata": {"organisation": organisation}}
        return str(self._call(lambda: self._client().v1.customers.create(asked, options(key))).id)

    def card(self, method_id: str) -> Card:
        """What is shown of a saved method."""
        method = self._call(lambda: self._client().v1.payment_methods.retrieve(method_id))
        card = method.to_dict().get("card") or {}
        expires = f"{card.get('exp_year', 0):04d}-{card.get('exp_month', 0):02d}"
        return Card(str(card.get("brand", method.type)), str(card.get("last4", "")), expires)

    def forget(self, method_id: str) -> None:
        """Detach a saved method from its customer."""
        self._call(lambda: self._client().v1.payment_methods.detach(method_id))

    def charge(self, *, number: str, amount: Money, customer_id: str, method_id: str) -> Receipt:
        """Take money by a saved method while nobody is there. The same number again takes nothing more."""
        asked: Any = {
            "amount": amount.amount_minor,
            "currency": amount.currency.lower(),
            "customer": customer_id,
            "payment_method": method_id,
            "off_session": True,
            "confirm": True,
            "metadata": {NUMBER: number},
        }
        return self._intent(self._call(lambda: self._client().v1.payment_intents.create(asked, options(number))))

    def movements(self, *, since: datetime, until: datetime) -> list[Movement]:
        """Payments and refunds by balance transactions; the numbers of attempts by their intents."""
        window = {"created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())}}
        found = []
        for one in self._each(self._client().v1.balance_transactions.list, window):
            kind = {"charge": "payment", "payment": "payment", "refund": "refund"}.get(one["type"])
            if kind:
                found.append(self._movement(one, kind))
        return found

    def payout_transactions(self, payout_id: str) -> list[dict[str, Any]]:
        """What a payout to our bank is made of."""
        return list(self._each(self._client().v1.balance_transactions.list, {"payout": payout_id}))

    def _movement(self, one: dict[str, Any], kind: Any) -> Movement:
        source = one["source"]
        if kind == "refund":
            thing = self._call(lambda: self._client().v1.refunds.retrieve(source)).to_dict()
            external_id, number = thing["id"], (thing.get("metadata") or {}).get("refund", "")
        else:
            charge = self._call(lambda: self._client().v1.charges.retrieve(source)).to_dict()
            external_id = charge.get("payment_intent") or charge["id"]
            intent = self._get_intent(external_id) if external_id.startswith("pi_") else {}
            number = (intent.get("metadata") or {}).get(NUMBER, "")
        return Movement(
            kind=kind,
            external_id=external_id,
            number=number,
            amount=Money(one["amount"], one["currency"].upper()),
            fee_minor=one["fee"],
            happened_at=datetime.fromtimestamp(one["created"], tz=UTC),
        )

    def _session(self, ask: Ask) -> Any:
        session: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": ask.number,
            "success_url": ask.return_url,
            "cancel_url": ask.cancel_url,
            "expires_at": int(ask.expires_at.timestamp()),
            "metadata": {NUMBER: ask.number},
            "payment_intent_data": {"metadata": {NUMBER: ask.number}, "description": ask.subject},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": ask.amount.currency.lower(),
                        "unit_amount": ask.amount.amount_minor,
                        "product_data": {"name": ask.subject},
                    },
                }
            ],
        }
        if ask.customer_id:
            session["customer"] = ask.customer_id
        if ask.saves_method:
            session["payment_intent_data"]["setup_future_usage"] = "off_session"
        return session

    def _session_receipt(self, session: Any) -> Receipt:
        thing = session.to_dict()
        if thing["payment_status"] == "paid":
            return self._paid_session(thing)
        state: Any = {"expired": "closed"}.get(thing["status"], "waiting")
        return Receipt(number=(thing.get("metadata") or {}).get(NUMBER, ""), state=state)

    def _paid_session(self, thing: Mapping[str, Any]) -> Receipt:
        """A session that completed; one whose method takes days is not paid yet."""
        is_paid = thing["payment_status"] == "paid" and thing.get("payment_intent")
        intent = thing.get("payment_intent")
        return Receipt(
            number=(thing.get("metadata") or {}).get(NUMBER, ""),
            state="paid" if is_paid else "waiting",
            external_id=str(intent["id"] if isinstance(intent, dict) else intent or ""),
            amount=Money(thing["amount_total"], thing["currency"].upper()),
            customer_id=str(thing.get("customer") or ""),
        )

    def _get_intent(self, intent_id: str) -> dict[str, Any]:
        return self._call(lambda: self._client().v1.payment_intents.retrieve(intent_id)).to_dict()

    def _intent(self, thing: Any) -> Receipt:
        thing = thing if isinstance(thing, dict) else thing.to_dict()
        state: Any = {"succeeded": "paid", "canceled": "closed"}.get(thing["status"], "waiting")
        return Receipt(
            number=(thing.get("metadata") or {}).get(NUMBER, ""),
            state=state,
            external_id=thing["id"],
            amount=Money(thing["amount_received"] if state == "paid" else thing["amount"], thing["currency"].upper()),
            customer_id=str(thing.get("customer") or ""),
            method_id=str(thing.get("payment_method") or ""),
        )

    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.secret_key,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
            base_addresses={"api": self.url} if self.url else {},
            max_network_retries=0,
        )

    def _each(self, method: Callable[..., Any], sent: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every page of a list, up to a limit that no honest day reaches."""
        after: dict[str, Any] = {}
        for _page in range(MOST_PAGES):
            page = self._call(partial(method, {"limit": 100, **sent, **after}))
            yield from (one.to_dict() for one in page.data)
            if not page.has_more:
                return
            after = {"starting_after": page.data[-1].id}
        raise Unavailable("the list does not end")

    def _call(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (stripe.APIConnectionError, stripe.RateLimitError) as error:
            raise Unavailable(type(error).__name__) from error
        except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError) as error:
            raise Declined(str(error.code or type(error).__name__)) from error
        except stripe.StripeError as error:
            raise Unavailable(type(error).__name__) from error


def options(key: str) -> Any:
    """The same key again gives the first answer."""
    return {"idempotency_key": key}
