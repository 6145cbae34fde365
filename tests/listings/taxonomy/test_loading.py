"""The standard taxonomy: whole, in two languages, loaded as often as one likes, and never over an operator's edit."""

import copy
import io

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from listings.models import Category, CategoryAttribute, ProductAttribute, SolutionDomain, SynonymGroup
from listings.prices import normalised
from listings.taxonomy import operations, queries
from marketplace.organisations import actors
from marketplace.organisations.models import AuditEntry

pytestmark = pytest.mark.django_db
STANDARD = operations.read_standard()


def load(now, **changes):
    return operations.load_taxonomy(**{**STANDARD, **changes}, actor=actors.VISITOR, now=now)


def test_every_unit_that_prices_are_normalised_to_is_known():
    units = {category["normal_unit"] for entry in STANDARD["service_types"] for category in entry["categories"]}
    assert units - {""} <= set(normalised.NORMAL_UNITS)
    assert len(units) > 10


def test_every_name_is_there_in_both_languages():
    for entry in STANDARD["service_types"]:
        for row in (
            entry,
            *entry["categories"],
            *entry["specs"],
            *(o for s in entry["specs"] for o in s.get("options", [])),
        ):
            assert row["name"] and row["name_en"], row
    assert all(row["name"] and row["name_en"] for row in STANDARD["domains"])


def test_the_policys_words_are_there():
    names = {one["name"] for one in STANDARD["domains"]}
    nine = {"社保", "就业", "医疗", "教育", "养老", "公共安全", "食品药品安全", "社区服务", "家庭服务"}
    assert nine | {"电子政务", "工业云", "电力云", "智慧城市", "大数据", "电子商务"} <= names
    value_added = next(entry for entry in STANDARD["service_types"] if entry["slug"] == "value_added")
    assert [one["name"] for one in value_added["categories"]] == [
        "灾难备份",
        "网络加速",
        "视频处理",
        "数据挖掘",
        "信息安全",
    ]


def test_schemas_name_specifications_of_their_service_type():
    for entry in STANDARD["service_types"]:
        codes = {spec["code"] for spec in entry["specs"]}
        for category in entry["categories"]:
            assert set(category["schema"]) <= codes, category["slug"]
            assert not category.get("normal_spec") or category["normal_spec"] in category["schema"], category["slug"]
            assert [float(one) for one in category["price_bands"]] == sorted(float(o) for o in category["price_bands"])


def test_loading_again_changes_nothing(now):
    first = load(now)
    assert first.changed > 300
    assert first.kept == ()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert load(now) == operations.Loaded(changed=0, kept=())
    assert len(captured) <= 35
    assert AuditEntry.objects.filter(action="taxonomy.loaded").count() == 1


def test_a_new_standard_reaches_what_nobody_touched(now):
    load(now)
    changed = copy.deepcopy(STANDARD)
    changed["service_types"][0]["categories"][0]["name"] = "弹性云主机"
    changed["service_types"][0]["specs"][0]["maximum"] = 2048
    changed["synonyms"][0].append("云实例")
    changed["domains"][0]["name_en"] = "Social insurance"
    assert load(now, **changed).changed == 4
    assert Category.objects.get(slug="cloud-hosts").name == "弹性云主机"
    assert ProductAttribute.objects.get(product_class__slug="iaas", code="vcpu").maximum == 2048
    assert SynonymGroup.objects.filter(words__contains=["云实例", "ECS"]).count() == 1
    assert load(now, **changed) == operations.Loaded(changed=0, kept=())


def test_what_an_operator_edited_or_removed_is_kept_and_named(now):
    load(now)
    Category.objects.filter(slug="gpu").update(name="智能算力")
    CategoryAttribute.objects.filter(category__slug="gpu", attribute__code="interconnect").delete()
    SolutionDomain.objects.filter(code="logistics").delete()
    group = SynonymGroup.objects.get(words__contains=["ECS"])
    group.words = ["云主机", "ECS", "云实例"]
    group.save()
    kept = ("category:iaas/gpu", "domain:logistics", "schema:iaas/gpu/interconnect", "synonyms:云主机")
    loaded = load(now)
    assert (loaded.changed, tuple(sorted(loaded.kept))) == (0, kept)
    # A new standard does not win either.
    changed = copy.deepcopy(STANDARD)
    next(one for one in changed["service_types"][0]["categories"] if one["slug"] == "gpu")["name"] = "GPU"
    assert load(now, **changed).changed == 0
    assert Category.objects.get(slug="gpu").name == "智能算力"
    # What the operator puts back follows the standard again.
    Category.objects.filter(slug="gpu").update(name="GPU 算力")
    assert load(now, **changed).changed == 1
    assert Category.objects.get(slug="gpu").name == "GPU"


def test_the_command_loads_and_says_what_it_kept(now):
    out = io.StringIO()
    call_command("load_taxonomy", stdout=out)
    assert "rows written" in out.getvalue()
    SolutionDomain.objects.filter(code="education").update(name="教育培训")
    out = io.StringIO()
    call_command("load_taxonomy", stdout=out)
    assert out.getvalue().splitlines() == [
        "0 rows written.",
        "Kept as edited or removed in the back office: domain:education",
    ]


def test_schemas_are_read_in_one_query(now, django_assert_num_queries):
    load(now)
    ids = [one.pk for one in queries.list_categories()]
    with django_assert_num_queries(1):
        schemas = queries.schema_of(category_ids=ids)
    assert set(schemas) == set(ids)
    hosts = next(one for one in queries.list_categories() if one.slug == "cloud-hosts")
    assert (hosts.service_model, hosts.normal_unit, hosts.normal_spec) == ("iaas", "vcpu_month", "vcpu")
    assert [spec.code for spec in schemas[hosts.pk]][:3] == ["vcpu", "ram_gib", "cpu_arch"]
    vcpu = schemas[hosts.pk][0]
    assert (vcpu.is_required, vcpu.is_facet, vcpu.is_compared, vcpu.better) == (True, True, True, "higher")


def test_a_category_without_a_schema_takes_its_types_specifications(now):
    load(now)
    own = Category.objects.add_child(Category.objects.get(slug="saas"), create_kwargs={"slug": "own", "name": "自建"})
    schema = queries.schema_of(category_ids=[own.pk])[own.pk]
    assert len(schema) == ProductAttribute.objects.filter(product_class__slug="saas").count()
    assert not any(spec.is_required for spec in schema)
