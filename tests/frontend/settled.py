"""Two providers' October, settled: what the pages of finance and providers are tested with."""

from dataclasses import dataclass
from datetime import UTC, datetime

from billing.settlement import operations as settlement
from marketplace.organisations import actors
from marketplace.organisations.models import User
from providers.models import Partner
from tests import factories, receipts

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
FIRST, SECOND = "JS-202610-0001", "JS-202610-0002"


@dataclass(frozen=True)
class World:
    """hongshan's settlement FIRST holds 100.00 and 33.33, songmo's SECOND 50.00; both are drafts."""

    hongshan: Partner
    songmo: Partner
    finance: User
    finance_actor: actors.Actor


def make_world() -> World:
    hongshan, songmo = factories.hongshan(), factories.songmo()
    first = factories.contract(factories.foods(), factories.offering(factories.data_centre(hongshan)))
    second = factories.contract(
        factories.bureau(), factories.offering(factories.data_centre(songmo), service_model="saas")
    )
    receipts.collect(first, 10_000)
    receipts.collect(first, 3_333)
    receipts.collect(second, 5_000)
    settlement.settle_due(now=NOW, limit=10)
    platform = factories.platform()
    finance = factories.member(platform, "finance")
    return World(hongshan, songmo, finance, factories.actor(platform, "finance", user=finance))
