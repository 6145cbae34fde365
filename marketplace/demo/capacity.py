"""The sample pools over time: their days, a building phase to come, a window of maintenance, a stated overcommit."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from billing.rules import periods
from marketplace.demo import people
from marketplace.demo.world import World
from providers import operations as providers
from providers import queries as provider_queries
from providers.capacity import history, planning

OVERCOMMIT: Final = Decimal(2)  # processors are shared, memory is not
MOST_POOLS: Final = 1_000


def note_days(*, first_day: date, until: datetime) -> None:
    """Note how pools stood on each day of a time in which nothing was sold, as the pipeline does every minute."""
    for offset in range((periods.civil_date(until) - first_day).days):
        noon = datetime.combine(first_day + timedelta(days=offset), datetime.min.time(), tzinfo=periods.SHANGHAI)
        history.write_days(now=noon + timedelta(hours=12), limit=MOST_POOLS)


def plan_ahead(*, world: World, now: datetime) -> None:
    """What the first provider has announced for its first data centre."""
    actor = people.actor_of(email=people.owner_email("P01"))
    centre = provider_queries.list_data_centres(partner_id=world.partners["P01"].pk)[0]
    pools = {pool.resource: pool for pool in provider_queries.list_pools(data_centre_id=centre.pk)}
    providers.set_pool(
        data_centre=centre,
        resource="vcpu",
        unit=pools["vcpu"].unit,
        total=pools["vcpu"].total,
        overcommit_ratio=OVERCOMMIT,
        actor=actor,
        now=now,
    )
    today = periods.civil_date(now)
    for resource, share in (("vcpu", 4), ("ram_gib", 4)):
        planning.plan_change(
            pool=pools[resource],
            effective_date=today + timedelta(days=45),
            quantity=(pools[resource].total / share).quantize(Decimal(1)),
            reason="二期机房投产",
            actor=actor,
            now=now,
        )
    planning.reserve(
        pool=pools["vcpu"],
        reference="sample:tender",
        quantity=Decimal(200),
        start_date=today + timedelta(days=60),
        end_date=today + timedelta(days=425),
        actor=actor,
        now=now,
    )
    night = datetime.combine(today + timedelta(days=9), datetime.min.time(), tzinfo=periods.SHANGHAI)
    planning.announce_maintenance(
        data_centre=centre,
        starts_at=night + timedelta(hours=1),
        ends_at=night + timedelta(hours=4),
        reason="核心交换机升级，期间网络可能中断数分钟",
        actor=actor,
        now=now,
    )
