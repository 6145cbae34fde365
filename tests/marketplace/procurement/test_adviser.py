"""The deployment adviser: the policy's table, its versions, and what is kept with an order."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from marketplace.organisations.models import AuditEntry
from marketplace.procurement import adviser
from marketplace.procurement.adviser import Choice, Statement
from marketplace.procurement.models import AdviserRules, DeploymentAdvice
from tests import factories

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 2)
PUBLIC = Choice("OF1", "公有云主机", ("public",))
PRIVATE = Choice("OF2", "专区主机", ("private", "hybrid"))
REASON = "试点阶段，无敏感数据，领导已批示"


def rules():
    found = adviser.rules_in_force(on=DAY)
    assert found is not None
    return found


@pytest.fixture
def officer():
    return factories.actor(factories.platform(), "officer")


def announce(officer, now, **changes):
    first = AdviserRules.objects.get(version=1)
    given = {"table": first.table, "mode": "block", "source": "新规", "effective_date": date(2026, 11, 9), **changes}
    return adviser.announce_rules(**given, actor=officer, now=now)


@pytest.mark.parametrize(
    ("information", "business", "allowed"),
    [
        ("public", "general", ("public", "private", "hybrid", "community")),
        ("public", "important", ("private", "hybrid")),
        ("public", "critical", ("private", "hybrid")),
        ("sensitive", "general", ("private", "hybrid")),
        ("sensitive", "important", ("private", "hybrid")),
        ("sensitive", "critical", ("private", "hybrid")),
    ],
)
def test_version_1_is_the_policys_table(information, business, allowed):
    advice = adviser.advise(statement=Statement(information, business), rules=rules())
    assert (advice.rules.version, advice.rules.mode, advice.allowed) == (1, "warn", allowed)
    assert advice.words


def test_state_secrets_never_fit_and_are_never_ordered():
    statement = Statement("public", "general", is_state_secret=True, reason=REASON)
    assert adviser.advise(statement=statement, rules=rules()).allowed == ()
    with pytest.raises(adviser.StateSecret) as refusal:
        adviser.judge(statement=statement, choices=[PRIVATE], on=DAY)
    assert refusal.value.field == "is_state_secret"


def test_what_fits_needs_no_reason():
    assert adviser.judge(statement=Statement("sensitive", "general"), choices=[PRIVATE], on=DAY).allowed == (
        "private",
        "hybrid",
    )


@pytest.mark.parametrize("reason", ["", "短", "   九个字符而已啊   ", "长" * 501])
def test_what_does_not_fit_needs_a_reason(reason):
    with pytest.raises(adviser.ReasonMissing) as refusal:
        adviser.judge(statement=Statement("sensitive", "general", reason=reason), choices=[PRIVATE, PUBLIC], on=DAY)
    assert refusal.value.field == "advice_reason"
    assert "公有云主机" in refusal.value.message
    assert "专区主机" not in refusal.value.message


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        (None, "information_class"),
        (Statement("", "general"), "information_class"),
        (Statement("secret", "general"), "information_class"),
        (Statement("public", "urgent"), "business_class"),
    ],
)
def test_what_is_not_stated_is_asked_for(statement, field):
    with pytest.raises(adviser.StatementMissing) as refusal:
        adviser.judge(statement=statement, choices=[PRIVATE], on=DAY)
    assert refusal.value.field == field


def test_a_new_version_judges_from_its_day_on(officer, now):
    announced = announce(officer, now)
    statement = Statement("sensitive", "general", reason=REASON)
    assert adviser.judge(statement=statement, choices=[PUBLIC], on=date(2026, 11, 8)).rules.version == 1
    with pytest.raises(adviser.DoesNotFit):
        adviser.judge(statement=statement, choices=[PUBLIC], on=date(2026, 11, 9))
    assert adviser.judge(statement=statement, choices=[PRIVATE], on=date(2026, 11, 9)).rules == announced
    assert AuditEntry.objects.filter(action="adviser.announced").count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"effective_date": date(2026, 11, 8)}, "effective_date"),
        ({"mode": "shout"}, "mode"),
        ({"source": " "}, "source"),
        ({"source": "源" * 301}, "source"),
        ({"table": {}}, "public_general"),
        ({"table": {"public": {"general": {"models": ["moon"], "advice": "x"}}}}, "public_general"),
        ({"table": {"public": {"general": {"models": ["public"], "advice": " "}}}}, "public_general_advice"),
        ({"table": {"public": {"general": {"models": ["public"], "advice": "长" * 201}}}}, "public_general_advice"),
    ],
)
def test_a_version_is_complete_and_seven_days_ahead(officer, now, changes, field):
    with pytest.raises(adviser.InvalidRules) as refusal:
        announce(officer, now, **changes)
    assert refusal.value.field == field
    assert AdviserRules.objects.count() == 1


def test_the_database_keeps_the_seven_days_and_the_versions(officer):
    # 1 November 17:00 UTC is 2 November in Chifeng: the 8th is six days ahead.
    late = datetime(2026, 11, 1, 17, tzinfo=UTC)
    with pytest.raises(IntegrityError, match="adviser_rules_seven_days_ahead"), transaction.atomic():
        AdviserRules.objects.create(
            version=2, announced_at=late, effective_date=date(2026, 11, 8), table={}, source="x"
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        AdviserRules.objects.filter(version=1).update(mode="block")
    with pytest.raises(IntegrityError), transaction.atomic():
        AdviserRules.objects.filter(version=1).delete()


def test_what_is_kept_with_an_order_is_never_changed(now):
    bureau = factories.actor(factories.bureau(), "buyer")
    statement = Statement("sensitive", "general", reason=REASON)
    choices = [PUBLIC, PRIVATE]
    advice = adviser.judge(statement=statement, choices=choices, on=DAY)
    kept = adviser.record_advice(order_number="DD1", advice=advice, choices=choices, actor=bureau, now=now)
    assert (kept.outcome, kept.reason, kept.rules.version) == ("warned", REASON, 1)
    assert [(one["code"], one["fits"]) for one in kept.chosen] == [("OF1", False), ("OF2", True)]
    for change in ({"reason": "改了改了改了改了改了"}, {"outcome": "fits"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeploymentAdvice.objects.filter(pk=kept.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        adviser.record_advice(order_number="DD1", advice=advice, choices=choices, actor=bureau, now=now)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"is_state_secret": True}, "advice_no_state_secrets"),
        ({"outcome": "warned", "reason": "短"}, "advice_warned_has_reason"),
    ],
)
def test_the_database_refuses_what_may_not_be_ordered(now, changes, constraint):
    bureau = factories.actor(factories.bureau(), "buyer")
    row = {
        "order_number": "DD1",
        "organisation_id": bureau.organisation_id,
        "information_class": "public",
        "business_class": "general",
        "rules": rules(),
        "allowed": [],
        "chosen": [],
        "outcome": "fits",
        "stated_by_id": bureau.user_id,
        "stated_at": now,
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        DeploymentAdvice.objects.create(**{**row, **changes})


def test_agencies_and_those_who_need_approval_are_asked():
    assert adviser.must_state(factories.bureau())
    assert adviser.must_state(factories.organisation(side="buyer", name="某事业单位", prefix="12150402"))
    assert not adviser.must_state(factories.foods())
