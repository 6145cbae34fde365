"""Stripe as a local server: strict about keys, idempotency and refunds; forgets everything when it ends.

Checkout Sessions with their hosted page, PaymentIntents, customers and saved methods, off-session payments, refunds,
disputes, balance transactions and payouts, and signed webhooks. Facts: docs.stripe.com/api.
"""

import hashlib
import hmac
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import served
from tests.fakes.served import Answered, Asked, Letter, Postman

Thing = dict[str, Any]


class Refused(Exception):
    """An error of the API: status, type, code."""

    def __init__(self, status: int, kind: str, code: str, **more: Any) -> None:
        super().__init__(code)
        self.status, self.error = status, {"type": kind, "code": code, "message": code, **more}


@dataclass
class FakeStripe:
    """The service. `key` and `secret` are what its merchant is given."""

    key: str = field(default_factory=lambda: f"sk_test_{secrets.token_hex(12)}")
    secret: str = field(default_factory=lambda: f"whsec_{secrets.token_hex(16)}")
    account: str = "acct_1Sandbox"
    url: str = ""
    hook: str = ""  # where webhooks go
    things: dict[str, Thing] = field(default_factory=dict)
    keys: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    postman: Postman = field(default_factory=Postman)
    lose: list[str] = field(default_factory=list)  # beginnings of paths whose next answer is lost
    decline_methods: set[str] = field(default_factory=set)
    clock: Any = None
    lock: Any = field(default_factory=threading.RLock)

    def now(self) -> int:
        return int(self.clock().timestamp()) if self.clock else int(time.time())

    # --- the door -------------------------------------------------------------------------------------
    def answer(self, asked: Asked) -> Answered:
        with self.lock:
            if asked.path.startswith("/c/pay/"):
                return self._hosted(asked)
            return self._api(asked)

    def _api(self, asked: Asked) -> Answered:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return as_json(401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}})
        key = asked.headers.get("idempotency-key", "") if asked.method == "POST" else ""
        said = hashlib.sha256(repr((asked.path, sorted(asked.fields.items()))).encode()).hexdigest()
        if key in self.keys and key:
            known, status, body = self.keys[key]
            if known != said:
                return as_json(400, {"error": {"type": "idempotency_error", "message": "Keys are for one request."}})
            return self._maybe_lost(asked, Answered(body, status))
        try:
            answered = as_json(200, self._route(asked))
        except Refused as error:
            answered = as_json(error.status, {"error": error.error})
        if key:
            self.keys[key] = (said, answered.status, answered.body)
        return self._maybe_lost(asked, answered)

    def _maybe_lost(self, asked: Asked, answered: Answered) -> Answered:
        for beginning in self.lose:
            if asked.method == "POST" and asked.path.startswith(beginning):
                self.lose.remove(beginning)
                return Answered(lost=True)
        return answered

    def _route(self, asked: Asked) -> Thing:  # noqa: PLR0911
        parts, sent = asked.path.strip("/").removeprefix("v1/").split("/"), unfold(asked.fields)
        if parts[0] == "checkout":
            parts = ["checkout/sessions", *parts[2:]]
        match (asked.method, *parts):
            case ("POST", "customers"):
                return self._add("cus", object="customer", metadata=sent.get("metadata", {}))
            case ("POST", "checkout/sessions"):
                return self._open_session(sent)
            case ("POST", "checkout/sessions", number, "expire"):
                return self._expire(self._get(number))
            case ("POST", "payment_intents"):
                return self._charge_saved(sent)
            case ("POST", "payment_methods", number, "detach"):
                return self._detach(self._get(number))
            case ("POST", "refunds"):
                return self._refund(sent)
            case ("GET", "balance_transactions" | "payouts" | "events" | "refunds"):
                return self._list(parts[0], sent)
            case ("GET", "account"):
                return {"id": self.account, "object": "account"}
            case ("GET", _, number):
                return self._get(number)
        raise Refused(404, "invalid_request_error", "resource_missing")

    def _add(self, prefix: str, **facts: Any) -> Thing:
        number = f"{prefix}_{secrets.token_hex(12)}"
        self.things[number] = {"id": number, "livemode": False, "created": self.now(), **facts}
        return self.things[number]

    def _get(self, number: str) -> Thing:
        if number not in self.things:
            raise Refused(404, "invalid_request_error", "resource_missing")
        return self.things[number]

    def _list(self, kind: str, sent: Thing) -> Thing:
        """Newest first; `payout`, `payment_intent`, `created[gte|lt]`, `limit` and `starting_after`."""
        word = {"balance_transactions": "balance_transaction", "payouts": "payout", "refunds": "refund"}.get(
            kind, "event"
        )
        found = [one for one in self.things.values() if one.get("object") == word][::-1]
        for name in ("payout", "payment_intent"):
            if name in sent:
                found = [one for one in found if one.get(name) == sent[name]]
        window = sent.get("created", {})
        found = [one for one in found if int(window.get("gte", 0)) <= one["created"] < int(window.get("lt", 2**62))]
        numbers = [one["id"] for one in found]
        start = numbers.index(sent["starting_after"]) + 1 if sent.get("starting_after") in numbers else 0
        limit = int(sent.get("limit", 10))
        return {
            "object": "list",
            "url": f"/v1/{kind}",
            "data": found[start : start + limit],
            "has_more": len(found) > start + limit,
        }

    # --- paying ---------------------------------------------------------------------------------------
    def _open_session(self, sent: Thing) -> Thing:
        item = sent["line_items"]["0"]
        price = item["price_data"]
        expires_at = int(sent.get("expires_at", self.now() + 86400))
        if not self.now() + 1800 <= expires_at + 5 or expires_at > self.now() + 86400 + 5:
            raise Refused(400, "invalid_request_error", "expires_at_out_of_range")
        session = self._add(
            "cs_test",
            object="checkout.session",
            mode="payment",
            status="open",
            payment_status="unpaid",
            amount_total=int(price["unit_amount"]) * int(item.get("quantity", 1)),
            currency=price["currency"],
            client_reference_id=sent.get("client_reference_id"),
            customer=sent.get("customer"),
            payment_intent=None,
            success_url=sent["success_url"],
            cancel_url=sent.get("cancel_url", sent["success_url"]),
            expires_at=expires_at,
            intent_metadata=sent.get("payment_intent_data", {}).get("metadata", {}),
            metadata=sent.get("metadata", {}),
            description=price.get("product_data", {}).get("name", ""),
            setup=sent.get("payment_intent_data", {}).get("setup_future_usage"),
        )
        session["url"] = f"{self.url}/c/pay/{session['id']}"
        return session

    def _expire(self, session: Thing) -> Thing:
        if session["status"] != "open":
            raise Refused(400, "invalid_request_error", "checkout_session_not_open")
        session["status"] = "expired"
        self.tell("checkout.session.expired", session)
        return session

    def _hosted(self, asked: Asked) -> Answered:
        session = self.things.get(asked.path.removeprefix("/c/pay/"))
        if session is None or session["status"] != "open" or session["expires_at"] <= self.now():
            return served.page("Stripe", "<h1>This checkout is no longer open.</h1>", status=400)
        press = asked.fields.get("press") if asked.method == "POST" else ""
        if press == "pay":
            self.pay(session["id"])
            return served.redirect(session["success_url"])
        if press == "back":
            return served.redirect(session["cancel_url"])
        amount = f"{session['amount_total'] / 100:.2f} {session['currency'].upper()}"
        return served.page(
            "Stripe",
            f'<h1>Stripe Checkout</h1><p>{html.escape(session["description"])}</p><p class="amount">{amount}</p>'
            '<form method="post"><p>4242 4242 4242 4242</p>'
            '<button class="go" name="press" value="pay">Pay 付款</button>'
            '<button name="press" value="back">Back 返回</button></form>',
        )

    def pay(self, number: str) -> Thing:
        """What pressing the button does: the PaymentIntent succeeds and the session completes."""
        with self.lock:
            session = self.things[number]
            if session["status"] != "open":
                raise Refused(400, "invalid_request_error", "checkout_session_not_open")
            method = self._add("pm", object="payment_method", type="card", customer=None,
                               card={"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030})  # fmt: skip
            if session["setup"]:
                method["customer"] = session["customer"]
            intent = self._capture(session["amount_total"], session["currency"], session["customer"], method,
                                   session["intent_metadata"])  # fmt: skip
            session.update(status="complete", payment_status="paid", payment_intent=intent["id"])
            self.tell("checkout.session.completed", session)
            return session

    def _charge_saved(self, sent: Thing) -> Thing:
        """An off-session payment by a saved method."""
        method = self._get(sent["payment_method"])
        if method.get("customer") != sent.get("customer") or not method["customer"]:
            raise Refused(400, "invalid_request_error", "payment_method_not_attached")
        if method["id"] in self.decline_methods:
            intent = self._add("pi", object="payment_intent", amount=int(sent["amount"]), amount_received=0,
                               currency=sent["currency"], status="requires_payment_method", customer=sent["customer"],
                               metadata=sent.get("metadata", {}))  # fmt: skip
            self.tell("payment_intent.payment_failed", intent)
            raise Refused(402, "card_error", "card_declined", payment_intent=intent)
        return self._capture(int(sent["amount"]), sent["currency"], sent["customer"], method, sent.get("metadata", {}))

    def _capture(self, amount: int, currency: str, customer: Any, method: Thing, metadata: Thing) -> Thing:
        charge = self._add("ch", object="charge", amount=amount, amount_refunded=0, currency=currency)
        intent = self._add(
            "pi",
            object="payment_intent",
            amount=amount,
            amount_received=amount,
            currency=currency,
            status="succeeded",
            customer=customer,
            payment_method=method["id"],
            latest_charge=charge["id"],
            metadata=metadata,
        )
        charge["payment_intent"] = intent["id"]
        self._move("charge", amount, amount * 29 // 1000 + 30, currency, charge)
        self.tell("payment_intent.succeeded", intent)
        return intent

    def _move(self, kind: str, amount: int, fee: int, currency: str, source: Thing) -> Thing:
        return self._add("txn", object="balance_transaction", type=kind, amount=amount, fee=fee, net=amount - fee,
                         currency=currency, source=source["id"], payment_intent=source.get("payment_intent"),
                         payout=None)  # fmt: skip

    def _detach(self, method: Thing) -> Thing:
        method["customer"] = None
        return method

    # --- giving back ----------------------------------------------------------------------------------
    def _refund(self, sent: Thing) -> Thing:
        intent = self._get(sent["payment_intent"])
        charge, amount = self._get(intent["latest_charge"]), int(sent.get("amount", intent["amount"]))
        if amount <= 0 or charge["amount_refunded"] + amount > charge["amount"]:
            raise Refused(400, "invalid_request_error", "charge_already_refunded")
        charge["amount_refunded"] += amount
        refund = self._add("re", object="refund", amount=amount, currency=intent["currency"], status="succeeded",
                           payment_intent=intent["id"], charge=charge["id"],
                           metadata=sent.get("metadata", {}))  # fmt: skip
        self._move("refund", -amount, 0, intent["currency"], refund)
        self.tell("charge.refunded", charge)
        return refund

    def dispute(self, intent_id: str, amount: int | None = None) -> Thing:
        """The buyer's bank takes the money back."""
        with self.lock:
            intent = self.things[intent_id]
            dispute = self._add("dp", object="dispute", amount=amount or intent["amount"], currency=intent["currency"],
                                status="needs_response", reason="fraudulent", payment_intent=intent_id,
                                charge=intent["latest_charge"])  # fmt: skip
            self._move("adjustment", -dispute["amount"], 1500, intent["currency"], dispute)
            self.tell("charge.dispute.created", dispute)
            return dispute

    def decide(self, dispute: Thing, *, won: bool) -> None:
        with self.lock:
            dispute["status"] = "won" if won else "lost"
            if won:
                self._move("adjustment", dispute["amount"], -1500, dispute["currency"], dispute)
            self.tell("charge.dispute.closed", dispute)

    def pay_out(self) -> Thing:
        """Everything that is in no payout yet goes to the merchant's bank."""
        with self.lock:
            moves = [one for one in self.things.values()
                     if one["object"] == "balance_transaction" and one["payout"] is None]  # fmt: skip
            payout = self._add("po", object="payout", amount=sum(one["net"] for one in moves), status="paid",
                               currency=moves[0]["currency"], arrival_date=self.now())  # fmt: skip
            for one in moves:
                one["payout"] = payout["id"]
            own = self._move("payout", -payout["amount"], 0, payout["currency"], payout)
            own["payout"] = payout["id"]
            self.tell("payout.paid", payout)
            return payout

    # --- webhooks -------------------------------------------------------------------------------------
    def event(self, kind: str, thing: Thing, **changed: Any) -> str:
        """The body of an event."""
        facts = {"id": f"evt_{secrets.token_hex(12)}", "object": "event", "type": kind, "livemode": False,
                 "created": self.now(), "api_version": "2026-01-28", "data": {"object": thing}}  # fmt: skip
        return json.dumps({**facts, **changed})

    def signature(self, body: str, *, at: int | None = None, secret: str = "") -> str:
        at = self.now() if at is None else at
        digest = hmac.new((secret or self.secret).encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        return f"t={at},v1={digest}"

    def tell(self, kind: str, thing: Thing) -> None:
        body = self.event(kind, thing)
        self.postman.post(
            Letter(
                url=self.hook,
                body=body,
                headers=lambda: {"Content-Type": "application/json", "Stripe-Signature": self.signature(body)},
                is_taken=lambda status, answer: 200 <= status < 300,
            )
        )


def as_json(status: int, thing: Thing) -> Answered:
    return Answered(json.dumps(thing).encode(), status)


def unfold(fields: dict[str, str]) -> Thing:
    """`a[b][0]=c` → {"a": {"b": {"0": "c"}}}"""
    whole: Thing = {}
    for name, value in fields.items():
        *path, last = name.replace("]", "").split("[")
        place = whole
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return whole


@contextmanager
def stripe(*, port: int = 0) -> Iterator[FakeStripe]:
    """Stripe while the block runs."""
    fake = FakeStripe()
    with served.serving(fake, port=port):
        yield fake
