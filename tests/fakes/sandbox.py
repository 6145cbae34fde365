"""Alipay and Stripe for the demo: a program that serves both fakes on this machine until it is ended.

    python -m tests.fakes.sandbox <address of the demo> <file for what the demo must know>

Writes what the demo's environment needs (keys made at this start, addresses), then delivers messages, each twice.
"""

import json
import sys
import threading
from pathlib import Path

from marketplace import clock
from tests.fakes import alipay, stripe
from tests.fakes.alipay import SELLER_ID

EVERY_S = 1.0


def main() -> None:
    site, file = sys.argv[1], Path(sys.argv[2])
    with alipay.alipay() as one, stripe.stripe() as other:
        one.clock = other.clock = clock.now
        other.hook = f"{site}/payments/notify/stripe/"
        facts = {
            "ALIPAY_APP_ID": one.app_id,
            "ALIPAY_SELLER_ID": SELLER_ID,
            "ALIPAY_PRIVATE_KEY": one.app_private,
            "ALIPAY_PUBLIC_KEY": one.public,
            "ALIPAY_MODE": "test",
            "ALIPAY_URL": f"{one.url}/gateway.do",
            "STRIPE_SECRET_KEY": other.key,
            "STRIPE_WEBHOOK_SECRET": other.secret,
            "STRIPE_URL": other.url,
        }
        draft = file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(facts))
        draft.replace(file)
        for fake in (one, other):
            fake.postman.walk_rounds(every_s=EVERY_S)
        threading.Event().wait()


if __name__ == "__main__":
    main()
