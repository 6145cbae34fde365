"""The deployment adviser at the checkout: in the order's transaction, or nothing is written at all."""

import pytest

from billing.contracts.models import Contract
from marketplace.procurement import adviser
from marketplace.procurement.models import Approval, DeploymentAdvice
from providers.models import CapacityPool
from tests import factories

pytestmark = pytest.mark.django_db
REASON = "试点阶段，无敏感数据，领导已批示"


@pytest.fixture
def agency(market):
    """A public institution that needs no approval of its own: only the advice asks for one."""
    hospital = factories.organisation(side="buyer", name="某市中心医院", prefix="12150102")
    actor = factories.actor(hospital, "buyer")
    market.add(actor=actor)
    return actor


def nothing_is_left():
    drawn = CapacityPool.objects.filter(allocated__gt=0).exists()
    return not (Contract.objects.exists() or Approval.objects.exists() or DeploymentAdvice.objects.exists() or drawn)


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        (None, adviser.StatementMissing),
        (adviser.Statement("public", "general", is_state_secret=True, reason=REASON), adviser.StateSecret),
        (adviser.Statement("sensitive", "critical"), adviser.ReasonMissing),
        (adviser.Statement("sensitive", "critical", reason="太短"), adviser.ReasonMissing),
    ],
)
def test_a_refused_order_leaves_nothing(market, agency, statement, refusal):
    with pytest.raises(refusal):
        market.place(agency, statement=statement)
    assert nothing_is_left()
    assert market.read(agency).lines  # the list is still there


def test_what_fits_is_kept_and_needs_no_approval(market, agency):
    placed = market.place(agency, statement=adviser.Statement("public", "general"))
    kept = DeploymentAdvice.objects.get(order_number=placed.number)
    assert (kept.outcome, kept.reason, kept.organisation_id) == ("fits", "", agency.organisation_id)
    assert not Approval.objects.exists()


def test_what_does_not_fit_waits_for_an_approver(market, agency):
    placed = market.place(agency, statement=adviser.Statement("sensitive", "critical", reason=REASON))
    kept = DeploymentAdvice.objects.get(order_number=placed.number)
    assert (kept.outcome, kept.reason, kept.allowed) == ("warned", REASON, ["private", "hybrid"])
    assert Approval.objects.get(order_number=placed.number).status == "waiting"


def test_a_failure_after_the_advice_takes_the_advice_with_it(market, agency, monkeypatch):
    def fail(**_words):
        raise RuntimeError("the audit trail is full")

    monkeypatch.setattr("marketplace.shop.checkout.operations.procurement.request_approval", fail)
    with pytest.raises(RuntimeError):
        market.place(agency, statement=adviser.Statement("sensitive", "critical", reason=REASON))
    assert nothing_is_left()


def test_a_company_is_not_asked(market):
    market.add()
    market.place(statement=None)
    assert not DeploymentAdvice.objects.exists()
