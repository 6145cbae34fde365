"""Make the tables and the cast in an empty database; prints the cast as a line of JSON."""

import json
from typing import Final

import django

CONTRACTS: Final = 12


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)

    from tests import factories

    factories.platform()
    requests = factories.Price(
        "metered",
        meter="requests",
        unit="次",
        name="请求",
        model="graduated",
        tiers=(("1000", "0.0137", "0"), ("20000", "0.00911", "0"), (None, "0.0053", "0")),
    )
    offering = factories.offering(
        factories.data_centre(factories.hongshan()),
        plans={"metered": [factories.VCPU_HOURS, factories.GIB_HOURS, requests]},
    )
    buyers = [factories.foods(), factories.bureau()]
    contracts = [
        factories.contract(buyers[number % 2], offering, plan_code="metered").number for number in range(CONTRACTS)
    ]
    token = factories.api_token(offering.partner.organisation, "usage.report")
    print(json.dumps({"token": token, "contracts": contracts}))


if __name__ == "__main__":
    main()
