"""The log-ins of the demo: one for each audience, and the colleagues they need."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from marketplace.organisations import actors, operations, queries
from marketplace.organisations.models import Organisation

if TYPE_CHECKING:
    from marketplace.demo.world import World

PASSWORD: Final = "chifeng-cloud-demo"  # noqa: S105  (invented people on a machine of your own; README shows it)


@dataclass(frozen=True, slots=True)
class Person:
    """One log-in: `organisation` is a code of the sample data (B01, P01 …) or "platform"."""

    title: str
    email: str
    name: str
    organisation: str
    roles: tuple[str, ...]


PEOPLE: Final = (
    Person("Provider", "provider@demo.example", "包晓东", "P01", ("owner", "operations", "finance")),
    Person("Buyer (agency)", "buyer@demo.example", "王丽娜", "B01", ("buyer", "finance")),
    Person("Procurement officer", "officer@demo.example", "乌云", "platform", ("officer", "operator")),
    Person("Operator", "operator@demo.example", "萨仁", "platform", ("operator",)),
    Person("Finance", "finance@demo.example", "李志强", "platform", ("finance",)),
    Person("Buyer's approver", "approver@demo.example", "赵建国", "B01", ("approver",)),
    Person("Buyer (company)", "company@demo.example", "陈思远", "B04", ("owner",)),
)
# Invented, as everything of the sample: who owns each organisation's account, and who approves for a buyer.
OWNERS: Final = {
    "P01": "孟和", "P02": "王志刚", "P03": "斯琴高娃", "P04": "李慧敏", "P05": "乌云其其格", "P06": "钱永胜",
    "P07": "白音", "P08": "郭丽华", "P09": "敖登", "P10": "刘振河", "P11": "马海云", "P12": "特木尔",
    "B01": "周国栋", "B02": "其木格", "B03": "孙雅琴", "B04": "高瑞", "B05": "何小燕", "B06": "张铁军",
    "B07": "巴特尔", "B08": "宋明远",
}  # fmt: skip
APPROVERS: Final = {
    "B01": "冯秀兰", "B02": "朝鲁", "B03": "吴立新", "B04": "田文静", "B05": "杜鹏", "B06": "韩冬梅", "B07": "娜仁",
    "B08": "蒋立群",
}  # fmt: skip

DEMO_LOG_INS: Final = PEOPLE


def create_people(*, world: "World", now: datetime) -> None:
    """Create the log-ins, and for every other buyer and provider an owner who acts in the sample months."""
    for person in PEOPLE:
        _create(
            email=person.email,
            name=person.name,
            organisation=_find(world, person.organisation),
            roles=person.roles,
            now=now,
        )
    for code, organisation in [*world.buyers.items(), *world.providers.items()]:
        _create(
            email=owner_email(code),
            name=OWNERS[code],
            organisation=organisation,
            roles=("owner",),
            now=now,
        )
    for code in world.buyers:
        _create(
            email=f"approver-{code.lower()}@demo.example",
            name=APPROVERS[code],
            organisation=world.buyers[code],
            roles=("approver",),
            now=now,
        )


def owner_email(code: str) -> str:
    """The log-in of the owner who acts for a provider or buyer of the sample data."""
    return f"owner-{code.lower()}@demo.example"


def actor_of(*, email: str) -> actors.Actor:
    """A person of the demo as one who acts. The person exists once `create_people` has run."""
    user = queries.find_user(email=email)
    if user is None:
        raise LookupError(email)
    return queries.find_actor(user=user, organisation_id=None)


def _find(world: "World", code: str) -> Organisation:
    if code == "platform":
        return world.platform
    return world.buyers.get(code) or world.providers[code]


def _create(*, email: str, name: str, organisation: Organisation, roles: tuple[str, ...], now: datetime) -> None:
    user = queries.find_user(email=email) or operations.create_user(
        email=email, password=PASSWORD, full_name=name, actor=actors.VISITOR, now=now
    )
    if any(one.organisation_id == organisation.pk for one in queries.list_memberships(user_id=user.pk)):
        return
    operations.add_member(organisation=organisation, user=user, roles=roles, actor=actors.VISITOR, now=now)
