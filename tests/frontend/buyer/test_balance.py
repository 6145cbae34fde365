"""A buyer's prepaid balance: what moved it, and how to top it up."""

import pytest
import time_machine

from tests import factories
from tests.frontend import billed
from tests.frontend.buyer.test_invoices import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return billed.make_world()


def test_the_statement_ends_with_the_balance(client, world):
    client.force_login(world.foods_finance)
    with time_machine.travel(billed.NOW, tick=False):
        words = text(client.get("/buyer/balance/"))
    assert "预付余额 ¥3.00 3 笔收支" in words
    assert "T2 +¥3.00 ¥3.00" in words
    assert "−¥47.00 ¥0.00" in words
    assert "T1 +¥47.00 ¥47.00" in words
    assert f"附言 {world.foods.public_id}" in words


def test_a_buyer_sees_its_own_balance_only(client, world):
    client.force_login(world.bureau_finance)
    words = text(client.get("/buyer/balance/"))
    assert "预付余额 ¥0.00 0 笔收支" in words
    assert "还没有收支" in words
    assert "T1" not in words


@pytest.mark.parametrize("role", ["buyer", "approver"])
def test_only_owner_and_finance_may_look(client, world, role):
    client.force_login(factories.member(world.foods, role))
    assert client.get("/buyer/balance/").status_code == 403
