"""The cast: one small world that every test knows.

    platform   赤峰云资源交易中心          operator, officer, finance
    hongshan   红山云, provider, Chifeng    cloud hosts by the month and by use
    songmo     松漠, a second provider      to show that A never sees B
    bureau     赤峰市某局, an agency        its orders need approval
    foods      草原食品, a company          buys at once

Each function makes one thing and what it stands on; arguments override what a test is about.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.contracts.models import Contract
from billing.rules import periods, uscc
from listings.content import Content
from listings.models import (
    Category,
    OfferingStep,
    OfferingVersion,
    Plan,
    PlanTerm,
    PriceBook,
    PriceComponent,
    Product,
    ProductClass,
)
from listings.search import operations as search
from marketplace.organisations import actors, operations
from marketplace.organisations.models import Division, Membership, Organisation, User
from providers.models import Agreement, CapacityPool, DataCentre, Partner, StockRecord
from tests.deliveries import accept, deliver, delivery

__all__ = ["accept", "deliver", "delivery"]  # of tests.deliveries, as part of the cast

PASSWORD = "a long enough password"
PLACED_AT = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)
_serial = itertools.count(1)


def credit_code(*, prefix: str = "91150404") -> str:
    """A code with a right check character, another one at every call."""
    body = f"{prefix}T{next(_serial):08d}"
    for last in uscc.ALPHABET:
        try:
            uscc.check(body + last)
        except uscc.InvalidCode:
            continue
        return body + last
    raise AssertionError(f"no check character for {body}")


def county(*, code: str = "150404", name: str = "松山区") -> Division:
    prefecture, _ = Division.objects.get_or_create(code=f"{code[:4]}00", defaults={"name": "赤峰市"})
    division, _ = Division.objects.get_or_create(code=code, defaults={"name": name, "prefecture": prefecture})
    return division


def organisation(*, side: str, name: str, prefix: str = "91150404", **fields: Any) -> Organisation:
    return Organisation.objects.create(
        public_id=operations.random_number(prefix="ORG"),
        side=side,
        name=name,
        uscc=credit_code(prefix=prefix),
        county=county(),
        created_at=PLACED_AT,
        **fields,
    )


def platform() -> Organisation:
    """The operator; there is one."""
    return Organisation.objects.filter(side="platform").first() or organisation(
        side="platform", name="赤峰云资源交易中心", prefix="12150400"
    )


def bureau() -> Organisation:
    return organisation(side="buyer", name="赤峰市某局", prefix="11150402", needs_approval=True)


def foods() -> Organisation:
    return organisation(side="buyer", name="赤峰草原食品有限公司")


def member(organisation: Organisation, *roles: str, email: str | None = None) -> User:
    """A person with roles in an organisation, with PASSWORD."""
    user = User.objects.create_user(
        email or f"{'-'.join(roles)}{next(_serial)}@example.test", PASSWORD, full_name=f"{organisation.name} {roles[0]}"
    )
    Membership.objects.create(user=user, organisation=organisation, roles=list(roles))
    return user


def actor(organisation: Organisation, *roles: str, user: User | None = None) -> actors.Actor:
    """A person who acts for an organisation in these roles."""
    user = user or member(organisation, *roles)
    return actors.Actor(
        side=organisation.side,
        roles=frozenset(roles),
        organisation_id=organisation.pk,
        organisation_name=organisation.name,
        user_id=user.pk,
        user_name=user.get_full_name(),
    )


def api_token(
    organisation: Organisation, *scopes: str, now: datetime = PLACED_AT, lives_for: timedelta = timedelta(days=366)
) -> str:
    """A fresh API key's token."""
    issued = operations.issue_api_key(
        name="test", scopes=scopes, lives_for=lives_for, actor=actor(organisation, "owner"), now=now
    )
    return issued.token


def provider(*, name: str = "红山云数据服务有限公司", commission_rate: str = "0.02") -> Partner:
    """A provider with an agreement of 2 % commission and 6 % VAT on it."""
    partner = Partner.objects.create(name=name, organisation=organisation(side="provider", name=name))
    Agreement.objects.create(
        partner=partner, version=1, effective_date=date(2026, 1, 1), commission_rate=Decimal(commission_rate)
    )
    return partner


def hongshan() -> Partner:
    return provider()


def songmo() -> Partner:
    return provider(name="松漠算力运营有限公司")


def data_centre(partner: Partner, *, vcpu: int = 1000, **fields: Any) -> DataCentre:
    """An operating data centre in Chifeng with pools of vCPU and memory (4 GiB a vCPU); the catalogue takes its claims
    for proven until evidence is verified or the pipeline runs."""
    number = next(_serial)
    claims = {"mlps_level": 3, "measured_pue": Decimal("1.31"), "green_power_percent": 62, **fields}
    centre = DataCentre.objects.create(
        **{
            "code": f"DC{number:02d}",
            "name": f"松山{number}号数据中心",
            "partner": partner,
            "county": county(),
            "status": DataCentre.Status.OPERATING,
            "design_pue": Decimal("1.28"),
            "measured_pue": Decimal("1.31"),
            "mlps_level": 3,
            "green_power_percent": 62,
            "proven_mlps_level": claims["mlps_level"],
            "proven_pue": claims["measured_pue"],
            "proven_green_percent": claims["green_power_percent"],
            **fields,
        }
    )
    CapacityPool.objects.create(data_centre=centre, resource="vcpu", unit="vCPU", total=vcpu)
    CapacityPool.objects.create(data_centre=centre, resource="ram_gib", unit="GiB", total=vcpu * 4)
    return centre


@dataclass(frozen=True)
class Price:
    """One price component in a test's words; `tiers` as (up_to or None, unit price, flat)."""

    kind: str
    unit_price: str = "0"
    vat_rate: str = "0.06"
    meter: str = ""
    unit: str = "台·月"
    code: str = ""
    name: str = ""
    model: str = "per_unit"
    tiers: tuple[tuple[str | None, str, str], ...] = ()
    package_size: str | None = None
    included: str = "0"
    minimum: str | None = None
    maximum: str | None = None
    aggregation: str = "sum"


MONTHLY = Price("recurring", "212.70", name="云主机 2核4G")
VCPU_HOURS = Price("metered", "0.12348", meter="vcpu_hours", unit="vCPU·小时", name="vCPU 用量")
GIB_HOURS = Price("metered", "0.01547", meter="gib_hours", unit="GiB·小时", name="内存用量")


def offering(
    centre: DataCentre,
    *,
    title: str = "通用型云主机 2核4G",
    draws: dict[str, int] | None = None,
    plans: dict[str, list[Price]] | None = None,
    terms: dict[int, str] | None = None,
    **fields: Any,
) -> Product:
    """A published cloud host with two plans: `monthly` and `metered`; terms of 1 and 12 months (10 % off)."""
    number = next(_serial)
    product_class, _ = ProductClass.objects.get_or_create(
        slug="iaas", defaults={"name": "IaaS", "requires_shipping": False, "track_stock": False}
    )
    category = cloud_hosts()
    product = Product.objects.create(
        **{
            "title": title,
            "code": f"OF0{number:05d}",
            "upc": f"OF0{number:05d}",
            "slug": f"host-{number}",
            "product_class": product_class,
            "partner": centre.partner,
            "data_centre": centre,
            "main_category": category,
            "state": Product.State.PUBLISHED,
            "service_model": Product.ServiceModel.IAAS,
            "deployment_models": ["public"],
            "specs": {"vcpu": 2, "ram_gib": 4},
            "sla_percent": Decimal("99.9"),
            "draws": {"vcpu": 2, "ram_gib": 4} if draws is None else draws,
            **fields,
        }
    )
    product.categories.add(category)
    StockRecord.objects.create(
        product=product, partner=centre.partner, partner_sku=product.code, price_currency="CNY", price=Decimal(0)
    )
    book = price_book(product, plans=plans, terms=terms)
    offering_version(product, book)
    search.refresh(product_ids=[product.pk])
    return product


def cloud_hosts() -> Category:
    """The category of the cast's offerings, below its service type."""
    found = Category.objects.filter(slug="cloud-hosts").first()
    if found is not None:
        return found
    root = Category.objects.filter(slug="iaas", depth=1).first() or Category.objects.add_root(
        {"name": "IaaS", "name_en": "IaaS", "slug": "iaas"}
    )
    return Category.objects.add_child(root, {"name": "云主机", "name_en": "Cloud hosts", "slug": "cloud-hosts"})


def offering_version(product: Product, book: PriceBook | None = None) -> OfferingVersion:
    """The published version of an offering, with the content of its columns."""
    version = OfferingVersion.objects.create(
        product=product,
        number=product.version_number + 1,
        state=OfferingVersion.State.PUBLISHED,
        content=Content.from_product(product).to_json(),
        price_book=book,
        created_at=PLACED_AT,
        submitted_at=PLACED_AT,
        published_at=PLACED_AT,
    )
    OfferingStep.objects.create(
        product=product,
        version_number=version.number,
        from_state="in_review",
        to_state="published",
        happened_at=PLACED_AT,
    )
    product.version_number = version.number
    product.save(update_fields=["version_number"])
    return version


def price_book(
    product: Product, *, plans: dict[str, list[Price]] | None = None, terms: dict[int, str] | None = None
) -> PriceBook:
    """A published price book, one version above the last one, which is retired."""
    plans = plans or {"monthly": [MONTHLY], "metered": [VCPU_HOURS, GIB_HOURS]}
    PriceBook.objects.filter(product=product, status="published").update(status="retired")
    version = product.price_books.count() + 1
    book = PriceBook.objects.create(product=product, version=version)
    for position, (code, prices) in enumerate(plans.items()):
        plan = Plan.objects.create(price_book=book, code=code, name=code, position=position)
        for months, discount in (terms or {1: "0", 12: "0.10"}).items():
            PlanTerm.objects.create(plan=plan, months=months, discount=Decimal(discount))
        for place, price in enumerate(prices):
            PriceComponent.objects.create(
                plan=plan,
                code=price.code or f"c{place}",
                name=price.name or price.meter or price.kind,
                kind=price.kind,
                unit=price.unit,
                meter=price.meter,
                aggregation=price.aggregation,
                unit_price=Decimal(price.unit_price),
                vat_rate=Decimal(price.vat_rate),
                model=price.model,
                tiers=[{"up_to": up_to, "unit_price": each, "flat": flat} for up_to, each, flat in price.tiers],
                package_size=price.package_size,
                included_quantity=Decimal(price.included),
                minimum_amount=price.minimum,
                maximum_amount=price.maximum,
                position=place,
            )
    book.status, book.published_at = PriceBook.Status.PUBLISHED, PLACED_AT
    book.save()
    return book


def plan(product: Product, code: str = "monthly") -> Plan:
    """The plan of an offering's published price book."""
    return Plan.objects.get(price_book__product=product, price_book__status="published", code=code)


def plan_of_list(product: Product) -> Plan:
    """The first plan of the list price, where a buyer has prices of its own beside it."""
    return Plan.objects.filter(
        price_book__product=product, price_book__status="published", price_book__organisation=None
    )[0]


def order_line(buyer: Organisation, product: Product, *, quantity: int = 1, number: str | None = None) -> Any:
    """An order of one line in Oscar's tables, as placed by the shop."""
    from django.contrib.sites.models import Site
    from oscar.core.loading import get_model

    order = get_model("order", "Order").objects.create(
        number=number or operations.random_number(prefix="DD"),
        site=Site.objects.get_current(),
        currency="CNY",
        total_incl_tax=Decimal("225.46"),
        total_excl_tax=Decimal("212.70"),
        status="placed",
        date_placed=PLACED_AT,
    )
    return get_model("order", "Line").objects.create(
        order=order,
        partner=product.partner,
        partner_name=product.partner.name,
        partner_sku=product.code,
        stockrecord=product.stockrecords.get(),
        product=product,
        title=product.title,
        quantity=quantity,
        num_allocated=0,
        line_price_incl_tax=Decimal("225.46"),
        line_price_excl_tax=Decimal("212.70"),
        line_price_before_discounts_incl_tax=Decimal("225.46"),
        line_price_before_discounts_excl_tax=Decimal("212.70"),
    )


def contract(
    buyer: Organisation,
    product: Product,
    *,
    plan_code: str = "monthly",
    quantity: int = 1,
    term_months: int = 12,
    start: date | None = date(2026, 10, 1),
    **fields: Any,
) -> Contract:
    """A contract, active since 1 October 2026; `start=None` leaves it waiting, with its delivery to be accepted.

    It holds no capacity: tests about capacity order through the shop.
    """
    line = order_line(buyer, product, quantity=quantity)
    agreed = plan(product, plan_code)
    delivered = (
        {}
        if start is None
        else {
            "status": Contract.Status.ACTIVE,
            "start_date": start,
            "end_date": periods.add_months(start, term_months),
            "activated_at": datetime(start.year, start.month, start.day, 1, tzinfo=UTC),
        }
    )
    made = Contract.objects.create(
        **{
            "number": operations.random_number(prefix="HT"),
            "buyer": buyer,
            "provider": product.partner,
            "order_line": line,
            "order_number": line.order.number,
            "offering": product,
            "offering_version": product.versions.get(state="published"),
            "offering_title": product.title,
            "plan": agreed,
            "quantity": quantity,
            "term_months": term_months,
            "term_discount": agreed.terms.get(months=term_months).discount,
            "payment_method": Contract.PaymentMethod.BANK_TRANSFER,
            "contact_name": "王经办",
            "contact_phone": "0476-0000000",
            "placed_at": PLACED_AT,
            **delivered,
            **fields,
        }
    )
    if made.status == Contract.Status.PENDING:
        delivery(made)
    return made
