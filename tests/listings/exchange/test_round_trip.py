"""What is exported and imported again changes nothing, whatever stands in it, as CSV and as XLSX."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.rules.components import Tier
from listings import operations as listings
from listings.exchange import operations, queries
from listings.exchange.cells import FORMULA_STARTS, guard, unquote
from listings.models import OfferingVersion, PriceBook
from listings.prices import operations as price_books
from listings.prices.drafts import ComponentDraft, PlanDraft
from marketplace.organisations.models import AuditEntry
from tests import factories
from tests.listings.exchange.world import NOW, World, counts

pytestmark = pytest.mark.django_db

ODD = ["=1+1", "+86", "-1", "@x", "'quoted'", "''", "＝甲", '"双引号"', "a;b,c\td", "_x000D_", "007", "1e5", "是", "否"]
MONGOLIAN = "ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ"
texts = st.one_of(
    st.sampled_from([*ODD, MONGOLIAN, "云主机 4核8G"]),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1, max_size=40),
)
prices = st.decimals(min_value=0, max_value=Decimal("99999999.99999999"), places=8)
names = st.text("abcXYZ019_-", min_size=1, max_size=12).filter(lambda one: one[0] not in "-_")


@st.composite
def plans(draw):
    codes = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    return [draw(plan(code)) for code in codes]


@st.composite
def plan(draw, code):
    months = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3, unique=True))
    discounts = st.decimals(min_value=0, max_value=Decimal("0.9999"), places=4)
    components = [draw(component(one)) for one in draw(st.lists(names, min_size=1, max_size=3, unique=True))]
    terms = {one: draw(discounts) for one in months}
    return PlanDraft(code=code, name=draw(texts)[:60], name_en="", components=components, terms=terms)


@st.composite
def component(draw, code):
    common = {"code": code, "name": draw(texts)[:60], "unit": "台·月", "vat_rate": Decimal("0.06")}
    kind = draw(st.sampled_from(["one_time", "recurring", "metered"]))
    if kind == "metered":
        common |= {"meter": f"m_{code}", "included_quantity": draw(st.decimals(0, 1000, places=6))}
    if draw(st.booleans()):
        return ComponentDraft(**common, kind=kind, unit_price=draw(prices))
    bounds = sorted(draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=3, unique=True)))
    tiers = [Tier(Decimal(one), draw(prices), draw(prices)) for one in bounds] + [Tier(None, draw(prices))]
    return ComponentDraft(**common, kind=kind, model="graduated", unit_price=Decimal(0), tiers=tiers)


@pytest.fixture
def world(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return World()


def make(world, *, title, summary, drafts, code):
    product = listings.create_offering(
        code=code,
        title=title,
        title_mn=MONGOLIAN,
        summary=summary,
        partner=world.partner,
        data_centre=world.centre,
        category_slug="cloud-hosts",
        offering_specs={"vcpu": 2, "gpu": "A100", "ha": True},
        draws={"vcpu": "0.125", "ram_gib": 4},
        deployment_models=["private", "public"],
        sla_percent="99.95",
        sla_credits="10; 99: 25; 95: 50",
        exit_fee="0.10",
        actor=world.seller,
        now=NOW,
    )
    price_books.draft_price_book(product=product, plans=drafts, actor=world.seller, now=NOW)


def as_xlsx(world, path):
    queries.export_xlsx(partner_id=world.partner.pk, path=path)
    return path.read_bytes()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=texts, summary=texts, drafts=plans(), code=names)
def test_an_export_imported_again_changes_nothing(world, tmp_path, title, summary, drafts, code):
    try:
        make(world, title=title, summary=summary, drafts=drafts, code=code)
    except listings.OfferingCodeTaken:
        return  # an earlier example has it
    except (listings.InvalidContent, price_books.InvalidPriceBook):
        return  # no such text may stand in an offering
    before = (OfferingVersion.objects.count(), PriceBook.objects.count(), AuditEntry.objects.count())
    for data in (world.export(), as_xlsx(world, tmp_path / "own.xlsx")):
        upload = world.send(data)
        created, updated, unchanged, failed = counts(upload)
        assert (created, updated, failed, upload.problems) == (0, 0, 0, [])
        assert unchanged >= 1
    notes = AuditEntry.objects.filter(object_type="listing_import").count()
    after = (OfferingVersion.objects.count(), PriceBook.objects.count(), AuditEntry.objects.count())
    assert after[:2] == before[:2]
    assert AuditEntry.objects.exclude(object_type="listing_import").count() == after[2] - notes


def test_published_offerings_of_the_cast_round_trip(world, tmp_path):
    for _ in range(3):
        factories.offering(world.centre)
    factories.offering(factories.data_centre(factories.songmo()))  # another's, which is in no file of ours
    for data in (world.export(), as_xlsx(world, tmp_path / "own.xlsx")):
        assert counts(world.send(data)) == (0, 0, 3, 0)


def test_one_cell_changed_in_an_export_changes_one_offering(world):
    for _ in range(3):
        factories.offering(world.centre)
    text = world.export().decode("utf-8-sig").replace("99.9,", "99.99,", 1)
    assert counts(world.send(text.encode())) == (0, 1, 2, 0)


def test_no_cell_of_an_export_is_taken_for_a_formula(world):
    price = ComponentDraft("c", "=HYPERLINK(1)", "recurring", "@月", Decimal(1), Decimal("0.06"))
    plan = PlanDraft(code="p", name="+cmd|' /C calc'!A0", components=[price], terms={1: Decimal(0)})
    make(world, title="=1+1", summary="@SUM(A1)", drafts=[plan], code="NEW-1")
    cells = [cell for line in world.export().decode("utf-8-sig").split("\r\n") for cell in line.split(",")]
    assert not [cell for cell in cells if cell.lstrip('"').startswith(FORMULA_STARTS)]


@given(st.text(max_size=6) | st.sampled_from(ODD))
def test_the_guard_is_taken_off_exactly(text):
    assert unquote(guard(text)) == text
    assert not guard(text).startswith(FORMULA_STARTS)


def test_the_template_is_imported_as_it_is(world, tmp_path):
    data = b"".join(queries.template_csv(partner_id=world.partner.pk, category=""))
    assert counts(world.send(data)) == (0, 0, 0, 0)
    path = tmp_path / "template.xlsx"
    queries.template_xlsx(partner_id=world.partner.pk, category="cloud-hosts", path=path)
    assert counts(world.send(path.read_bytes())) == (0, 0, 0, 0)
    # the example itself is a good offering, once its code is no longer one to be left out
    upload = world.send(data.replace(b"#EXAMPLE-1", b"EXAMPLE-1"))
    assert (counts(upload), upload.problems) == ((1, 0, 0, 0), [])


def test_the_queries_of_an_export_do_not_grow(world, django_assert_max_num_queries):
    for _ in range(12):
        factories.offering(world.centre)
    with django_assert_max_num_queries(20):
        world.export()
    assert operations.CHUNK >= 12
