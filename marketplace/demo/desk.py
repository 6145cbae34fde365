"""Listings at every stage of their life: a draft with findings, two that wait, one returned, a change in review.

Two providers write, the operator's reviewer decides; all through the operations that the pages call.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from listings import operations as listings
from listings.models import Product
from listings.prices import drafts
from listings.prices import operations as price_books
from listings.prices import queries as listed_prices
from listings.prices.drafts import ComponentDraft, PlanDraft
from marketplace.demo import people, prices
from marketplace.demo.world import World
from marketplace.organisations import actors

EXIT: Final[Mapping[str, Any]] = {
    "exit_notice_days": 15, "exit_export_days": 30, "exit_export_formats": "QCOW2、RAW", "exit_fee": "0",
}  # fmt: skip
NEW: Final[Mapping[str, Mapping[str, Any]]] = {
    # Its provider has tried to submit it: no SLA, no price, a superlative, no English.
    "HS-GPU1": {
        "title": "GPU 推理云主机 24GB", "summary": "赤峰最优的推理云主机，开通即用。", "category_slug": "cloud-hosts",
        "offering_specs": {"vcpu": 8, "ram_gib": 32}, "draws": {"vcpu": 8, "ram_gib": 32},
        "deployment_models": ["public"], "lead_time_days": 2,
    },
    "HS-NET5": {
        "title": "BGP 带宽 企业型", "title_en": "BGP bandwidth for companies", "category_slug": "bandwidth",
        "summary": "五家运营商 BGP 带宽，自动选路，含基础流量清洗。",
        "summary_en": "BGP bandwidth of five carriers with automatic routing and basic scrubbing.",
        "title_mn": "ᠳᠠᠷᠤᠮᠠᠯ ᠵᠠᠮ", "offering_specs": {"lines": 5, "rtt_ms": 9}, "draws": {"bandwidth_mbps": 1},
        "deployment_models": ["public", "private"], "solution_domains": ["e-commerce"], "sla_percent": "99.95",
        "support": "7x24", "lead_time_days": 3, **EXIT, "exit_export_formats": "流量日志 CSV",
    },
    "HS-HDD1": {
        "title": "块存储 HDD 容量型", "title_en": "Block storage, HDD", "category_slug": "block-storage",
        "summary": "大容量 HDD 云硬盘，适合备份与日志，支持快照。",
        "summary_en": "Large HDD volumes for backups and logs, with snapshots.",
        "offering_specs": {"media": "hdd", "iops_per_gib": 1, "throughput_mbps": 120, "redundancy": "single"},
        "draws": {"storage_gib": 100}, "deployment_models": ["public"], "sla_percent": "99.9", "support": "7x12",
        "lead_time_days": 1, **EXIT, "exit_fee": "200",
    },
}  # fmt: skip
PRICES: Final = {
    "HS-NET5": ("bandwidth", "带宽", "Bandwidth", "Mbps·月", "62"),
    "HS-HDD1": ("volume", "云硬盘 100GiB", "Volume, 100 GiB", "台·月", "15"),
}
RETURNED_BECAUSE: Final = "退出费用 200 元缺少计算依据，请在摘要中说明或改为免费；另请核对 IOPS 指标。"
FASTER: Final = {"sla_percent": "99.95", "lead_time_days": 0, "exit_notice_days": 7}


@dataclass(frozen=True, slots=True)
class Desk:
    """One provider's seller and the operator's reviewer."""

    world: World
    provider: str
    now: datetime

    @property
    def seller(self) -> actors.Actor:
        return people.actor_of(email="provider@demo.example" if self.provider == "P01" else _owner(self.provider))

    def create(self, code: str, *, centre: str, at: datetime) -> Product:
        """A new draft with its prices, if it has any."""
        product = listings.create_offering(
            code=code,
            partner=self.world.partners[self.provider],
            data_centre=self.world.data_centres[centre],
            is_sample=True,
            actor=self.seller,
            now=at,
            **NEW[code],
        )
        if code in PRICES:
            self.price(product, [_plan(*PRICES[code])], at=at)
        return product

    def price(self, product: Product, plans: Sequence[PlanDraft], *, at: datetime) -> None:
        """The next list prices, as a draft."""
        price_books.draft_price_book(product=product, plans=plans, actor=self.seller, now=at)

    def change(self, code: str, values: Mapping[str, Any], *, share: Decimal, at: datetime) -> Product:
        """A newer version of a published offering, at a share of its prices."""
        product = self.world.offerings[code]
        version = listings.draft_version(product=product, actor=self.seller, now=at)
        listings.change_draft(version=version, values=values, actor=self.seller, now=at)
        plans = listed_prices.plans_for(products=[product])[product.pk]
        cheaper = prices.agreed_prices([drafts.read_draft(plan=one) for one in plans], share=share)
        self.price(product, cheaper, at=at)
        return product

    def submit(self, product: Product, *, at: datetime) -> Any:
        version = listings.draft_version(product=product, actor=self.seller, now=at)
        return listings.submit(version=version, actor=self.seller, now=at)


def load(*, world: World, now: datetime) -> None:
    """Write the listings; the oldest step lies a week back."""
    reviewer = people.actor_of(email="operator@demo.example")
    own, other = Desk(world, "P01", now), Desk(world, "P05", now)

    def ago(**span: int) -> datetime:
        return now - timedelta(**span)

    draft = own.create("HS-GPU1", centre="DC01", at=ago(hours=5))
    with contextlib.suppress(listings.ChecksFailed):  # what the checks find stands with the draft
        own.submit(draft, at=ago(hours=4))
    own.submit(own.create("HS-NET5", centre="DC01", at=ago(days=2)), at=ago(hours=26))

    version = own.submit(own.create("HS-HDD1", centre="DC01", at=ago(days=7)), at=ago(days=6))
    listings.take_for_review(version=version, actor=reviewer, now=ago(days=5))
    listings.return_version(version=version, reason=RETURNED_BECAUSE, actor=reviewer, now=ago(days=4))

    version = own.submit(own.change("OF002", FASTER, share=Decimal("0.95"), at=ago(days=2)), at=ago(days=1))
    listings.take_for_review(version=version, actor=reviewer, now=ago(hours=3))
    other.submit(other.change("OF018", {"lead_time_days": 3}, share=Decimal("0.98"), at=ago(days=4)), at=ago(days=3))


def _plan(code: str, name: str, name_en: str, unit: str, price: str) -> PlanDraft:
    fee = ComponentDraft(
        code=code,
        name=name,
        name_en=name_en,
        kind="recurring",
        unit=unit,
        unit_price=Decimal(price),
        vat_rate=Decimal("0.06"),
    )
    return PlanDraft("monthly", "包月", [fee], prices.MONTHLY_TERMS, "By the month")


def _owner(provider: str) -> str:
    return people.owner_email(provider)
