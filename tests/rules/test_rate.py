"""`python -m billing.rules rate`: what it accepts, what it refuses, and that nothing makes it fall over."""

import io
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules import __main__ as command
from billing.rules import rate as rating

TIERS = [{"up_to": "100", "unit": "0.5"}, {"up_to": None, "unit": "0.4", "flat": "10"}]
FEBRUARY = ["2026-02-01", "2026-03-01"]


def rate(category, parameters=None, given=None, **head):
    return rating.rate({"category": category, "parameters": parameters or {}, "input": given or {}, **head})


RATED = [
    # category, parameters, input, head, amount
    ("per_unit", {"unit_price": "0.005"}, {"quantity": "3"}, {}, "0.02"),
    ("per_unit", {"unit_price": "0.005"}, {"quantity": "3"}, {"currency": "BHD"}, "0.015"),
    ("per_unit", {"unit_price": "0.5"}, {"quantity": "3"}, {"currency": "JPY"}, "2"),
    ("per_unit", {"unit_price": "0.0005"}, {"quantity": "3"}, {"convention": "4 dp for comparison"}, "0.0015"),
    ("flat", {"price": "9.99"}, {"quantity": "70"}, {}, "9.99"),
    ("graduated", {"tiers": TIERS}, {"quantity": "100"}, {}, "50.00"),
    ("graduated", {"tiers": TIERS}, {"quantity": "101"}, {}, "60.40"),
    ("graduated", {"tiers": TIERS}, {"previous_quantity": "90", "new_quantity": "11"}, {}, "15.40"),
    ("volume", {"tiers": TIERS}, {"quantity": "101"}, {}, "50.40"),
    ("graduated", {"graduated_ranges": [{"from_value": "0", "to_value": "10", "per_unit_amount": "1"},
        {"from_value": "11", "to_value": None, "per_unit_amount": "2"}]}, {"units": "12"}, {}, "14.00"),
    ("graduated_percentage", {"tiers": [{"up_to": "1000", "rate_percent": "2"}, {"up_to": None, "rate_percent": "1"}]},
        {"quantity": "1500"}, {}, "25.00"),
    ("package", {"size": "10", "amount": "5"}, {"quantity": "0"}, {}, "0.00"),
    ("package", {"size": "10", "amount": "5", "free_units": "10"}, {"quantity": "10.000001"}, {}, "5.00"),
    ("volume", {"tiers": [{"block": "1", "max_blocks": "10", "price": "1.5"}, {"block": "1", "max_blocks": "100",
        "price": "1"}, {"block": "1", "max_blocks": "1000", "price": "0.5"}], "policy": "ALL_TIERS"},
        {"quantity": "111"}, {}, "115.50"),
    ("percentage", {"rate_percent": "1.3", "fixed_amount": "2", "free_units_per_events": 3,
        "free_units_per_total_aggregation": "250"}, {"amounts": ["50", "100", "250", "400"]}, {}, "11.15"),
    ("percentage", {"rate": "0.013", "per_transaction_min_amount": "3", "per_transaction_max_amount": "5"},
        {"amounts": ["100", "300", "1000"]}, {}, "11.90"),
    ("minimum_commitment", {"unit_price": "1", "minimum": "150"}, {"quantity": "100"}, {}, "150.00"),
    ("minimum_commitment", {"unit_price": "1", "minimum": "150"}, {"quantity": "160"}, {}, "160.00"),
    ("minimum_commitment", {"unit_price": "1", "minimum": "150"},
        {"quantity": "100", "last_slice_of_period": False}, {}, "100.00"),
    ("minimum_commitment", {"commitment": "100"}, {"fees": ["60", "70"]}, {}, "0.00"),
    ("minimum_commitment", {"commitment": "310", "period_days": 31}, {"fees": ["60"], "active_days": 10}, {}, "40.00"),
    ("spending_cap", {"unit_price": "10", "maximum": "100"}, {"quantity": "20"}, {}, "100.00"),
    ("spending_cap", {"unit_price": "10", "maximum": "100"}, {"already_billed": "120", "quantity": "1"}, {}, "0.00"),
    ("committed_use", {"committed_quantity": "100", "committed_price": "0.6", "unit_price": "1"},
        {"quantity": "40"}, {}, "60.00"),
    ("committed_use", {"committed_quantity": "100", "committed_price": "0.6", "unit_price": "1"},
        {"quantity": "140"}, {}, "100.00"),
    ("shared_free_tier", {"included": "100", "unit_price": "1"},
        {"contracts": [{"quantity": "70"}, {"quantity": "50"}]}, {}, "20.00"),
    ("weighted_sum", {"period": FEBRUARY, "initial": "10"}, {"events": []}, {}, "10.000000"),
    ("weighted_sum", {"period": FEBRUARY, "aggregation": "weighted_sum", "unit_price": "0.01"},
        {"events": [{"time": "2026-02-15", "level": "100"}]}, {}, "336.00"),
    ("unique_count", {"period": FEBRUARY}, {"events": [{"time": "2026-02-02", "value": "a"},
        {"time": "2026-02-03", "value": "a"}, {"time": "2026-03-01", "value": "b"}]}, {}, "1.000000"),
    ("max", {}, {"events": [{"time": "2026-02-02T00:00:00Z", "value": "3"},
        {"time": "2026-02-03T00:00:00Z", "value": "2"}]}, {}, "3.000000"),
    ("proration", {"plan_amount": "310", "period": ["2026-01-01", "2026-02-01"]},
        {"active": ["2026-01-31", "2026-03-01"]}, {}, "10.00"),
    ("proration", {"plan_amount": "86400", "period": ["2026-01-01T00:00:00+08:00", "2026-01-02T00:00:00+08:00"]},
        {"active": ["2026-01-01T00:00:00+08:00", "2026-01-01T00:00:01+08:00"]}, {}, "1.00"),
    ("proration", {"plan_amount": "250", "period": ["2026-11-01", "2026-11-02"], "proration": "second",
        "time_zone": "America/New_York"}, {"active": ["2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z"]}, {}, "10.00"),
    ("plan_switch", {"old_amount": "100", "new_amount": "200", "period": ["2026-04-01", "2026-05-01"]},
        {"switch_date": "2026-04-11"}, {}, "166.66"),
    ("resize", {"unit_price": "30", "period": ["2026-04-01", "2026-05-01"]}, {"segments": [
        {"start": "2026-04-01", "end": "2026-04-16", "quantity": "1"}, {"start": "2026-04-16", "quantity": "3"}]},
        {}, "60.00"),
    ("trial", {"plan_amount": "300", "period": ["2026-04-01", "2026-05-01"], "trial_days": 14}, {}, {}, "160.00"),
    ("commission_split", {"weights": ["1", "1", "1"]}, {"total": "100.00"}, {}, "100.00"),
    ("commission", {"commission_percent": "2", "commission_vat_percent": "6"}, {"gross": "100.00"}, {}, "97.88"),
    ("credit_note", {"tax_percent": "6"}, {"items": ["1.05", "1.05"]}, {}, "2.23"),
    ("tax", {"tax_percent": "6"}, {"lines": ["1.05", "1.05"]}, {}, "2.23"),
    ("rounding", {}, {"amount": "-0.005"}, {}, "-0.01"),
    ("prepaid", {"balance": "10"}, {"charges": ["6", "7"]}, {}, "3.00"),
    ("idempotency", {"unit_price": "2"}, {"events": [{"id": "a", "value": "1"}, {"id": "a", "value": "1"},
        {"id": "a", "value": "5"}, {"id": "b", "source": "x"}]}, {}, "4.00"),
    ("corrections", {}, {"existing": [{"id": "a", "quantity": "7"}], "events": [
        {"id": "b", "quantity": "5", "supersedes": "a"}, {"id": "c", "quantity": "1"},
        {"id": "d", "voids": "c"}]}, {}, "-2.00"),
    ("idempotency", {"all_or_nothing": True}, {"existing": ["a"], "batch": [{"id": "a"}, {"id": "b"}]}, {}, "1.00"),
    ("idempotency", {"all_or_nothing": True}, {"batch": [{"id": "b"}, {"id": "b", "value": "2"}]}, {}, "0.00"),
]  # fmt: skip


@pytest.mark.parametrize(("category", "parameters", "given", "head", "amount"), RATED)
def test_a_case_is_rated(category, parameters, given, head, amount):
    answer = rate(category, parameters, given, **head)
    assert answer["amount"] == amount
    assert answer["rule"]
    assert answer["not_read"] == []


REFUSED = [
    ("barter", {}, {}, {}, "category", "use one of"),
    ("graduated", {"tiers": TIERS}, {}, {}, "quantity", "is missing"),
    ("graduated", {"tiers": TIERS}, {"quantity": "-1"}, {}, "quantity", "0 or more"),
    ("graduated", {"tiers": TIERS}, {"quantity": "NaN"}, {}, "quantity", "finite"),
    ("graduated", {"tiers": TIERS}, {"quantity": True}, {}, "quantity", "decimal"),
    ("graduated", {"tiers": TIERS[:1]}, {"quantity": "1"}, {}, "tiers[1].up_to", "no upper bound"),
    ("graduated", {"tiers": "x"}, {"quantity": "1"}, {}, "tiers", "list"),
    ("volume", {}, {"quantity": "1"}, {}, "tiers", "at least one"),
    ("package", {"size": "0", "amount": "1"}, {"quantity": "1"}, {}, "package_size", "above 0"),
    ("percentage", {"rate": "1.3"}, {"amount": "1"}, {}, "rate", "rate_percent"),
    ("per_unit", {"unit_price": "1"}, {"quantity": "1"}, {"currency": "XXX"}, "currency", "ISO 4217"),
    ("per_unit", {"unit_price": "1", "rounding": "half_even"}, {"quantity": "1"}, {}, "rounding", "half up"),
    ("weighted_sum", {"period": ["2026-02-01T00:00:00", "2026-03-01"]}, {"events": []}, {}, "period", "time zone"),
    ("weighted_sum", {"period": FEBRUARY}, {"events": [{"delta": "1"}]}, {}, "events[1].time", "missing"),
    ("weighted_sum", {"period": FEBRUARY[::-1]}, {"events": []}, {}, "period", "start first"),
    ("proration", {"plan_amount": "1", "period_days": 0}, {}, {}, "period", "empty"),
    ("proration", {"plan_amount": "1", "period_days": 30}, {"active_days": 31}, {}, "active_days", "more than"),
    ("split", {"line_totals": ["1"]}, {"payment": "0.001"}, {}, "payment", "round it first"),
    ("tax", {}, {"lines": ["1"]}, {}, "lines[1].tax_percent", "missing"),
    ("idempotency", {}, {"batch": [{"quantity": "1"}]}, {}, "batch[1].id", "missing"),
]


@pytest.mark.parametrize(("category", "parameters", "given", "head", "field", "remedy"), REFUSED)
def test_what_cannot_be_rated_is_refused_with_field_and_remedy(category, parameters, given, head, field, remedy):
    with pytest.raises(rating.InvalidCase) as caught:
        rate(category, parameters, given, **head)
    assert caught.value.field == field
    assert remedy in str(caught.value)


def test_what_no_rule_reads_is_said():
    assert rate("per_unit", {"unit_price": "1", "moon": "full"}, {"quantity": "1"})["not_read"] == ["moon"]


def run(monkeypatch, capsys, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    code = command.main(["rate", "--json", "-"])
    return code, *capsys.readouterr()


def test_one_case_a_list_and_a_file_of_cases(monkeypatch, capsys):
    case = {"id": "A", "category": "rounding", "input": {"amount": 0.125}}
    for sent, shape in ((case, dict), ([case, case], list), ({"title": "t", "cases": [case]}, list)):
        code, out, err = run(monkeypatch, capsys, json.dumps(sent).encode())
        answer = json.loads(out)
        assert (code, err, type(answer)) == (0, "", shape)
        assert (answer if shape is dict else answer[0])["amount"] == "0.13"


def test_a_bad_case_does_not_take_the_others_with_it(monkeypatch, capsys):
    good = {"id": "A", "category": "rounding", "input": {"amount": "1"}}
    code, out, err = run(monkeypatch, capsys, json.dumps([good, {"id": "B", "category": "rounding"}]).encode())
    first, second = json.loads(out)
    assert (code, first["amount"], second["id"], second["error"]["field"]) == (2, "1.00", "B", "amount")
    assert err.startswith("B: amount: is missing")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"category": NaN}'])
def test_what_is_no_case_is_refused_on_one_line(monkeypatch, capsys, data):
    code, out, err = run(monkeypatch, capsys, data)
    assert code == 2
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


def test_a_file_that_is_not_there_is_refused(capsys):
    assert command.main(["rate", "--json", "/nowhere/case.json"]) == 2
    assert "cannot be read" in capsys.readouterr().err


NAMES = """
    quantity tiers up_to unit flat minimum maximum events time delta value id period active plan_amount amounts fees
    rate rate_percent size amount segments start end balance charges weights total lines tax_percent free_units block
    price max_blocks contracts discount_percent currency initial batch existing supersedes switch_date old_amount
    period_days trial_days event_count places
"""
names = st.sampled_from(NAMES.split())
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 10**9), st.decimals(allow_nan=True).map(str),
    st.sampled_from(["", "x", "1", "0", "2026-02-01", "2026-02-01T00:00:00Z", "9999-12-31T23:00:00Z", "0001-01-01"]),
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(rating.CATEGORIES)), st.dictionaries(names, values, max_size=6), scalars)
def test_whatever_a_case_says_it_is_answered_or_refused(category, fields, model):
    try:
        answer = rating.rate({"category": category, "model": model, "parameters": fields})
    except rating.InvalidCase as refusal:
        assert refusal.field
        assert str(refusal).endswith(".")
    else:
        json.dumps(answer)
