"""A provider reads its own deliveries, in a fixed number of queries."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.fulfilment import queries
from tests import factories


@pytest.mark.parametrize("count", [1, 55])
def test_lists_take_a_fixed_number_of_queries(room: Any, count: int) -> None:
    host = factories.offering(factories.data_centre(room.provider))
    for _ in range(count):
        factories.contract(room.buyer, host, start=None)
    with CaptureQueriesContext(connection) as taken:
        page = queries.list_deliveries(partner_id=room.provider.pk, statuses=queries.TO_DO)
        assert {one.buyer.name for one in page} == {room.buyer.name}
    assert len(taken) == 2
    assert page.paginator.count == count
    assert queries.count_deliveries(partner_id=room.provider.pk) == {"waiting": count}
    assert queries.list_deliveries(partner_id=room.provider.pk, statuses=["held"]).paginator.count == 0


def test_another_providers_delivery_does_not_exist(room: Any) -> None:
    delivery, songmo = room.open(), factories.songmo()
    found = queries.get_delivery(number=delivery.number, partner_id=room.provider.pk)
    assert [step.kind for step in found.steps.all()] == ["open"]
    with pytest.raises(queries.NoSuchDelivery):
        queries.get_delivery(number=delivery.number, partner_id=songmo.pk)
    assert list(queries.list_deliveries(partner_id=songmo.pk)) == []
    assert queries.count_deliveries(partner_id=songmo.pk) == {}
    assert set(queries.deliveries_of(numbers=[delivery.number, "HT-NONE"])) == {delivery.number}
