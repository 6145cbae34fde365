"""The back office of the taxonomy: its pages open, and an edit reaches the next read."""

import pytest
from django.test import Client
from django.urls import reverse

from listings.models import Category, ProductAttribute, SolutionDomain, SynonymGroup
from listings.taxonomy import operations, queries
from marketplace.organisations import actors
from marketplace.organisations.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(now):
    operations.load_taxonomy(**operations.read_standard(), actor=actors.VISITOR, now=now)
    client = Client()
    client.force_login(User.objects.create_superuser("back@office.test", "a long enough password"))
    return client


@pytest.mark.parametrize("name", ["category", "productattribute", "solutiondomain", "synonymgroup"])
def test_lists_and_forms_open(staff, name):
    model = {
        "category": Category,
        "productattribute": ProductAttribute,
        "solutiondomain": SolutionDomain,
        "synonymgroup": SynonymGroup,
    }[name]
    assert staff.get(reverse(f"admin:catalogue_{name}_changelist")).status_code == 200
    pk = model.objects.order_by("-pk").first().pk
    assert staff.get(reverse(f"admin:catalogue_{name}_change", args=[pk])).status_code == 200


def test_an_edited_schema_is_read_next(staff):
    category = Category.objects.get(slug="cloud-hosts")
    address = reverse("admin:catalogue_category_change", args=[category.pk])
    form = staff.get(address).context["adminform"].form
    formset = staff.get(address).context["inline_admin_formsets"][0].formset
    data = {name: form.initial.get(name, "") for name in ("name", "name_en", "normal_unit", "normal_spec")}
    data |= {"price_bands": "90,110", "is_public": "on"}
    data |= {f"{formset.prefix}-TOTAL_FORMS": len(formset.forms), f"{formset.prefix}-INITIAL_FORMS": len(formset.forms)}
    for one in formset.forms:
        row = one.instance
        data |= {f"{one.prefix}-id": row.pk, f"{one.prefix}-category": category.pk}
        data |= {f"{one.prefix}-attribute": row.attribute_id, f"{one.prefix}-position": 99 - row.position}
    assert staff.post(address, data).status_code == 302
    schema = queries.schema_of(category_ids=[category.pk])[category.pk]
    assert [spec.code for spec in schema][-1] == "vcpu"
    assert not any(spec.is_required or spec.is_facet for spec in schema)
    assert [str(one) for one in Category.objects.get(pk=category.pk).price_bands] == ["90.0000", "110.0000"]
