"""Numbers that machines read have no separators: a plan 5000 is not the plan "5,000"."""

import pytest
from django.db import connection

from tests import factories


@pytest.mark.django_db
def test_a_plan_and_a_quantity_of_four_digits_stay_chosen(client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('catalogue_plan_id_seq', GREATEST(5000, last_value)) FROM catalogue_plan_id_seq")
    host = factories.offering(factories.data_centre(factories.hongshan(), vcpu=10_000))
    plan = factories.plan(host, "metered")
    assert plan.pk > 5000
    page = client.get(host.get_absolute_url(), {"plan": plan.pk, "quantity": 1000, "term_months": 12}).content.decode()
    assert f'<option value="{plan.pk}" selected' in page
    assert 'value="1000"' in page
    assert 'value="1,000"' not in page
