"""A desk with two services configured: fakes on this machine, whose messages are handed to our door."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client, RequestFactory

from billing.payments.gateways import attempts
from billing.payments.gateways.models import PaymentAttempt
from billing.rules.money import Money
from marketplace import clock
from marketplace.api import notifications
from tests import factories
from tests.billing.payments.conftest import NOW, Desk
from tests.fakes import alipay as alipay_fake
from tests.fakes import stripe as stripe_fake
from tests.fakes.alipay import SELLER_ID, FakeAlipay
from tests.fakes.served import Asked, Letter
from tests.fakes.stripe import FakeStripe

SITE = "https://market.example"


@pytest.fixture(scope="session")
def alipay_server():
    with alipay_fake.alipay() as fake:
        yield fake


@pytest.fixture(scope="session")
def stripe_server():
    with stripe_fake.stripe() as fake:
        fake.hook = f"{SITE}/payments/notify/stripe/"
        yield fake


def configuration(alipay: FakeAlipay, stripe: FakeStripe) -> dict[str, dict[str, str]]:
    return {
        "alipay": {
            "app_id": alipay.app_id,
            "seller_id": SELLER_ID,
            "private_key": alipay.app_private,
            "public_key": alipay.public,
            "mode": "test",
            "url": f"{alipay.url}/gateway.do",
        },
        "stripe": {"secret_key": stripe.key, "webhook_secret": stripe.secret, "mode": "test", "url": stripe.url},
    }


@dataclass
class Services:
    """Both services, and the buyer who pays by them."""

    alipay: FakeAlipay
    stripe: FakeStripe
    desk: Desk

    def begin(self, invoice: Any, gateway: str, *, saves_method: bool = False, now: Any = NOW) -> PaymentAttempt:
        actor = factories.actor(invoice.buyer, "finance")
        return attempts.pay_invoice(
            gateway=gateway,
            invoice_number=invoice.number,
            organisation_id=invoice.buyer_id,
            saves_method=saves_method,
            site_url=SITE,
            actor=actor,
            now=now,
        )

    def begin_top_up(self, buyer: Any, gateway: str, amount_minor: int) -> PaymentAttempt:
        return attempts.top_up(
            gateway=gateway,
            organisation_id=buyer.pk,
            amount=Money(amount_minor, "CNY"),
            site_url=SITE,
            actor=factories.actor(buyer, "finance"),
            now=NOW,
        )

    def press_pay(self, attempt: PaymentAttempt) -> None:
        """What the buyer does on the service's page."""
        if attempt.gateway == "stripe":
            self.stripe.pay(attempt.external_id)
            return
        parts = urlsplit(attempt.url)
        self.alipay.answer(Asked("GET", parts.path, dict(parse_qsl(parts.query)), {}, ""))
        self.alipay.pay(attempt.number)

    def letters(self) -> list[Letter]:
        """The messages that wait, taken out."""
        waiting = self.alipay.postman.letters + self.stripe.postman.letters
        self.alipay.postman.letters, self.stripe.postman.letters = [], []
        return waiting

    def hand_over(self, letters: list[Letter] | None = None) -> list[str]:
        """Give messages to our door; what it answers."""
        return [hand_over(letter) for letter in (self.letters() if letters is None else letters)]


def hand_over(letter: Letter) -> str:
    headers = letter.headers()
    answer = post(
        urlsplit(letter.url).path.rstrip("/").rsplit("/", 1)[1],
        letter.body,
        headers.pop("Content-Type"),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    )
    return answer.content.decode()


def post(gateway: str, body: str | bytes, content_type: str, **headers: str) -> Any:
    request = RequestFactory().post(f"/payments/notify/{gateway}/", body, content_type=content_type, **headers)
    return notifications.take(request, gateway)


@pytest.fixture
def services(db, alipay_server, stripe_server, settings, monkeypatch) -> Services:
    return make_services(alipay_server, stripe_server, settings, monkeypatch)


def make_services(alipay, stripe, settings, monkeypatch) -> Services:
    for fake in (alipay, stripe):
        fake.clock, fake.lose, fake.postman.letters = (lambda: NOW), [], []
    alipay.trades, alipay.foreign = {}, []
    stripe.things, stripe.keys, stripe.decline_methods = {}, {}, set()
    settings.GATEWAYS = configuration(alipay, stripe)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=1))
    return Services(alipay, stripe, Desk())


@pytest.fixture
def anonymous() -> Client:
    return Client(enforce_csrf_checks=True)
