"""What the environment says of payment services: a wrong value is named; keys in either form are read."""

import pytest
from Cryptodome.PublicKey import RSA
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from marketplace.settings import payment_services

KEY = RSA.generate(2048)
PRIVATE, PUBLIC = KEY.export_key().decode(), KEY.publickey().export_key().decode()
ALIPAY = {
    "ALIPAY_APP_ID": "9021",
    "ALIPAY_SELLER_ID": "2088",
    "ALIPAY_PRIVATE_KEY": "".join(PRIVATE.splitlines()[1:-1]),
    "ALIPAY_PUBLIC_KEY": PUBLIC.replace("\n", "\\n"),
}
STRIPE = {"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}


def read(monkeypatch, *, local: bool = False, **variables: str) -> dict[str, dict[str, str]]:
    for name in (*ALIPAY, *STRIPE, "ALIPAY_MODE", "ALIPAY_URL", "STRIPE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return payment_services.read(Env(), local=local)


def test_without_keys_nothing_is_offered(monkeypatch):
    assert read(monkeypatch) == {}


def test_both(monkeypatch):
    found = read(monkeypatch, **ALIPAY, **STRIPE, ALIPAY_MODE="live", ALIPAY_URL="http://x", STRIPE_URL="http://x")
    assert found["alipay"]["url"] == "https://openapi.alipay.com/gateway.do"  # production has no other address
    assert (found["alipay"]["mode"], found["stripe"]["mode"], found["stripe"]["url"]) == ("live", "live", "")
    assert RSA.import_key(found["alipay"]["private_key"]).has_private()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"ALIPAY_MODE": "prod"}, "ALIPAY_MODE"),
        ({"ALIPAY_SELLER_ID": ""}, "ALIPAY_SELLER_ID"),
        ({"ALIPAY_PRIVATE_KEY": PUBLIC}, "ALIPAY_PRIVATE_KEY"),
        ({"ALIPAY_PUBLIC_KEY": PRIVATE}, "ALIPAY_PUBLIC_KEY"),
        ({"ALIPAY_PUBLIC_KEY": "nonsense"}, "ALIPAY_PUBLIC_KEY"),
        ({"STRIPE_SECRET_KEY": "pk"}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_WEBHOOK_SECRET": " "}, "STRIPE_WEBHOOK_SECRET"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch, changed, named):
    with pytest.raises(ImproperlyConfigured, match=named):
        read(monkeypatch, **ALIPAY | STRIPE | changed)
