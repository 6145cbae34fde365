"""Every sample provider comes in through the front door: application, documents, review, payout account, recognition.

Two more stand before it: one application is in review, one was returned. All names, numbers and papers are invented.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from billing.rules import periods, uscc
from marketplace.demo import people
from marketplace.demo.papers import write_paper
from marketplace.organisations import actors
from marketplace.organisations import queries as organisations
from marketplace.organisations.models import Organisation
from providers import queries as providers
from providers.models import Partner
from providers.onboarding import operations, payout, queries, recognition, review

if TYPE_CHECKING:
    from marketplace.demo.world import World

SERVICES: Final = ("iaas", "paas", "saas", "network", "value_added")
TELECOM_MONTHS: Final = 40  # from the opening
ENDS_SOON: Final = {"P09": 4}  # this one's licence ends within sight, so that a reminder is there to see
REPRESENTATIVES: Final = ("包建华", "韩梅", "苏日娜", "刘志远", "乌兰", "张海峰")
BANK: Final = "示例银行赤峰松山支行"
# Bodies of credit codes without their check character; the names say that they are samples.
IN_REVIEW: Final = ("示例·达里湖云计算有限公司", "91150425MADEM9101", "applicant@demo.example", "那木拉")
RETURNED: Final = ("示例·阿斯哈图数据科技有限公司", "91150425MADEM9202", "returned@demo.example", "高娃")


def onboard(*, code: str, organisation: Organisation, commission_rate: Decimal, now: datetime) -> Partner:
    """The provider behind an organisation of the sample data, taken through its application if it is not one yet."""
    partner = providers.find_partner(organisation_id=organisation.pk)
    if partner is not None:
        return partner
    owner = people.actor_of(email=people.owner_email(code))
    operator = people.actor_of(email="operator@demo.example")
    number = _apply(owner, _content(code, organisation, now), name=organisation.name, now=now)
    review.take(number=number, actor=operator, now=now)
    review.approve(number=number, commission_rate=commission_rate, actor=operator, now=now)
    _prove_account(code, owner, operator, now=now)
    found = providers.find_partner(organisation_id=organisation.pk)
    if found is None:
        raise LookupError(code)
    return found


def recognise(*, world: "World", data: Any, at: datetime) -> None:
    """Those whom the sample data calls recognised get their certificate; those who applied wait, the first half way."""
    officer = people.actor_of(email="officer@demo.example")
    operator = people.actor_of(email="operator@demo.example")
    waiting = 0
    for row in data["providers"]:
        status, partner = row["cloud_enterprise_recognition"]["status"], world.partners[row["id"]]
        if status not in ("recognised", "applied"):
            continue
        number = _ask(row["id"], partner, at=at)
        if status == "recognised":
            _speak(number, "officer", officer, at=at + timedelta(days=2))
            _speak(number, "operator", operator, at=at + timedelta(days=3))
        else:
            waiting += 1
            if waiting == 1:
                _speak(number, "operator", operator, at=at + timedelta(days=2))


def load_applicants(*, now: datetime) -> None:
    """Two organisations that are no providers yet: one in review, one with remarks to mend."""
    operator = people.actor_of(email="operator@demo.example")
    number = _register(IN_REVIEW, at=now - timedelta(days=3))
    review.take(number=number, actor=operator, now=now - timedelta(days=1))
    number = _register(RETURNED, at=now - timedelta(days=6))
    review.take(number=number, actor=operator, now=now - timedelta(days=5))
    review.return_application(
        number=number,
        reason="许可证编号与上传的许可证不一致，住所与营业执照不一致，请补正后重新提交。",
        remarks={"telecom_number": "证面编号末位为 7，请核对。", "address": "执照上的住所为“数据大道 8 号”。"},
        actor=operator,
        now=now - timedelta(days=4),
    )


def _register(who: tuple[str, str, str, str], *, at: datetime) -> str:
    name, body, email, person = who
    user, application = operations.register_applicant(
        name=name,
        code=body + uscc.check_character(body),
        full_name=person,
        email=email,
        password=people.PASSWORD,
        now=at,
    )
    owner = organisations.find_actor(user=user, organisation_id=application.organisation_id)
    values = _content(email, application.organisation, at) | {"county": "150425"}
    return _apply(owner, values, name=name, now=at)


def _apply(owner: actors.Actor, values: Mapping[str, Any], *, name: str, now: datetime) -> str:
    """Begin, write, upload, submit; the application's number."""
    application = operations.begin(actor=owner, now=now)
    number = application.number
    operations.save(number=number, values=values, actor=owner, now=now)
    papers = {
        "business_licence": ("营业执照", application.organisation.uscc),
        "telecom_licence": ("增值电信业务经营许可证", values["telecom_number"]),
    }
    for field, (title, serial) in papers.items():
        paper = write_paper(name=f"{title}.pdf", lines=[title, name, str(serial), str(values["legal_representative"])])
        operations.keep_document(number=number, field=field, file=paper, actor=owner, now=now)
    operations.submit(number=number, actor=owner, now=now)
    return number


def _content(code: str, organisation: Organisation, now: datetime) -> dict[str, Any]:
    place = sum(code.encode())  # any number that stays the same
    opening = periods.civil_date(now)
    until: date = periods.add_months(opening.replace(day=15), ENDS_SOON.get(code, TELECOM_MONTHS + place % 12))
    return {
        "legal_representative": REPRESENTATIVES[place % len(REPRESENTATIVES)],
        "county": organisation.county_id or "150404",
        "address": f"数据大道 {place % 90 + 1} 号",
        "services": list(SERVICES[: place % 3 + 2]),
        "licence_is_long_term": True,
        "telecom_number": f"B1-2026{place:04d}",
        "telecom_valid_until": until,
        "contact_name": REPRESENTATIVES[(place + 1) % len(REPRESENTATIVES)],
        "contact_phone": f"0476-8{place:06d}",
        "contact_email": f"contact-{place}@demo.example",
    }


def _prove_account(code: str, owner: actors.Actor, operator: actors.Actor, *, now: datetime) -> None:
    """Enter an account, send the small deposit, read it off the statement."""
    account = payout.enter_account(
        bank=BANK,
        account_name=owner.organisation_name,
        number=f"62220000{sum(code.encode()):08d}",
        actor=owner,
        now=now,
    )
    payout.draw_deposit(account_id=account.pk, actor=operator, now=now)
    transfer = queries.read_transfer(account=account, actor=operator)
    payout.record_sent(account_id=account.pk, bank_reference=f"DEMO-YZ-{code}", actor=operator, now=now)
    if transfer is not None:
        payout.enter_amount(amount_minor=transfer.amount_minor, actor=owner, now=now + timedelta(hours=4))


def _ask(code: str, partner: Partner, *, at: datetime) -> str:
    paper = write_paper(name="认定佐证材料.pdf", lines=["云计算企业认定佐证材料", partner.name, f"编号 {code}"])
    found = recognition.apply(
        partner=partner,
        statement="主营云计算服务，自有数据中心与运维团队，近两年服务政务与中小企业客户，具备自主研发的云管理平台。",
        files=[paper],
        actor=people.actor_of(email=people.owner_email(code)),
        now=at,
    )
    return found.number


def _speak(number: str, role: str, actor: actors.Actor, *, at: datetime) -> None:
    recognition.give_opinion(
        number=number, role=role, is_in_favour=True, reason="材料齐全，符合认定条件。", actor=actor, now=at
    )
