"""Loads the sample world of demo.json through the real operations. Loading it again changes nothing.

What demo.json leaves open is decided here and in the files beside it: capacity for sale, English titles, prices per
plan, commission rates. Everything is invented and marked as a sample.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from listings import operations as listings
from listings import queries as listing_queries
from listings.models import Product
from listings.prices import operations as price_books
from listings.taxonomy import operations as taxonomy
from marketplace.demo import onboarding, people, prices
from marketplace.organisations import actors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as organisation_queries
from marketplace.organisations.models import Organisation
from providers import operations as providers
from providers import queries as provider_queries
from providers.models import DataCentre, Partner

HERE: Final = Path(__file__).parent
PLATFORM_NAME: Final = "示例·赤峰云资源交易中心"
PLATFORM_CODE: Final = "12150400MADEM90004"
COMMISSION_RATES: Final = {"P03": Decimal("0.015"), "P05": Decimal("0.015"), "P12": Decimal("0.03")}
USUAL_COMMISSION_RATE: Final = Decimal("0.02")

STATUSES: Final = {"operating": "operating", "under_construction": "building"}

# What a data centre brings to this marketplace: one server in twenty, with this much in each.
SERVERS_PER_OFFERED: Final = 20
VCPU_PER_SERVER, RAM_GIB_PER_SERVER, STORAGE_GIB_PER_SERVER = 64, 256, 2000


@dataclass(frozen=True, slots=True)
class World:
    """What was loaded, by the codes of demo.json: P01 … B01 … DC01 … OF001 …"""

    platform: Organisation
    providers: Mapping[str, Organisation]
    buyers: Mapping[str, Organisation]
    partners: Mapping[str, Partner]
    data_centres: Mapping[str, DataCentre]
    offerings: Mapping[str, Product]


@transaction.atomic
def load_world(*, now: datetime) -> World:
    """Load everything that is missing, as if it had been entered at `now`; all of it or nothing."""
    data = read_data()
    organisations.load_divisions(
        prefectures={row["code"]: row["name"] for row in data["prefectures"]},
        counties={row["code"]: (row["name"], row["prefecture"]) for row in data["counties"]},
    )
    platform = _organisation("platform", PLATFORM_NAME, PLATFORM_CODE, "150402", actor=actors.VISITOR, now=now)
    operator = actors.Actor(
        side=actors.PLATFORM,
        roles=frozenset({"operator"}),
        organisation_id=platform.pk,
        organisation_name=platform.name,
    )
    sellers = {
        row["id"]: _organisation("provider", row["name"], row["uscc"], row["uscc"][2:8], actor=operator, now=now)
        for row in data["providers"]
    }
    buyers = {
        row["id"]: _organisation(
            "buyer",
            row["name"],
            row["uscc"],
            row["county_code"],
            needs_approval=row["procurement_law_applies"],
            actor=operator,
            now=now,
        )
        for row in data["buyers"]
    }
    people.create_people(
        world=World(platform=platform, providers=sellers, buyers=buyers, partners={}, data_centres={}, offerings={}),
        now=now,
    )
    partners = {
        code: onboarding.onboard(
            code=code,
            organisation=seller,
            commission_rate=COMMISSION_RATES.get(code, USUAL_COMMISSION_RATE),
            now=now,
        )
        for code, seller in sellers.items()
    }
    centres = {
        row["id"]: _data_centre(row, partners[row["operator"]], actor=operator, now=now) for row in data["data_centres"]
    }
    taxonomy.load_taxonomy(**taxonomy.read_standard(), actor=operator, now=now)
    empty = World(
        platform=platform, providers=sellers, buyers=buyers, partners=partners, data_centres=centres, offerings={}
    )
    return replace(empty, offerings=_offerings(data["offerings"], world=empty, now=now))


def read_data() -> Any:
    """The sample data as it stands in demo.json."""
    return _read("demo.json")


def _read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def _organisation(
    side: str,
    name: str,
    code: str,
    county_code: str,
    *,
    actor: actors.Actor,
    now: datetime,
    needs_approval: bool = False,
) -> Organisation:
    return organisation_queries.find_organisation(code=code) or organisations.create_organisation(
        side=side,
        name=name,
        code=code,
        county_code=county_code,
        needs_approval=needs_approval,
        actor=actor,
        now=now,
        is_sample=True,
    )


def _data_centre(row: Mapping[str, Any], partner: Partner, *, actor: actors.Actor, now: datetime) -> DataCentre:
    centre = provider_queries.find_data_centre(code=row["id"])
    if centre is not None:
        return centre
    centre = providers.add_data_centre(
        code=row["id"],
        name=row["name"],
        partner=partner,
        county_code=row["county_code"],
        status=STATUSES[row["status"]],
        actor=actor,
        now=now,
        gb50174_class=row["gb50174_class"] or "",
        design_pue=_decimal(row["pue_design"]),
        measured_pue=_decimal(row["pue_trailing_12m"]),
        measured_pue_until=_date(row["pue_measured_to"]) if row["pue_trailing_12m"] else None,
        mlps_level=row["mlps_level"],
        mlps_filing_number=(row["mlps_filing_no"] or "") if row["mlps_filed"] else "",
        mlps_valid_until=_date(row["mlps_next_due"]),
        green_power_percent=row["renewable_pct"],
        rtt_to_beijing_ms=row["rtt_ms_to_beijing"],
        racks=row["standard_racks"],
        servers_capacity=row["server_capacity"],
        servers_installed=row["servers_installed"],
        is_sample=True,
    )
    for resource, unit, total in _pools(row):
        providers.set_pool(data_centre=centre, resource=resource, unit=unit, total=Decimal(total), actor=actor, now=now)
    return centre


def _pools(row: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Resource, unit and quantity for sale. A data centre that is being built has pools of nothing."""
    offered = row["servers_installed"] // SERVERS_PER_OFFERED
    racks = row["standard_racks"] if row["servers_installed"] else 0
    yield "vcpu", "vCPU", offered * VCPU_PER_SERVER
    yield "ram_gib", "GiB", offered * RAM_GIB_PER_SERVER
    yield "storage_gib", "GiB", offered * STORAGE_GIB_PER_SERVER
    yield "bare_metal", "台", offered // 10
    yield "gpu", "卡", offered // 2
    yield "npu", "卡", offered // 4
    yield "racks", "架", racks // 20
    yield "liquid_racks", "架", racks // 200
    yield "bandwidth_mbps", "Mbps", racks * 10
    yield "circuits", "条", racks // 100
    yield "person_days", "人天", 600 if racks else 0


def _offerings(
    rows: list[dict[str, Any]],
    *,
    world: World,
    now: datetime,
) -> dict[str, Product]:
    """Each offering is entered by its provider and published by the operator's reviewer."""
    reviewer = people.actor_of(email="operator@demo.example")
    sellers = {code: people.actor_of(email=people.owner_email(code)) for code in world.providers}
    own = _read("offerings.json")
    loaded = {}
    for row in rows:
        loaded[row["id"]] = listing_queries.find_offering(code=row["id"]) or _list_offering(
            row,
            own=own[row["id"]],
            partner=world.partners[row["provider"]],
            centre=world.data_centres[row["data_centres"][0]],
            seller=sellers[row["provider"]],
            reviewer=reviewer,
            now=now,
        )
    return loaded


def _list_offering(
    row: Mapping[str, Any],
    *,
    own: Mapping[str, Any],
    partner: Partner,
    centre: DataCentre,
    seller: actors.Actor,
    reviewer: actors.Actor,
    now: datetime,
) -> Product:
    facts = dict(own["facts"])
    product = listings.create_offering(
        code=row["id"],
        title=row["title"].removeprefix("示例 "),
        title_en=own["title_en"],
        partner=partner,
        data_centre=centre,
        category_slug=own["category"],
        offering_specs=own["specs"],
        draws=own["draws"],
        deployment_models=row["deployment_models"],
        sla_percent=Decimal(facts.pop("sla_percent")),
        exit_fee=Decimal(facts.pop("exit_fee")),
        lead_time_days=row["lead_time_days"],
        is_sample=True,
        actor=seller,
        now=now,
        **facts,
    )
    price_books.draft_price_book(product=product, plans=prices.plan_prices(row), actor=seller, now=now)
    version = listings.draft_version(product=product, actor=seller, now=now)
    listings.submit(version=version, actor=seller, now=now)
    listings.take_for_review(version=version, actor=reviewer, now=now)
    listings.publish_version(version=version, actor=reviewer, now=now)
    product.refresh_from_db()
    return product


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
