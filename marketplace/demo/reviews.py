"""What the sample buyers say of what was delivered: a few reviews, one changed, one answered, one flagged."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing.contracts import queries as contracts
from listings.reviews import operations
from listings.reviews.models import ProductReview
from marketplace.demo import people
from marketplace.demo.world import World


@dataclass(frozen=True, slots=True)
class Said:
    """One review: of which buyer's contract, the two scores, the words, and the provider's reply."""

    buyer: str
    offering: str
    service: int
    delivery: int
    title: str
    body: str
    reply: str = ""


SAID: Final = (
    Said(
        "B01", "OF006", 5, 4, "政务应用迁移顺利", "迁入二十台，切换当晚没有中断。交付比约定晚半天，事先有告知。",
        "感谢认可。已增加夜间值守，今后按约定时间交付。",
    ),
    Said("B02", "OF006", 4, 5, "性能稳定", "高峰时段响应平稳，当天交付。控制台导出账单略慢。"),
    Said("B04", "OF001", 2, 5, "上月中断九小时", "存储故障导致全天停产，补偿按约定到账，但通报偏慢。"),
    Said("B05", "OF007", 4, 4, "适合轻量站点", "十台小规格主机，部署官网与内部表单，够用。"),
    Said("B07", "OF007", 3, 4, "偶有抖动", "夜间时延偶有升高，工单两小时内答复。"),
)  # fmt: skip
CHANGED: Final = ("B02", "OF006", "高峰时段响应平稳，当天交付。账单导出已改进，补一分。")
FLAGGED: Final = ("B07", "OF007", "所述抖动发生在客户自有线路，请核实。")


def write_all(*, world: World, now: datetime) -> None:
    """Write them over the last days before `now`, through the operations that the pages call."""
    written: dict[tuple[str, str], ProductReview] = {}
    for days, said in enumerate(reversed(SAID), start=2):
        written[said.buyer, said.offering] = _write(world, said, now=now - timedelta(days=days))
    for said in SAID:
        if said.reply:
            review = written[said.buyer, said.offering]
            owner = _owner_of(world, said.offering)
            operations.write_reply(
                code=review.code, text=said.reply, after_version=0, actor=people.actor_of(email=owner), now=now
            )
    buyer, offering, body = CHANGED
    said = next(one for one in SAID if (one.buyer, one.offering) == (buyer, offering))
    _write(world, said, now=now - timedelta(days=1), body=body, service=5, after_version=1)
    buyer, offering, reason = FLAGGED
    seller = people.actor_of(email=_owner_of(world, offering))
    operations.flag_review(code=written[buyer, offering].code, reason=reason, actor=seller, now=now)


def _write(
    world: World, said: Said, *, now: datetime, body: str = "", service: int = 0, after_version: int = 0
) -> ProductReview:
    mine = contracts.list_contracts(buyer_id=world.buyers[said.buyer].pk, status="active")
    contract = next(one for one in mine if one.offering_id == world.offerings[said.offering].pk)
    return operations.write_review(
        number=contract.number,
        score=service or said.service,
        delivery_score=said.delivery,
        title=said.title,
        body=body or said.body,
        after_version=after_version,
        actor=people.actor_of(email=people.owner_email(said.buyer)),
        now=now,
    )


def _owner_of(world: World, offering: str) -> str:
    """The log-in of the owner of an offering's provider."""
    partner_id = world.offerings[offering].partner_id
    return people.owner_email(next(code for code, one in world.partners.items() if one.pk == partner_id))
