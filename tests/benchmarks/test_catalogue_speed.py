"""Browsing 20,000 listings in 50 categories against stock django-oscar with plain ORM views on the same data.

The pages of both are asked for in turn, in one run; printed is the CPU of a page (of the process that answers and of
its PostgreSQL backend, see `measuring`), medians, and the ratio. Nothing here waits for a clock or fails by it.
"""

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from frontend.pages.public import kept
from listings.models import Category, Plan, PlanTerm, PriceBook, PriceComponent, Product
from listings.search import filters, queries, store, words
from listings.search import operations as search
from listings.taxonomy import operations as taxonomy
from marketplace.organisations import actors
from tests import factories
from tests.benchmarks import measuring

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

LISTINGS = int(os.environ.get("LISTINGS", "20000"))
CATEGORIES = 50
ROUNDS, TIMES = 7, 10
MOST_QUERIES = 12
SEED = int(os.environ.get("SEED", "20261125"))
NAMES = (
    "通用型云主机",
    "计算型云服务器",
    "内存型 ECS",
    "GPU 智算",
    "对象存储",
    "块存储",
    "云数据库",
    "容器集群",
    "办公协同",
    "灾难备份",
)
SIZES = ("large", "xlarge")
STOCK = "stock_oscar"


def titles(chance: random.Random) -> list[tuple[str, int, Decimal]]:
    """Title, number of the category, price: the same for both."""
    return [
        (
            f"{chance.choice(NAMES)} {chance.choice('cgrm')}{chance.randint(1, 9)}.{chance.choice(SIZES)} {n}号",
            chance.randrange(CATEGORIES),
            Decimal(chance.randint(1000, 500_000)) / 100,
        )
        for n in range(LISTINGS)
    ]


def load(rows: list[tuple[str, int, Decimal]], chance: random.Random) -> None:
    """The same rows as listings with a price book each, written in bulk."""
    taxonomy.load_taxonomy(**taxonomy.read_standard(), actor=actors.VISITOR, now=factories.PLACED_AT)
    root = Category.objects.get(slug="iaas", depth=1)
    hosts = Category.objects.get(slug="cloud-hosts")
    model = factories.offering(factories.data_centre(factories.hongshan()), main_category=hosts)
    Product.objects.filter(pk=model.pk).update(state="withdrawn")
    categories = [hosts]
    for number in range(1, CATEGORIES):
        root.refresh_from_db()
        categories.append(
            Category.objects.add_child(root, create_kwargs={"slug": f"kind-{number}", "name": f"类别 {number}"})
        )
    centres = [
        factories.data_centre(
            factories.provider(name=f"供应方 {number} 有限公司"),
            county=factories.county(code=f"1504{number + 10:02d}", name=f"区县 {number}"),
            mlps_level=chance.choice((None, 2, 3)),
            measured_pue=chance.choice((None, Decimal("1.18"), Decimal("1.27"), Decimal("1.45"))),
        )
        for number in range(20)
    ]
    products = []
    for number, (title, category, price) in enumerate(rows):
        centre = chance.choice(centres)
        products.append(
            Product(
                title=title,
                title_en=f"Host {number}" if number % 2 else "",
                code=f"B{number:05d}",
                upc=f"B{number:05d}",
                slug=f"b-{number}",
                product_class=model.product_class,
                partner=centre.partner,
                data_centre=centre,
                main_category=categories[category],
                state="published",
                is_public=True,
                service_model=chance.choice(("iaas", "paas", "saas")),
                deployment_models=chance.choice((["public"], ["private"], ["public", "hybrid"])),
                solution_domains=[],
                specs={"vcpu": chance.choice((2, 4, 8, 16)), "ram_gib": chance.choice((4, 8, 16, 64))},
                draws={"vcpu": 2},
                sla_percent=chance.choice((None, Decimal("99.9"), Decimal("99.95"), Decimal("99.99"))),
                lead_time_days=chance.choice((1, 3, 10)),
                is_recommended=number % 7 == 0,
                from_price=price,
                from_price_unit="台·月",
                normal_price=price / 4,
                normal_unit="vcpu_month",
            )
        )
    _price(Product.objects.bulk_create(products, batch_size=2000), [price for _title, _category, price in rows])
    while search.refresh_pending(now=factories.PLACED_AT, limit=2000):
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _price(products: list[Product], prices: list[Decimal]) -> None:
    books = PriceBook.objects.bulk_create([PriceBook(product=one, version=1) for one in products], batch_size=5000)
    plans = Plan.objects.bulk_create(
        [Plan(price_book=one, code="monthly", name="包月") for one in books], batch_size=5000
    )
    PlanTerm.objects.bulk_create(
        [
            PlanTerm(plan=plan, months=months, discount=discount)
            for plan in plans
            for months, discount in ((1, Decimal(0)), (12, Decimal("0.1")))
        ],
        batch_size=5000,
    )
    PriceComponent.objects.bulk_create(
        [
            PriceComponent(
                plan=plan, code="fee", name="月费", kind="recurring", unit="台·月", unit_price=price, vat_rate="0.06"
            )
            for plan, price in zip(plans, prices, strict=True)
        ],
        batch_size=5000,
    )
    PriceBook.objects.update(status="published", published_at=factories.PLACED_AT)


class Stock:
    """The baseline's process, on a database of its own in the same PostgreSQL."""

    def __init__(self, rows: list[tuple[str, int, Decimal]]) -> None:
        settings = connection.settings_dict
        environment = {f"STOCK_{name}": str(settings[name] or "") for name in ("USER", "PASSWORD", "HOST", "PORT")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.stock_oscar"],
            env=os.environ | environment | {"STOCK_NAME": STOCK},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.categories = self._ask([[title, category, str(price)] for title, category, price in rows])

    def measure(self, address: str) -> dict[str, Any]:
        """CPU in ms and the number of queries of a page."""
        return self._ask({"address": address, "times": TIMES})

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _ask(self, question: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def stock_oscar(rows: list[tuple[str, int, Decimal]]) -> Iterator[Stock]:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {STOCK}")
        cursor.execute(f"CREATE DATABASE {STOCK}")
    stock = Stock(rows)
    try:
        yield stock
    finally:
        stock.close()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {STOCK} WITH (FORCE)")


UNWRITTEN = "catalogue, no card written yet"
STARTED = "catalogue, by a process just started"
PAGES = {
    UNWRITTEN: ("/catalogue/", "/measured/"),
    STARTED: ("/catalogue/", "/measured/"),
    "catalogue": ("/catalogue/", "/measured/"),
    "page 500 of it": ("/catalogue/?page=500", "/measured/?page=500"),
    "category": ("/catalogue/?category=kind-7", "/measured/category/{category}/"),
    "search": ("/catalogue/?q=对象存储", "/measured/search/?q=对象存储"),
    "conditions": (
        "/catalogue/?category=kind-7&service=iaas&sla=99.9-99.95&deployment=public&mlps=3",
        "/measured/category/{category}/",  # without counting any condition: it has none
    ),
}


def ask(client: Any, address: str, name: str) -> Any:
    """A page: with its cards kept in the process, found in the cache that processes share, or written by nobody yet."""
    if name in (UNWRITTEN, STARTED):
        kept.forget(everywhere=name == UNWRITTEN)
    return client.get(address)


def test_pages_against_stock_oscar(client, capsys):
    chance = random.Random(SEED)
    rows = titles(chance)
    load(rows, chance)
    with stock_oscar(rows) as stock:
        lines = []
        for name, (ours, theirs) in PAGES.items():
            address = theirs.format(category=stock.categories[7])
            assert client.get(ours).status_code == 200
            with CaptureQueriesContext(connection) as captured:
                answer = ask(client, ours, name)
            assert answer.status_code == 200
            asked = len(captured)
            assert asked <= MOST_QUERIES, [query["sql"][:200] for query in captured]
            own, base, counted = [], [], 0
            for _ in range(ROUNDS):
                own.append(measuring.measure(connection, lambda: ask(client, ours, name), times=TIMES))  # noqa: B023
                answered = stock.measure(address)
                base.append(answered["cpu_ms"])
                counted = answered["queries"]
            mine, other = statistics.median(own), statistics.median(base)
            lines.append(
                f"| {name} | {mine:.1f} ms, {asked} queries | {other:.1f} ms, {counted} queries | {mine / other:.2f} |"
            )
    with capsys.disabled():
        print(f"\nSEED={SEED}, {LISTINGS:,} listings in {CATEGORIES} categories; CPU per page, process and PostgreSQL")
        print("| page | ours | stock Oscar, ORM views | ratio |\n|---|---|---|---|")
        print("\n".join(lines))
        print(_search_ratio())


def _search_ratio() -> str:
    """The twenty best of a search, as the catalogue finds them, against the bare SQL of its own query."""
    shelf = store.current()
    chosen, _unknown = filters.read_filters(params={"q": ["云主机 xlarge"]})
    asked = words.read_search(chosen.words, synonyms=shelf.schema.synonyms)
    sql, params = queries.statement(search=asked)

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            cursor.fetchall()

    def top() -> list[int]:
        from listings.search import results

        store.current().snapshot.remembered.clear()  # as if nobody had searched for it before
        return results.search(filters=chosen).list_pks(count=20)

    assert len(top()) == 20
    pairs = [
        (measuring.measure(connection, top, times=TIMES), measuring.measure(connection, bare, times=TIMES))
        for _ in range(ROUNDS)
    ]
    mine, bare_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    return f"search, best 20: {mine:.1f} ms, its bare SQL {bare_ms:.1f} ms, ratio {mine / bare_ms:.2f}"
