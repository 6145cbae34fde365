"""What a file makes of offerings: drafts of new ones, drafts of changes, and nothing where nothing differs."""

from decimal import Decimal

import pytest

from listings import operations as listings
from listings.content import Content
from listings.exchange.models import ListingImportLine
from listings.models import OfferingStep, OfferingVersion, PriceBook, PriceComponent, Product
from listings.prices import operations as price_books
from listings.prices.drafts import ComponentDraft, PlanDraft
from marketplace.organisations.models import AuditEntry
from providers.models import StockRecord
from tests import factories
from tests.listings.exchange.world import NOW, World, counts, faults, to_csv, to_xlsx

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return World()


def book_states(product):
    return list(PriceBook.objects.filter(product=product).order_by("version").values_list("version", "status"))


def version_of(product):
    return product.versions.get()


@pytest.mark.parametrize("write", [to_csv, to_xlsx])
def test_a_new_code_becomes_a_draft_with_its_prices(world, write):
    upload = world.send(write(world.row()))
    assert (upload.status, counts(upload), upload.problems) == ("done", (1, 0, 0, 0), [])
    product = world.product()
    assert (product.state, product.partner, product.data_centre) == ("draft", world.partner, world.centre)
    content = Content.from_json(version_of(product).content)
    assert content == Content.from_product(product)
    assert (content.specs, content.draws) == ({"vcpu": 4, "ram_gib": 8}, {"vcpu": Decimal(4)})
    assert content.deployment_models == ("public", "private")
    book = product.price_books.get()
    plan = book.plans.get()
    assert (book.status, plan.code, plan.name) == ("draft", "monthly", "包月")
    assert {term.months: term.discount for term in plan.terms.all()} == {1: 0, 12: Decimal("0.1")}
    assert plan.components.get().unit_price == Decimal("212.7")
    line = ListingImportLine.objects.get()
    assert (line.row, line.code, line.outcome, line.version_number) == (2, "NEW-1", "created", 1)


def test_the_rows_are_those_that_the_desk_writes(world):
    """The fast path is held against the operations of the desk, column by column."""
    world.send_rows(world.row())
    component = ComponentDraft(
        code="host",
        name="云主机",
        kind="recurring",
        unit="台·月",
        unit_price=Decimal("212.7"),
        vat_rate=Decimal("0.06"),
    )
    plan = PlanDraft(code="monthly", name="包月", components=[component], terms={1: Decimal(0), 12: Decimal("0.1")})
    by_hand = listings.create_offering(
        code="HAND-1",
        title="云主机 4核8G",
        title_en="Host, 4 cores",
        partner=world.partner,
        data_centre=world.centre,
        category_slug="cloud-hosts",
        offering_specs={"vcpu": 4, "ram_gib": 8},
        draws={"vcpu": 4},
        deployment_models=["public", "private"],
        sla_percent="99.95",
        support="7x24",
        lead_time_days=1,
        exit_notice_days=30,
        exit_export_days=30,
        exit_export_formats="qcow2",
        exit_fee="0",
        actor=world.seller,
        now=NOW,
    )
    price_books.draft_price_book(product=by_hand, plans=[plan], actor=world.seller, now=NOW)
    assert rows_of(world.product()) == rows_of(by_hand)


def rows_of(product):
    """Every row that belongs to an offering, without ids, the code, the reason and the time of writing."""
    product.refresh_from_db()
    left_out = {"id", "code", "upc", "date_updated", "date_created", "partner_sku", "reason", "object_id"}
    left_out |= {"product_id", "price_book_id", "plan_id"}

    def plain(rows):
        found = []
        for row in rows:
            own = {name: value for name, value in row.items() if name not in left_out}
            own["details"] = {name: value for name, value in (own.get("details") or {}).items() if name != "reason"}
            found.append(own)
        return found

    book = product.price_books.get()
    return {
        "product": plain(Product.objects.filter(pk=product.pk).values()),
        "categories": list(product.categories.values_list("slug", flat=True)),
        "stock": plain(StockRecord.objects.filter(product=product).values()),
        "versions": plain(OfferingVersion.objects.filter(product=product).values()),
        "steps": plain(OfferingStep.objects.filter(product=product).values()),
        "audit": sorted(plain(AuditEntry.objects.filter(object_id=product.code).values()), key=str),
        "book": plain(PriceBook.objects.filter(pk=book.pk).values()),
        "plans": plain(book.plans.values()),
        "terms": plain(book.plans.get().terms.values()),
        "components": plain(book.plans.get().components.values()),
    }


def test_a_blank_code_is_made(world):
    upload = world.send_rows(world.row(code=None), {"plan": "metered"} | dict.fromkeys(["code"]))
    assert counts(upload) == (0, 0, 0, 1)  # the second row has no term, no unit, no price
    upload = world.send_rows(world.row(code=None), world.row(code=None, title="另一台"))
    assert counts(upload) == (2, 0, 0, 0)
    codes = list(ListingImportLine.objects.filter(outcome="created").values_list("code", flat=True))
    assert len(set(codes)) == 2 and all(code.startswith("FW-") for code in codes)


def test_further_rows_are_prices_of_the_same_offering(world):
    metered = {
        "plan": "metered",
        "plan_name": "按量",
        "terms": "1",
        "component": "vcpu",
        "kind": "metered",
        "meter": "vcpu_hours",
        "aggregation": "weighted_sum",
        "unit": "vCPU·小时",
        "unit_price": "0",
        "model": "graduated",
        "tiers": "100:0.5; 500:0.4:20; *:0.31234567",
        "vat_rate": "6%",
        "included_quantity": "10",
        "minimum_amount": "5",
        "maximum_amount": "5000",
    }
    upload = world.send_rows(world.row(), {"code": "NEW-1", **metered}, {**metered, "component": "gib", "meter": "gib"})
    assert (counts(upload), upload.problems) == ((1, 0, 0, 0), [])
    monthly, by_use = world.product().price_books.get().plans.all()
    assert (monthly.code, [one.code for one in by_use.components.all()]) == ("monthly", ["vcpu", "gib"])
    one = by_use.components.first()
    assert one.tiers[1] == {"up_to": "500", "unit_price": "0.4", "flat": "20"}
    assert (one.model, one.aggregation, one.vat_rate, one.included_quantity, one.maximum_amount) == (
        "graduated",
        "weighted_sum",
        Decimal("0.06"),
        10,
        5000,
    )


def test_a_known_code_with_changes_becomes_a_draft_and_leaves_what_is_published(world):
    host = factories.offering(world.centre, code="PUB-1", upc="PUB-1")
    upload = world.send_rows({"code": "PUB-1", "title": "更名的云主机"})
    assert (counts(upload), upload.problems) == ((0, 1, 0, 0), [])
    host.refresh_from_db()
    assert (host.title, host.state, host.version_number) == ("通用型云主机 2核4G", "published", 1)
    published, draft = host.versions.order_by("number")
    assert (published.state, draft.state, draft.number) == ("published", "draft", 2)
    assert Content.from_json(draft.content).title == "更名的云主机"
    assert Content.from_json(draft.content).specs == {"vcpu": 2, "ram_gib": 4}  # columns not in the file stay
    assert host.price_books.count() == 1  # the prices stay as they are
    upload = world.send_rows({"code": "PUB-1", "title": "又更名", "sla_percent": ""})
    assert counts(upload) == (0, 1, 0, 0)
    content = Content.from_json(host.versions.get(number=2).content)  # the draft is changed, no third version
    assert (host.versions.count(), content.title, content.sla_percent) == (2, "又更名", None)


def test_changed_prices_become_a_draft_book(world):
    host = factories.offering(world.centre, code="PUB-1", upc="PUB-1")
    price = {"code": "PUB-1", "plan": "monthly", "terms": "1", "component": "c0", "kind": "recurring", "unit": "台·月"}
    upload = world.send_rows({**price, "unit_price": "99.12345678", "vat_rate": "0.06"})
    assert (counts(upload), upload.problems) == ((0, 1, 0, 0), [])
    draft = host.price_books.get(version=2)
    assert (draft.status, draft.plans.get().components.get().unit_price) == ("draft", Decimal("99.12345678"))
    assert draft.plans.get().components.get().name == "云主机 2核4G"  # a column left out keeps what was said
    assert host.price_books.get(version=1).status == "published"
    assert host.versions.get(number=2).state == "draft"


def test_what_is_the_same_changes_nothing_at_all(world):
    world.send_rows(world.row())
    before = (OfferingVersion.objects.count(), PriceBook.objects.count(), OfferingStep.objects.count())
    audit = AuditEntry.objects.filter(object_type="offering").count()
    upload = world.send_rows(world.row(sla_percent="99.950", terms="12:0.10; 1", unit_price="212.70"))
    assert counts(upload) == (0, 0, 1, 0)
    assert (OfferingVersion.objects.count(), PriceBook.objects.count(), OfferingStep.objects.count()) == before
    assert AuditEntry.objects.filter(object_type="offering").count() == audit


def test_what_is_in_review_is_not_changed(world):
    world.send_rows(world.row(), submit=True)
    version = version_of(world.product())
    assert version.state == "submitted"
    upload = world.send_rows(world.row())
    assert counts(upload) == (0, 0, 1, 0)
    upload = world.send_rows(world.row(title="别的"))
    assert (counts(upload), faults(upload)) == ((0, 0, 0, 1), [("A2", "code")])


def test_prices_that_were_submitted_survive_the_next_file(world):
    """While they wait nothing replaces them; once the version is taken back, a new draft stands beside them."""
    world.send_rows(world.row(), submit=True)
    product = world.product()
    price_books.drop_drafts(product_ids=[product.pk])
    assert book_states(product) == [(1, "draft")]
    upload = world.send_rows(world.row(unit_price="99"))
    assert (counts(upload), faults(upload)) == ((0, 0, 0, 1), [("A2", "code")])
    assert "请先撤回该版本" in upload.problems[0]["message"]
    listings.take_back(version=version_of(product), reason="改价", actor=world.seller, now=NOW)
    for price, versions in (("99", [(1, "retired"), (2, "draft")]), ("98", [(1, "retired"), (3, "draft")])):
        assert counts(world.send_rows(world.row(unit_price=price))) == (0, 1, 0, 0)
        assert book_states(product) == versions
    submitted = PriceComponent.objects.get(plan__price_book__product=product, plan__price_book__version=1)
    assert submitted.unit_price == Decimal("212.7")


def test_another_providers_code_says_no_more_than_that_it_cannot_be_used(world):
    theirs = factories.offering(factories.data_centre(factories.songmo()), code="THEIRS", upc="THEIRS")
    upload = world.send_rows(world.row(code="THEIRS"))
    assert (counts(upload), faults(upload)) == ((0, 0, 0, 1), [("A2", "code")])
    assert theirs.title not in str(upload.problems) + str(ListingImportLine.objects.values())
    theirs.refresh_from_db()
    assert theirs.versions.count() == 1
    elsewhere = theirs.data_centre.code
    upload = world.send_rows(world.row(code="NEW-2", data_centre=elsewhere))
    assert faults(upload) == [(upload.problems[0]["cell"], "data_centre")]


def test_a_dry_run_says_the_same_and_writes_nothing(world):
    rows = [world.row(), world.row(code="BAD", unit_price="-1"), world.row(code="NEW-2")]
    upload = world.send_rows(*rows, try_it=True, submit=True)
    assert (upload.status, counts(upload), upload.submitted_count) == ("done", (2, 0, 0, 1), 2)
    assert not Product.objects.exists() and not AuditEntry.objects.filter(object_type="offering").exists()
    real = world.send_rows(*rows, submit=True)
    assert (counts(real), real.problems) == (counts(upload), upload.problems)
    assert Product.objects.count() == 2


def test_what_passes_the_checks_is_submitted_and_the_rest_stays_a_draft(world):
    upload = world.send_rows(world.row(), world.row(code="NEW-2", title="没有退出条款", exit_fee=None), submit=True)
    assert (counts(upload), upload.submitted_count) == ((2, 0, 0, 0), 1)
    assert [version_of(world.product(code)).state for code in ("NEW-1", "NEW-2")] == ["submitted", "draft"]
    noted = ListingImportLine.objects.get(code="NEW-2")
    assert not noted.is_submitted and noted.note
    assert version_of(world.product("NEW-2")).findings


def test_one_bad_offering_does_not_keep_the_others_out(world):
    upload = world.send_rows(
        world.row(),
        {**world.row(code="NEW-2"), "unit_price": "1.123456789"},
        world.row(code="NEW-3"),
    )
    assert counts(upload) == (2, 0, 0, 1)
    assert not Product.objects.filter(code="NEW-2").exists()


def test_a_price_changed_again_leaves_no_other_draft_behind(world: World) -> None:
    for price in ("212.7", "200", "190"):
        world.send_rows(world.row(unit_price=price))
    book = PriceBook.objects.get(product=world.product())
    assert (book.version, book.status) == (3, PriceBook.Status.DRAFT)
    assert [one.unit_price for one in PriceComponent.objects.filter(plan__price_book__product=world.product())] == [190]
