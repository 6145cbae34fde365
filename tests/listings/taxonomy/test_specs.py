"""Specs against a schema: each wrong value gets a sentence that names the spec and the remedy."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from listings.taxonomy import specs
from listings.taxonomy.specs import Option, Spec

VCPU = Spec("vcpu", "vCPU", "vCPU", "integer", "核", Decimal(1), Decimal(1024), is_required=True)
RAM = Spec("ram_gib", "内存", "Memory", "float", "GiB", Decimal("0.25"), None)
MEDIA = Spec(
    "media", "介质", "Media", "option", options=(Option("ssd", "固态盘", "SSD"), Option("hdd", "机械盘", "HDD"))
)
HA = Spec("ha", "主备", "High availability", "boolean")
NOTE = Spec("note", "说明", "Note", "text")
SCHEMA = (VCPU, RAM, MEDIA, HA, NOTE)


@pytest.mark.parametrize(
    ("values", "code", "kind", "words"),
    [
        ({"vcpu": 0}, "vcpu", "bounds", "vCPU must be at least 1 cores, not 0 cores."),
        ({"vcpu": 1025}, "vcpu", "bounds", "vCPU must be at most 1,024 cores, not 1,025 cores."),
        ({"vcpu": "4"}, "vcpu", "type", "vCPU must be a whole number from 0 to 1000000000, not “4”."),
        ({"vcpu": True}, "vcpu", "type", "vCPU must be a whole number"),
        ({"vcpu": 4.5}, "vcpu", "type", "vCPU must be a whole number"),
        ({"vcpu": 10**40}, "vcpu", "type", "vCPU must be a whole number"),
        ({"ram_gib": float("nan")}, "ram_gib", "type", "Memory must be a number"),
        ({"ram_gib": float("inf")}, "ram_gib", "type", "Memory must be a number"),
        ({"ram_gib": 0.1}, "ram_gib", "bounds", "Memory must be at least 0.25 GiB, not 0.1 GiB."),
        ({"media": "tape"}, "media", "option", "Media cannot be “tape”. Choose one of: SSD (ssd), HDD (hdd)."),
        ({"media": ["ssd"]}, "media", "type", "Media must be one of its options"),
        ({"ha": 1}, "ha", "type", "High availability must be yes or no, not “1”."),
        ({"note": ""}, "note", "type", "Note must be a text of 1 to 200 characters in one line"),
        ({"note": "x" * 10_000}, "note", "type", "Note must be a text of 1 to 200 characters"),
        ({"note": "a\x00b"}, "note", "type", "Note must be a text of 1 to 200 characters"),
        ({"colour": "red"}, "colour", "unknown", "“colour” is not a specification of this category."),
    ],
)
def test_what_is_wrong_is_named(values, code, kind, words):
    with translation.override("en"):
        problem = next(one for one in specs.find_problems(values=values, schema=SCHEMA) if one.kind != "missing")
        with pytest.raises(specs.InvalidSpecs) as refusal:
            specs.check(values=values, schema=SCHEMA)
    assert (problem.code, problem.kind) == (code, kind)
    assert problem.message.startswith(words)
    assert len(problem.message) < 300
    assert refusal.value.field == code


def test_a_draft_may_lack_what_is_required_but_it_is_found():
    assert specs.check(values={"ram_gib": 4}, schema=SCHEMA) == {"ram_gib": 4}
    with translation.override("en"):
        problems = specs.find_problems(values={"ram_gib": 4}, schema=SCHEMA)
    assert [(one.code, one.kind) for one in problems] == [("vcpu", "missing")]
    assert problems[0].message.startswith("vCPU is missing.")


def test_all_problems_are_found_at_once():
    values = {"vcpu": 0, "media": "tape", "colour": "red"}
    assert [one.kind for one in specs.find_problems(values=values, schema=SCHEMA)] == ["bounds", "option", "unknown"]


def test_values_are_written_for_people():
    assert [RAM.write(1536), HA.write(True), MEDIA.write("ssd"), MEDIA.write("gone")] == [
        "1,536 GiB",
        "是",
        "固态盘",
        "gone",
    ]
    with translation.override("en"):
        assert [VCPU.write(4), HA.write(False), MEDIA.write("ssd"), MEDIA.label] == ["4 cores", "No", "SSD", "Media"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(values=st.dictionaries(st.sampled_from([one.code for one in SCHEMA]) | st.text(max_size=8), JSON, max_size=6))
def test_whatever_is_sent_is_checked_or_refused_with_words(values):
    problems = [one for one in specs.find_problems(values=values, schema=SCHEMA) if one.kind != "missing"]
    assert all(one.message for one in problems)
    if not problems:
        assert specs.check(values=values, schema=SCHEMA) == values
        assert all(spec.write(values[spec.code]) for spec in SCHEMA if spec.code in values)
