"""Who may review what, versions, replies, flags, hiding; and what counts."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from listings.reviews import desk, operations, queries, rules
from listings.reviews.models import ProductReview, ReviewDecision, ReviewFlag, ReviewText
from marketplace.organisations.models import AuditEntry, Membership, Notice
from providers.models import Assessor, AssessorTie
from tests import factories, reviews
from tests.reviews import NOW

pytestmark = pytest.mark.django_db


@dataclass
class Trade:
    """A host of 红山云 that 草原食品 has accepted, and the people around it."""

    provider: Any = field(default_factory=factories.hongshan)
    foods: Any = field(default_factory=factories.foods)

    def __post_init__(self) -> None:
        self.platform = factories.platform()
        self.host = factories.offering(factories.data_centre(self.provider))
        self.contract = reviews.accepted(self.foods, self.host)
        self.buyer = factories.actor(self.foods, "buyer")
        self.sales = factories.actor(self.provider.organisation, "sales")
        self.operator = factories.actor(self.platform, "operator")

    def means(self) -> tuple[int, Decimal | None, Decimal | None]:
        self.host.refresh_from_db()
        return self.host.review_count, self.host.service_score, self.host.delivery_score

    def reply(self, review: ProductReview, text: str = "感谢。", after: int = 0, **said: Any) -> ProductReview:
        asked = {"code": review.code, "text": text, "after_version": after, "actor": self.sales, "now": NOW}
        return operations.write_reply(**{**asked, **said})

    def decide(self, review: ProductReview, *, is_hidden: bool, reason: str = "含个人信息", **said: Any) -> Any:
        asked = {"code": review.code, "is_hidden": is_hidden, "reason": reason, "actor": self.operator, "now": NOW}
        return desk.decide(**{**asked, **said})


@pytest.fixture
def trade() -> Trade:
    return Trade()


def test_a_review_counts_and_the_provider_is_told(trade: Trade) -> None:
    review = reviews.write(trade.contract, trade.buyer)
    assert (review.version, review.organisation, review.product_id) == (1, trade.foods, trade.host.pk)
    assert trade.means() == (1, Decimal("4.00"), Decimal("5.00"))
    told = Notice.objects.get()
    assert (told.organisation, told.permission) == (trade.provider.organisation, "reviews.reply")
    assert AuditEntry.objects.filter(action="review.written", object_id=review.code).count() == 1


@pytest.mark.parametrize(
    "status", ["held", "waiting", "accepted", "provisioning", "delivered", "declined", "cancelled"]
)
def test_only_what_was_accepted_is_reviewed(trade: Trade, status: str) -> None:
    delivery = _delivery(trade)
    delivery.status, delivery.inspect_due_at = status, NOW
    delivery.save()
    assert queries.may_review(delivery=delivery, actor=trade.buyer, now=NOW) is False
    with pytest.raises(rules.NotAccepted):
        reviews.write(trade.contract, trade.buyer)
    assert ProductReview.objects.count() == 0


def test_only_the_buyer_itself_in_a_role_for_it(trade: Trade) -> None:
    with pytest.raises(rules.NoSuchReview):
        reviews.write(trade.contract, factories.actor(factories.bureau(), "buyer"))
    for actor in (trade.sales, trade.operator, factories.actor(trade.foods, "finance")):
        with pytest.raises(PermissionDenied):
            reviews.write(trade.contract, actor)


def test_nobody_reviews_their_own(trade: Trade) -> None:
    """A member of the provider who buys for somebody else, and an assessor in the provider's group."""
    double = factories.actor(trade.foods, "buyer")
    membership = Membership.objects.create(
        user_id=double.user_id, organisation=trade.provider.organisation, roles=["sales"]
    )
    assert queries.may_review(delivery=_delivery(trade), actor=double, now=NOW) is False
    with pytest.raises(rules.NotIndependent):
        reviews.write(trade.contract, double)
    membership.delete()
    assessor = Assessor.objects.create(name="草原测评", uscc=trade.foods.uscc, accreditation="1", registered_at=NOW)
    tie = AssessorTie.objects.create(
        assessor=assessor, partner=trade.provider, kind="group", since_date=NOW.date() - timedelta(days=9)
    )
    with pytest.raises(rules.NotIndependent):
        reviews.write(trade.contract, trade.buyer)
    tie.end_date = NOW.date() - timedelta(days=1)
    tie.save()
    assert reviews.write(trade.contract, double).version == 1


def _delivery(trade: Trade) -> Any:
    return trade.provider.deliveries.get(number=trade.contract.number)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"score": 0}, "score"),
        ({"delivery_score": 6}, "delivery_score"),
        ({"title": "  "}, "title"),
        ({"title": "长" * 61}, "title"),
        ({"body": "\x00\r\n"}, "body"),
        ({"body": "长" * 2001}, "body"),
    ],
)
def test_bad_input_names_the_field(trade: Trade, said: dict[str, Any], at: str) -> None:
    with pytest.raises(rules.InvalidReview) as caught:
        reviews.write(trade.contract, trade.buyer, **said)
    assert caught.value.field == at
    assert ProductReview.objects.count() == 0


def test_another_version_supersedes_and_the_old_one_stays(trade: Trade) -> None:
    first = reviews.write(trade.contract, trade.buyer)
    assert reviews.write(trade.contract, trade.buyer).version == 1, "the same again is no version"
    with pytest.raises(operations.ReviewChanged):
        reviews.write(trade.contract, trade.buyer, body="没有看过第一版")
    second = reviews.write(trade.contract, trade.buyer, score=2, body="后来中断了两次。", after_version=1)
    assert (second.pk, second.version) == (first.pk, 2)
    assert trade.means() == (1, Decimal("2.00"), Decimal("5.00"))
    read = queries.get_review(code=first.code)
    assert [(one.number, one.score, one.body) for one in queries.texts_of(review=read)] == [
        (2, 2, "后来中断了两次。"),
        (1, 4, "三个月没有中断，交付比约定早一天。"),
    ]
    assert Notice.objects.count() == 2


def test_the_provider_replies_once_and_in_new_versions(trade: Trade) -> None:
    review = reviews.write(trade.contract, trade.buyer)
    other = factories.actor(factories.songmo().organisation, "sales")
    with pytest.raises(rules.NoSuchReview):
        trade.reply(review, actor=other)
    with pytest.raises(rules.InvalidReview):
        trade.reply(review, " ")
    trade.reply(review)
    assert trade.reply(review).reply_version == 1
    with pytest.raises(operations.ReviewChanged):
        trade.reply(review, "另一位同事的回复")
    replied = trade.reply(review, "感谢，已扩容。", after=1)
    assert (replied.reply, replied.reply_version) == ("感谢，已扩容。", 2)
    read = queries.get_review(code=review.code)
    assert [one.body for one in queries.texts_of(review=read, is_reply=True)] == ["感谢，已扩容。", "感谢。"]
    assert Notice.objects.filter(organisation=trade.foods, permission="reviews.write").count() == 2
    assert queries.count_of_provider(organisation_id=trade.provider.organisation_id) == {
        "all": 1,
        "waiting": 0,
        "answered": 1,
        "hidden": 0,
    }


def test_a_flag_leads_to_a_reason_in_the_place_of_the_text(trade: Trade) -> None:
    review = reviews.write(trade.contract, trade.buyer)
    reviews.write(reviews.accepted(trade.foods, trade.host), trade.buyer, score=1, delivery_score=2)
    assert trade.means() == (2, Decimal("2.50"), Decimal("3.50"))
    with pytest.raises(operations.InvalidFlag):
        operations.flag_review(code=review.code, reason="", actor=trade.sales, now=NOW)
    with pytest.raises(operations.InvalidFlag):
        operations.flag_review(code=review.code, reason="自己的", actor=trade.buyer, now=NOW)
    flags = [
        operations.flag_review(code=review.code, reason="写了员工姓名", actor=trade.sales, now=NOW) for _ in range(2)
    ]
    assert flags[0] == flags[1]
    assert queries.count_at_desk() == {"all": 2, "flagged": 1, "hidden": 0}
    trade.decide(review, is_hidden=True)
    assert trade.means() == (1, Decimal("1.00"), Decimal("2.00")), "only what is shown counts"
    assert queries.count_at_desk() == {"all": 2, "flagged": 0, "hidden": 1}
    told = Notice.objects.filter(key__startswith="review-decision:").values_list("organisation__name", flat=True)
    assert sorted(told) == sorted([trade.foods.name, trade.provider.organisation.name])
    with pytest.raises(desk.NothingToDecide):
        trade.decide(review, is_hidden=True)
    revised = reviews.write(trade.contract, trade.buyer, body="去掉了姓名。", after_version=1)
    assert revised.is_hidden, "the operator shows it again, nobody else"
    assert trade.means()[0] == 1
    trade.decide(review, is_hidden=False, reason="已修改")
    assert trade.means() == (2, Decimal("2.50"), Decimal("3.50"))


def test_a_flag_may_be_answered_without_hiding(trade: Trade) -> None:
    review = reviews.write(trade.contract, trade.buyer)
    with pytest.raises(desk.NothingToDecide):
        trade.decide(review, is_hidden=False)
    flag = operations.flag_review(code=review.code, reason="不实", actor=trade.sales, now=NOW)
    decision = trade.decide(review, is_hidden=False, reason="属于意见")
    flag.refresh_from_db()
    assert flag.decision == decision
    assert trade.means()[0] == 1
    assert operations.flag_review(code=review.code, reason="再次", actor=trade.sales, now=NOW) != flag


def test_who_decides_belongs_to_neither_side(trade: Trade) -> None:
    review = reviews.write(trade.contract, trade.buyer)
    for organisation in (trade.provider.organisation, trade.foods):
        double = factories.actor(trade.platform, "operator")
        Membership.objects.create(user_id=double.user_id, organisation=organisation, roles=["owner"])
        with pytest.raises(rules.NotIndependent):
            trade.decide(review, is_hidden=True, actor=double)
    for actor in (trade.sales, trade.buyer, factories.actor(trade.platform, "officer")):
        with pytest.raises(PermissionDenied):
            trade.decide(review, is_hidden=True, actor=actor)
    with pytest.raises(desk.InvalidDecision):
        trade.decide(review, is_hidden=True, reason=" ")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM reviews_productreview",
        "UPDATE reviews_productreview SET delivery_id = delivery_id + 1",
        "UPDATE reviews_productreview SET written_at = now()",
        "UPDATE reviews_reviewtext SET body = ''",
        "DELETE FROM reviews_reviewtext",
        "DELETE FROM reviews_reviewdecision",
        "UPDATE reviews_reviewdecision SET reason = ''",
        "DELETE FROM reviews_reviewflag",
        "UPDATE reviews_reviewflag SET reason = ''",
        "TRUNCATE reviews_productreview CASCADE",
    ],
)
def test_the_database_refuses(trade: Trade, statement: str) -> None:
    review = reviews.write(trade.contract, trade.buyer)
    operations.flag_review(code=review.code, reason="不实", actor=trade.sales, now=NOW)
    trade.decide(review, is_hidden=True)
    for table in (ProductReview, ReviewText, ReviewDecision, ReviewFlag):
        assert table.objects.count() == 1, table
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
    with pytest.raises(TypeError):
        review.delete()


def test_lists_cost_the_same_with_any_number(trade: Trade, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        reviews.write(reviews.accepted(trade.foods, trade.host), trade.buyer)
    provider_id = trade.provider.organisation_id
    with django_assert_num_queries(1):
        [one.organisation.name for one in queries.list_reviews(product_id=trade.host.pk)]
    with django_assert_num_queries(2):
        [one.delivery.number for one in queries.list_of_provider(organisation_id=provider_id, state="waiting")]
    with django_assert_num_queries(4):
        [(one.open_flags, list(one.decisions.all())) for one in queries.list_at_desk(state="")]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("赤峰草原食品有限公司", "赤峰草原食品"),
        ("蒙东重工股份有限公司", "蒙东重工"),
        ("赤峰市某局", "赤峰市某局"),
        ("有限公司", "有限公司"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert queries.short_name(name=name) == short
