"""The baseline as a process of its own: loads its data, then answers requests to measure, line by line on stdin.

Run by test_catalogue_speed; `{"address": …, "times": …}` is answered by `{"cpu_ms": …, "queries": …}`.
"""

import json
import os
import sys
from decimal import Decimal

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.stock_settings"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402

from tests.benchmarks import measuring  # noqa: E402


def load(titles: list[list[object]]) -> list[int]:
    """(title, number of its category, price) of each product; returns the primary keys of the categories."""
    models = {name: get_model("catalogue", name) for name in ("Product", "ProductClass", "Category", "ProductCategory")}
    partner = get_model("partner", "Partner").objects.create(name="provider", code="provider")
    kind = models["ProductClass"].objects.create(name="Service", requires_shipping=False, track_stock=False)
    count = max(int(category) for _title, category, _price in titles) + 1
    categories = [models["Category"].add_root(name=f"Category {number}") for number in range(count)]
    products = models["Product"].objects.bulk_create(
        [
            models["Product"](
                title=title, slug=f"p{number}", upc=f"P{number}", product_class=kind, structure="standalone"
            )
            for number, (title, _category, _price) in enumerate(titles)
        ],
        batch_size=2000,
    )
    models["ProductCategory"].objects.bulk_create(
        [
            models["ProductCategory"](product=product, category=categories[int(category)])
            for product, (_title, category, _price) in zip(products, titles, strict=True)
        ],
        batch_size=5000,
    )
    get_model("partner", "StockRecord").objects.bulk_create(
        [
            get_model("partner", "StockRecord")(
                product=product, partner=partner, partner_sku=f"P{number}", price=Decimal(str(price))
            )
            for number, (product, (_title, _category, price)) in enumerate(zip(products, titles, strict=True))
        ],
        batch_size=5000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return [category.pk for category in categories]


def serve() -> None:
    client = Client()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = client.get(asked["address"])
        if answer.status_code != 200:
            raise SystemExit(f"{asked['address']}: {answer.status_code}")
        with CaptureQueriesContext(connection) as captured:
            client.get(asked["address"])
            queries = len(captured)
        cpu = measuring.measure(connection, lambda: client.get(asked["address"]), times=asked["times"])  # noqa: B023
        print(json.dumps({"cpu_ms": cpu, "queries": queries}), flush=True)


if __name__ == "__main__":
    call_command("migrate", run_syncdb=True, verbosity=0)
    print(json.dumps(load(json.loads(sys.stdin.readline()))), flush=True)
    serve()
