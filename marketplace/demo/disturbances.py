"""What disturbed the sample services last month: an outage that broke a promise, a slow night; and a new report."""

from datetime import datetime, timedelta

from billing.contracts import queries as contracts
from marketplace.demo import people
from marketplace.demo.world import World
from providers.service import operations as incidents

BROKEN = "OF001"  # bought by B04 alone


def happen_last_month(*, world: World, at: datetime) -> None:
    """An outage of 9 h 20 min of one offering, and a slow night of its data centre; `at` is the day they are told."""
    product = world.offerings[BROKEN]
    code = next(key for key, one in world.partners.items() if one.pk == product.partner_id)
    actor = people.actor_of(email=people.owner_email(code))
    began = at - timedelta(days=4)
    outage = incidents.report(
        data_centre=product.data_centre,
        offering_code=product.code,
        offering_title=product.title,
        impact="outage",
        what="存储集群控制器故障，云主机无法启动",
        starts_at=began,
        actor=actor,
        now=began + timedelta(minutes=20),
    )
    incidents.add_update(
        number=outage.number, text="已切换到备用控制器，正在校验数据", actor=actor, now=began + timedelta(hours=3)
    )
    back = began + timedelta(hours=9, minutes=20)
    incidents.resolve(
        number=outage.number,
        ends_at=back,
        text="全部云主机已恢复，数据完整",
        actor=actor,
        now=back + timedelta(hours=1),
    )
    incidents.report(
        data_centre=product.data_centre,
        impact="degraded",
        what="运营商线路抖动，夜间时延升高",
        starts_at=at - timedelta(days=11),
        ends_at=at - timedelta(days=11) + timedelta(hours=5),
        actor=actor,
        now=at,
    )


def leave_a_report(*, world: World, now: datetime) -> None:
    """A buyer has just reported a disturbance, which waits for its provider's word."""
    actor = people.actor_of(email=people.owner_email("B04"))
    mine = contracts.list_contracts(buyer_id=world.buyers["B04"].pk, status="active")
    contract = next(one for one in mine if one.offering.code == BROKEN)
    incidents.report(
        data_centre=world.offerings[BROKEN].data_centre,
        offering_code=BROKEN,
        offering_title=contract.offering_title,
        contract_number=contract.number,
        impact="outage",
        what="两台云主机今早起无法连接",
        starts_at=now - timedelta(hours=2),
        actor=actor,
        now=now,
    )
