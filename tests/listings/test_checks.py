"""The automatic checks, one case for each code: what brings it forth, and that a complete listing has none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from listings import checks
from listings.content import CategoryRules, Content
from listings.findings import TEXTS
from listings.models import Plan, PlanTerm, PriceBook, PriceComponent
from listings.taxonomy.specs import Spec
from providers.models import CapacityPool, DataCentre
from tests.listings.test_life import COMPLETE, Desk

SPECS = (Spec("vcpu", "核数", "Cores", "integer", is_required=True), Spec("gpu", "显卡", "GPU", "text"))
TEXTS_OF = {
    "title_en": "Test host",
    "title_mn": "ᠡᠭᠦᠯᠡᠨ",
    "summary": "适合网站与办公。",
    "summary_en": "For web sites and offices.",
}


def centre(**fields: Any) -> Callable[[Desk, PriceBook], object]:
    return lambda desk, book: DataCentre.objects.filter(pk=desk.centre.pk).update(**fields)


def pools(**fields: Any) -> Callable[[Desk, PriceBook], object]:
    return lambda desk, book: CapacityPool.objects.filter(data_centre=desk.centre, resource="vcpu").update(**fields)


def prices(model: Any, /, **fields: Any) -> Callable[[Desk, PriceBook], object]:
    place = "pk" if model is PriceBook else "price_book" if model is Plan else "plan__price_book"

    def change(desk: Desk, book: PriceBook) -> None:
        rows = model.objects.filter(**{place: book.pk})
        assert rows.update(**fields) if fields else rows.delete()

    return change


def without_plans(desk: Desk, book: PriceBook) -> None:
    for model in (PlanTerm, PriceComponent, Plan):
        prices(model)(desk, book)


@dataclass(frozen=True)
class Case:
    """What differs from a complete listing, and what a finding's sentence names."""

    content: dict[str, Any] = field(default_factory=dict)
    world: Callable[[Desk, PriceBook], object] | None = None
    says: str = ""
    specs: tuple[Spec, ...] = SPECS
    has_prices: bool = True


CASES: dict[str, list[Case]] = {
    "specs.missing": [Case({"specs": {}}, says="Cores"), Case({"specs": {"vcpu": ""}}, says="Cores")],
    "specs.none": [Case({"specs": {}}, specs=SPECS[1:])],
    "deployment.missing": [Case({"deployment_models": ()})],
    "data_centre.missing": [Case({"data_centre": "GONE"})],
    "data_centre.not_operating": [
        Case(world=centre(status="closed"), says="数据中心"),
        Case(world=centre(status="planned"), says="数据中心"),
    ],
    "data_centre.not_yet": [Case(world=centre(status="building"), says="数据中心")],
    "capacity.nothing_drawn": [Case({"draws": {}})],
    "capacity.no_pool": [Case({"draws": {"gpu": 1}}, says="GPU cards")],
    "capacity.short": [Case({"draws": {"vcpu": "1000.5"}}, says="1000.5 of vCPU")],
    "capacity.sold_out": [Case(world=pools(allocated=999), says="vCPU")],
    "sla.missing": [Case({"sla_percent": None}), Case({"sla_percent": Decimal(0)})],
    "sla.credits_not_below": [Case({"sla_credits": "10; 99.95: 20", "sla_percent": Decimal("99.95")}, says="99.95")],
    "support.missing": [Case({"support": ""})],
    "lead_time.missing": [Case({"lead_time_days": None})],
    "exit.notice_missing": [Case({"exit_notice_days": None})],
    "exit.export_missing": [Case({"exit_export_days": None})],
    "exit.formats_missing": [Case({"exit_export_formats": ""})],
    "exit.fee_missing": [Case({"exit_fee": None})],
    "title.says_nothing": [Case({"title": "云"}), Case({"title": "12345"}), Case({"title": "云云云云"})],
    "title.duplicate": [Case({"title": "另一台云主机"}, says="OF0")],
    "summary.missing": [Case({"summary": ""})],
    "summary.repeats": [Case({"summary": "测试云主机"})],
    "text.superlative": [Case({"summary": "全国第一的云主机"}, says="全国第一"), Case({"title": "最佳云主机"})],
    "text.contact": [
        Case({"summary": one})
        for one in ("见 https://x.example", "写信 a@b.cn", "电话 13800138000", "电话 0476-8330000", "www.x.example")
    ],
    "text.no_english": [Case({"title_en": ""}), Case({"summary_en": ""})],
    "text.no_mongolian": [Case({"title_mn": ""})],
    "text.not_mongolian": [Case({"title_mn": "Үүлэн сервер"})],
    "prices.missing": [Case(has_prices=False), Case(world=without_plans)],
    "prices.incomplete": [
        Case(world=prices(PriceComponent), says="包月"),
        Case(world=prices(PlanTerm), says="包月"),
    ],
    "prices.not_computable": [
        Case(world=prices(PriceComponent, model="graduated", tiers=[]), says="包月"),
    ],
    "prices.tax_unusual": [Case(world=prices(PriceComponent, vat_rate="0.07"), says="7 %")],
}
# What is not wrong, though it is near the line.
FINE = {
    "nothing to export": Case({"exit_export_days": 0, "exit_export_formats": ""}),
    "a building site has pools of nothing": Case(world=lambda desk, book: pools(total=0)(desk, book)),
    "exactly what is left": Case(world=pools(allocated=998)),
    "a digit string that is no telephone": Case({"summary": "每月 138001380001 次调用"}),
}


@pytest.fixture
def desk(db: None, now: Any) -> Iterator[Desk]:
    with translation.override("en"):  # the sentences below are those of the source
        yield Desk(now)


def run(desk: Desk, case: Case) -> list[checks.Finding]:
    product = desk.create(**TEXTS_OF)
    book = product.price_books.get()
    content = replace(Content.from_product(product), **case.content)
    if case.world:
        case.world(desk, book)
    rules = CategoryRules(id=product.main_category_id, service_model="iaas", attributes=case.specs)
    return checks.run(product=product, content=content, rules=rules, price_book=book if case.has_prices else None)


def test_every_code_has_a_case() -> None:
    assert set(CASES) == set(TEXTS)


def test_a_complete_listing_has_no_finding(desk: Desk) -> None:
    assert run(desk, Case()) == []


@pytest.mark.parametrize(
    ("code", "case"),
    [pytest.param(code, one, id=f"{code} {place}") for code, rows in CASES.items() for place, one in enumerate(rows)],
)
def test_a_code_is_found_and_says_what_to_do(desk: Desk, code: str, case: Case) -> None:
    found = run(desk, case)
    assert [one.level for one in found] == sorted(one.level for one in found)  # errors come before warnings
    finding = next((one for one in found if one.code == code), None)
    assert finding is not None, found
    assert case.says in finding.message
    assert checks.Finding.read([finding.to_json()]) == [finding]
    for language in ("en", "zh-hans"):
        with translation.override(language):
            for sentence in (finding.message, finding.remedy):
                assert sentence
                assert "%(" not in sentence
                assert code not in sentence


@pytest.mark.parametrize("case", FINE.values(), ids=FINE)
def test_what_is_near_the_line_is_not_found(desk: Desk, case: Case) -> None:
    building = case is FINE["a building site has pools of nothing"]
    if building:
        centre(status="building")(desk, PriceBook())
    assert [one.code for one in run(desk, case)] == (["data_centre.not_yet"] if building else [])


def test_the_terms_of_the_cast_are_complete() -> None:
    """The table changes one thing at a time: the rest must be there."""
    assert {"sla_percent", "support", "lead_time_days", "exit_fee"} <= set(COMPLETE)
