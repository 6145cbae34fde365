"""What an offering says of itself: a round trip changes nothing, and what is wrong is refused with field and remedy."""

import json
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from listings import operations, wording
from listings.content import CategoryRules, Content, Schema, check
from listings.models import OfferingStep, OfferingVersion, PriceBook, PriceComponent, Product
from listings.prices import operations as price_books
from listings.prices.operations import ComponentDraft, PlanDraft
from listings.taxonomy.specs import Option, Spec
from marketplace.organisations import errors
from marketplace.organisations.models import AuditEntry
from tests.listings.test_life import Desk, last

SPECS = (
    Spec("vcpu", "核数", "Cores", "integer", minimum=Decimal(1), maximum=Decimal(512)),
    Spec("nic_gbps", "网卡", "Network", "float", unit="Gbps", maximum=Decimal(400)),
    Spec("ha", "高可用", "High availability", "boolean"),
    Spec("media", "介质", "Media", "option", options=(Option("ssd", "固态", "SSD"), Option("hdd", "机械", "HDD"))),
    Spec("gpu", "显卡", "GPU", "text"),
)
DOMAINS = ("e-government", "medical", "education")
OWN_SPEC = Spec("ram_gib", "内存", "Memory", "integer")  # the cast's draft states it
SCHEMA = Schema(
    categories={"cloud-hosts": CategoryRules(id=1, service_model="iaas", attributes=SPECS)},
    domains=DOMAINS,
    data_centres={"DC01": 1},
)

plain = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Cf", "Zl", "Zp"), exclude_characters="<"
)
texts = st.text(plain, max_size=60)
days = st.none() | st.integers(0, 365)
contents = st.fixed_dictionaries(
    {"title": st.text(plain, min_size=1, max_size=60).filter(str.strip)},
    optional={
        **dict.fromkeys(("title_en", "title_mn", "summary", "summary_en", "summary_mn", "exit_export_formats"), texts),
        **dict.fromkeys(("lead_time_days", "exit_notice_days", "exit_export_days"), days),
        "deployment_models": st.lists(st.sampled_from(list(wording.DEPLOYMENT_MODELS)), unique=True),
        "solution_domains": st.lists(st.sampled_from(DOMAINS), unique=True),
        "support": st.sampled_from(["", *wording.SUPPORT]),
        "sla_credits": st.sampled_from(["", "10", "10; 99: 25; 95: 50", "0.5; 99.95: 1.25"]),
        "sla_percent": st.none() | st.decimals(0, 100, places=3),
        "exit_fee": st.none() | st.decimals(0, Decimal("999999999.99"), places=2),
        "draws": st.dictionaries(st.sampled_from(list(wording.RESOURCES)), st.decimals(0, 10**6, places=3)),
        "specs": st.fixed_dictionaries(
            {},
            optional={
                "vcpu": st.integers(1, 512),
                "nic_gbps": st.floats(0, 400, allow_nan=False),
                "ha": st.booleans(),
                "media": st.sampled_from(["ssd", "hdd"]),
                "gpu": st.text(plain, min_size=1, max_size=40).filter(str.strip),
            },
        ),
    },
)


@given(contents)
@settings(max_examples=200, deadline=None)
def test_to_json_and_back_changes_nothing(values):
    content = check(values={**values, "category": "cloud-hosts", "data_centre": "DC01"}, schema=SCHEMA)
    stored = json.loads(json.dumps(content.to_json()))  # as PostgreSQL keeps it
    read = Content.from_json(stored)
    assert read == content
    assert read.to_json() == stored
    assert content.changes_to(read) == []
    own = {name: value for name, value in stored.items() if value is not None}
    assert check(values=own, schema=SCHEMA) == content  # what was stored is accepted again, as it is


# field at fault → what is given, and what the sentence says
BAD = {
    "title of 10,000 characters": ({"title": "云" * 10_000}, "title", "Shorten to 120 characters: title has 10000."),
    "no title": ({"title": " \n "}, "title", "Fill in: title."),
    "control character": ({"title": "云主机\x00"}, "title", "Remove characters that cannot be printed from: title."),
    "bell in the summary": (
        {"summary": "好\x07"},
        "summary",
        "Remove characters that cannot be printed from: summary.",
    ),
    "turned direction": ({"title": "云\u202e主机"}, "title", "Remove characters that cannot be printed from: title."),
    "half a surrogate": ({"title": "云\ud800"}, "title", "Remove characters that cannot be printed from: title."),
    "HTML": ({"title": "<b>云主机</b>"}, "title", "Write plain text without HTML in: title."),
    "a script": ({"summary_en": "x<script src=//x>"}, "summary_en", "Write plain text without HTML in: summary in"),
    "a comment": ({"title_mn": "<!-- x"}, "title_mn", "Write plain text without HTML in: title in Mongolian."),
    "summary of 501": ({"summary": "云" * 501}, "summary", "Shorten to 500 characters: summary has 501."),
    "unknown category": ({"category": "moon"}, "category", "No category is called moon. Choose one of the taxonomy."),
    "foreign data centre": ({"data_centre": "DC99"}, "data_centre", "Choose one of the provider's own data centres."),
    "unknown deployment": ({"deployment_models": ["moon"]}, "deployment_models", "moon is not known for deployment"),
    "unknown domain": ({"solution_domains": "moon"}, "solution_domains", "moon is not known for solution domains."),
    "unknown support": ({"support": "always"}, "support", "always is not known for technical support. Use: 5x8,"),
    "SLA above 100": ({"sla_percent": "101"}, "sla_percent", "Give a number from 0 to 100 with at most 3 decimals"),
    "SLA of four decimals": ({"sla_percent": "99.9999"}, "sla_percent", "with at most 3 decimals for availability"),
    "SLA in words": ({"sla_percent": "high"}, "sla_percent", "not high."),
    "SLA not a number": ({"sla_percent": "NaN"}, "sla_percent", "not NaN."),
    "lead time of half a day": ({"lead_time_days": "1.5"}, "lead_time_days", "Give a whole number from 0 to 365"),
    "negative notice": ({"exit_notice_days": "-1"}, "exit_notice_days", "Give a whole number from 0 to 365"),
    "endless export": ({"exit_export_days": "1e9"}, "exit_export_days", "Give a whole number from 0 to 3650"),
    **{
        f"credits {text}": ({"sla_credits": text}, "sla_credits", "Write the credits as 10; 99: 25; 95: 50")
        for text in (
            "99: 25",
            "10; 25",
            "25; 99: 10",
            "10; 95: 25; 99: 50",
            "0",
            "101",
            "10; 100: 20",
            "ten",
            "10;",
        )
    },
    "fee of three decimals": ({"exit_fee": "0.001"}, "exit_fee", "with at most 2 decimals for fee for leaving"),
    "negative fee": ({"exit_fee": "-1"}, "exit_fee", "Give a number from 0 to 999999999.99"),
    "a true fee": ({"exit_fee": True}, "exit_fee", "not True."),
    "unknown resource": ({"draws": {"souls": 1}}, "draws", "souls is not a resource of the capacity pools. Use one"),
    "negative draw": ({"draws": {"vcpu": "-2"}}, "draws", "Give a number from 0 to 1000000 with at most 3 decimals"),
    "draw of four decimals": ({"draws": {"vcpu": "0.0001"}}, "draws", "with at most 3 decimals for vCPU"),
    "unknown spec": ({"specs": {"horns": 2}}, "horns", "“horns” is not a specification of this category. Leave it out"),
    "spec below its bound": ({"specs": {"vcpu": 0}}, "vcpu", "Cores must be at least 1, not 0."),
    "spec above its bound": ({"specs": {"vcpu": 513}}, "vcpu", "Cores must be at most 512, not 513."),
    "spec with its unit": ({"specs": {"nic_gbps": 401.5}}, "nic_gbps", "Network must be at most 400 Gbps, not 401.5"),
    "spec of another type": ({"specs": {"vcpu": "many"}}, "vcpu", "Cores must be a whole number from 0 to"),
    "spec neither yes nor no": ({"specs": {"ha": 1}}, "ha", "High availability must be yes or no, not “1”."),
    "spec outside its options": ({"specs": {"media": "tape"}}, "media", "Media cannot be “tape”. Choose one of: SSD"),
    "spec of a control character": ({"specs": {"gpu": "A\x00"}}, "gpu", "GPU must be a text of 1 to"),
}


@pytest.fixture
def desk(db, now):
    with translation.override("en"):  # the sentences below are those of the source
        yield Desk(now)


def rows():
    """Everything that a refused call must leave as it was."""
    counted = (Product, OfferingStep, PriceBook, PriceComponent, AuditEntry)
    return [*OfferingVersion.objects.order_by("pk").values()], [model.objects.count() for model in counted]


@pytest.mark.parametrize(("values", "field", "sentence"), BAD.values(), ids=BAD)
def test_bad_content_is_refused_with_field_and_remedy_and_nothing_is_written(desk, values, field, sentence):
    product = desk.create()
    draft = last(product)
    category = Schema(
        categories={"cloud-hosts": CategoryRules(product.main_category_id, "iaas", (*SPECS, OWN_SPEC))},
        domains=DOMAINS,
        data_centres={desk.centre.code: desk.centre.pk},
    )
    before = rows()
    common = {"actor": desk.seller, "now": desk.now, "schema": category}
    known = {"title": "新的云主机", "category_slug": "cloud-hosts", "offering_specs": {}, "draws": {}}
    renamed = {"category": "category_slug", "specs": "offering_specs"}
    doors = [lambda: operations.change_draft(version=draft, values=values, **common)]
    if "data_centre" not in values:  # a new offering is given the row itself
        given = known | {renamed.get(name, name): value for name, value in values.items()}
        place = {"partner": desk.centre.partner, "data_centre": desk.centre}
        doors.append(lambda: operations.create_offering(code="OF901", **given, **place, **common))
    for door in doors:
        with pytest.raises(errors.Refused) as refusal:
            door()
        assert refusal.value.field == field
        assert sentence in refusal.value.message
        assert len(refusal.value.message) < 400
        assert rows() == before


def price(**fields):
    given = {"unit_price": Decimal(100), "vat_rate": Decimal("0.06"), **fields}
    return ComponentDraft(**{"code": "fee", "name": "月费", "kind": "recurring", "unit": "台·月", **given})


def plan(*components, **fields):
    return PlanDraft(
        **{"code": "monthly", "name": "包月", "components": components, "terms": {1: Decimal(0)}, **fields}
    )


BAD_PRICES = {
    "nine decimals": ([plan(price(unit_price=Decimal("0.123456789")))], "unit_price", "8"),
    "negative": ([plan(price(unit_price=Decimal(-1)))], "unit_price", "-1"),
    "not a number": ([plan(price(unit_price=Decimal("NaN")))], "unit_price", "is not a number; write it again."),
    "VAT missing": ([plan(price(vat_rate=None))], "vat_rate", "the VAT rate is missing; state it: 0.06"),
    "VAT in per cent": ([plan(price(vat_rate=Decimal(6)))], "vat_rate", "not a fraction below 1; 6 % is 0.06."),
    "no unit": ([plan(price(unit=""))], "unit", "name the unit of the price."),
    "no component": ([plan()], "", "Plan 包月 has no price. Add a component."),
    "no term": ([plan(price(), terms={})], "", "Plan 包月 has no term. Add at least one."),
    "term of 61 months": ([plan(price(), terms={61: Decimal(0)})], "", "a term has 1 to 60 months"),
    "whole discount": ([plan(price(), terms={1: Decimal(1)})], "", "a discount from 0 to below 1."),
    "no plan": ([], "", "Give at least one plan: an offering without a price is not listed."),
    "the same code twice": ([plan(price(), price())], "", "fee stands there twice; give each its own."),
    "odd code": ([plan(price(code="月 费"))], "code", "use Latin letters, digits, - and _ only."),
    "control character": ([plan(price(name="月\x00费"))], "name", "holds a control character; write it again."),
    "long name": ([plan(price(name="月" * 61))], "name", "has more than 60 characters; shorten it."),
}


@pytest.mark.parametrize(("plans", "part", "sentence"), BAD_PRICES.values(), ids=BAD_PRICES)
def test_bad_prices_are_refused_and_the_draft_before_stays(desk, plans, part, sentence):
    product = desk.create()
    before = rows()
    with pytest.raises(price_books.InvalidPriceBook) as refusal:
        price_books.draft_price_book(product=product, plans=plans, actor=desk.seller, now=desk.now)
    assert refusal.value.part == part
    assert sentence in refusal.value.message
    assert rows() == before
    assert PriceBook.objects.get(product=product).plans.get().components.get().unit_price == 100
