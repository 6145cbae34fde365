"""What the environment says of Alipay and Stripe. A service without keys is not offered.

The mode is said (Alipay) or follows from the key (Stripe); the address of a service can be changed on a laptop only,
where the sandbox of the demo stands in for it.
"""

from Cryptodome.PublicKey import RSA
from django.core.exceptions import ImproperlyConfigured
from environs import Env

ALIPAY_URLS = {
    "live": "https://openapi.alipay.com/gateway.do",
    "test": "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
}


def read(env: Env, *, local: bool) -> dict[str, dict[str, str]]:
    """The facts of each service that has keys. Raises ImproperlyConfigured, naming the variable."""
    found = {"alipay": _alipay(env, local=local), "stripe": _stripe(env, local=local)}
    return {name: facts for name, facts in found.items() if facts}


def _alipay(env: Env, *, local: bool) -> dict[str, str]:
    app_id = env.str("ALIPAY_APP_ID", "")
    if not app_id:
        return {}
    mode = env.str("ALIPAY_MODE", "test")
    if mode not in ALIPAY_URLS:
        raise ImproperlyConfigured(f"ALIPAY_MODE is {mode!r}. Use test or live.")
    return {
        "app_id": app_id,
        "seller_id": _required(env, "ALIPAY_SELLER_ID", because="ALIPAY_APP_ID"),
        "private_key": _key(env, "ALIPAY_PRIVATE_KEY", is_private=True),
        "public_key": _key(env, "ALIPAY_PUBLIC_KEY", is_private=False),
        "mode": mode,
        "url": (env.str("ALIPAY_URL", "") if local else "") or ALIPAY_URLS[mode],
    }


def _stripe(env: Env, *, local: bool) -> dict[str, str]:
    key = env.str("STRIPE_SECRET_KEY", "")
    if not key:
        return {}
    mode = next((mode for mode in ("test", "live") if f"_{mode}_" in key), "")
    if not mode:
        raise ImproperlyConfigured("STRIPE_SECRET_KEY is neither of test nor of live mode: it begins with sk_ or rk_.")
    return {
        "secret_key": key,
        "webhook_secret": _required(env, "STRIPE_WEBHOOK_SECRET", because="STRIPE_SECRET_KEY"),
        "mode": mode,
        "url": env.str("STRIPE_URL", "") if local else "",
    }


def _required(env: Env, name: str, *, because: str) -> str:
    value = env.str(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It is needed with {because}.")
    return value


def _key(env: Env, name: str, *, is_private: bool) -> str:
    """PEM, or what Alipay's tool gives: base64 without its first and last line."""
    text = _required(env, name, because="ALIPAY_APP_ID").replace("\\n", "\n")
    word = "PRIVATE KEY" if is_private else "PUBLIC KEY"
    if not text.startswith("-----"):
        text = f"-----BEGIN {word}-----\n{text}\n-----END {word}-----"
    try:
        key = RSA.import_key(text)
    except (ValueError, IndexError, TypeError):
        key = None
    if key is None or key.has_private() is not is_private or key.size_in_bits() < 2048:
        kind = "private" if is_private else "public"
        raise ImproperlyConfigured(f"{name} is not a {kind} RSA key of at least 2048 bits, in PEM or base64.")
    return text
