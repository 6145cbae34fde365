"""The parties of the API's tests, at noon in Chifeng on 2 November 2026."""

from typing import Any

import pytest
import time_machine

from marketplace.organisations import actors
from tests import factories
from tests.marketplace.api.client import NOW, Api, api


@pytest.fixture(autouse=True)
def _second_of_november() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def contract() -> Any:
    """A metered contract of foods with hongshan."""
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


@pytest.fixture
def other() -> Any:
    """A metered contract of the bureau with songmo: invisible to the first one's parties."""
    offering = factories.offering(factories.data_centre(factories.songmo()))
    return factories.contract(factories.bureau(), offering, plan_code="metered")


@pytest.fixture
def hongshan(contract: Any) -> Api:
    """The provider's key with all its scopes."""
    return api(contract.provider.organisation, *actors.SCOPES["provider"])
