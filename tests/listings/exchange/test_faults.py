"""What is wrong with a cell is said with the cell, and nothing of its offering is written."""

import pytest

from listings.exchange import operations
from listings.exchange.problems import UnusableFile
from listings.models import Product
from tests.listings.exchange import sheets
from tests.listings.exchange.world import NOW, World, counts, faults, to_csv, to_table, to_xlsx

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return World()


BAD = {
    "title": ["", "标" * 10_000, "控制\x07字符", "<script>alert(1)</script>"],
    "category": ["nothing", 7],
    "data_centre": ["NOT-MINE", ("date", 45000)],
    "deployment_models": ["public; lunar"],
    "solution_domains": ["nowhere"],
    "sla_percent": ["-1", "101", "99.9999", "hoch", ("=", "99+1")],
    "support": ["24x7"],
    "lead_time_days": ["1.5", "-1", "100000", True],
    "exit_fee": ["-0.01", "0.001", "1e30"],
    "spec:vcpu": ["-4", "4.5", "vier", "1e20", ("=", "2+2"), ("date", 45000)],
    "spec:ha": ["vielleicht"],
    "spec:nothing_of_hosts": ["x"],
    "draw:vcpu": ["-1", "viel", "1e20", ("=", "2+2")],
    "plan": ["with space", 7, "", "x" * 40],
    "plan_name": ["x" * 61],
    "terms": ["", "0", "61", "12:1", "12:-0.1", "12:0.12345", "1; 1", "ein Jahr", ("date", 45000)],
    "component": ["", "=x", "x" * 40],
    "kind": ["sometimes", ""],
    "model": ["free"],
    "unit": ["", "x" * 31],
    "meter": ["vcpu_hours"],
    "aggregation": ["median", "count"],
    "unit_price": ["", "-1", "1.123456789", "1,000.5", "NaN", "1e15", "12 元", ("=", "1+1")],
    "vat_rate": ["", "1", "-0.06", "6", "0.06001"],
    "tiers": ["x:y", "1:2:3:4"],
    "package_size": ["10", "-1"],
    "included_quantity": ["-1"],
    "minimum_amount": ["-1", "0.123456789"],
}
CASES = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda one: repr(one)[:30])
def test_a_bad_cell_is_named(world, name, value):
    if name == "spec:nothing_of_hosts":
        with pytest.raises(UnusableFile) as caught:
            world.queue(to_xlsx(world.row(**{name: value})))
        assert name in caught.value.message
        return
    upload = world.send(to_xlsx(world.row(**{name: value}), world.row(code="GOOD")), name="a.xlsx")
    column = to_table(world.row(**{name: value}))[0].index(name)
    assert (upload.status, counts(upload)) == ("done", (1, 0, 0, 1)), upload.problems
    assert {one["field"] for one in upload.problems} == {name}, upload.problems
    assert {one["row"] for one in upload.problems} == {2}
    assert {one["column"] for one in upload.problems} == {column}
    assert all(one["message"] and one["sheet"] == "Sheet1" for one in upload.problems)
    assert list(Product.objects.values_list("code", flat=True)) == ["GOOD"]


def test_every_fault_of_an_offering_is_told_at_once(world):
    row = world.row(title="", sla_percent="200", **{"spec:vcpu": "-4", "spec:ram_gib": "x"})
    upload = world.send_rows({**row, "unit_price": "-1"}, world.row(code="B", **{"draw:vcpu": "-1", "draw:gpu": "-1"}))
    told = [(one["row"], one["field"]) for one in upload.problems]
    assert set(told) >= {(2, "title"), (2, "sla_percent"), (2, "spec:vcpu"), (2, "spec:ram_gib")}
    assert {(3, "draw:vcpu"), (3, "draw:gpu")} <= set(told)
    assert len(told) == len(set(told))


@pytest.mark.parametrize("tiers", ["100:0.5", "100:0.5; 50:0.4; *:1", "*:-1", None])
def test_tiers_that_cannot_be_computed_are_named(world, tiers):
    row = world.row(model="graduated", unit_price="0", tiers=tiers)
    upload = world.send(to_xlsx(row, {**world.row(code="B"), "model": None}), name="a.xlsx")
    assert [(one["row"], one["field"]) for one in upload.problems] == [(2, "tiers")]


def test_codes_with_lost_zeros_are_refused(world):
    upload = world.send(to_xlsx(world.row(code=7)), name="a.xlsx")
    assert faults(upload) == [("A2", "code")]
    assert "7" in upload.problems[0]["message"]
    assert counts(world.send_rows(world.row(code="'007"))) == (1, 0, 0, 0)  # as the export writes it
    assert Product.objects.filter(code="007").exists()


def test_a_code_that_stands_twice_is_told_at_both_places(world):
    upload = world.send_rows(world.row(), world.row(code="OTHER"), world.row())
    assert counts(upload) == (1, 0, 0, 2)
    assert faults(upload) == [("A2", "code"), ("A4", "code")]


def test_rows_of_one_offering_that_disagree_are_told(world):
    upload = world.send_rows(world.row(), world.row(title="别的", component="other"))
    assert [(one["row"], one["field"]) for one in upload.problems] == [(3, "title")]
    upload = world.send_rows(world.row(), {"code": "NEW-1", **{k: v for k, v in world.row().items() if k == "plan"}})
    assert {one["row"] for one in upload.problems} == {3}
    upload = world.send_rows(world.row(), world.row())
    assert [(one["row"], one["field"]) for one in upload.problems] == [(3, "component")]


def test_a_value_below_no_heading_is_told(world):
    table = to_table(world.row())
    table[1].append("stray")
    upload = world.send(sheets.make_csv(table))
    assert counts(upload) == (0, 0, 0, 1)
    assert upload.problems[0]["column"] == len(table[0])


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        (["code", "titel"], "B1"),
        (["code", "title", "title"], "C1"),
        (["code", None, "title"], "B1"),
        (["title", "category"], "1"),
        (["code", "unit_price"], "1"),
        (["code", "spec:unknown"], "B1"),
        (["标题", "编码"], "A1"),
    ],
)
def test_headings_are_checked_at_the_upload(world, header, cell):
    with pytest.raises(UnusableFile) as caught:
        world.queue(sheets.make_csv([header, ["A"]]))
    assert caught.value.problems[0].cell == cell
    assert caught.value.message


def test_a_heading_may_carry_words_for_people(world):
    table = to_table(world.row())
    table[0] = [f"某列 [{name}]" for name in table[0]]
    assert counts(world.send(sheets.make_csv(table))) == (1, 0, 0, 0)


def test_example_rows_are_left_out(world):
    upload = world.send_rows(world.row(code="#EXAMPLE-1"), world.row())
    assert (counts(upload), upload.rows_done) == ((1, 0, 0, 0), 2)


def test_a_file_that_breaks_later_changes_nothing(world):
    """The whole file is read before the first offering is written."""
    upload = world.send(to_csv(world.row()) + b'B,"never closed\n')
    assert (upload.status, counts(upload), upload.problem_count) == ("failed", (0, 0, 0, 0), 1)
    assert not Product.objects.exists()


def test_many_files_of_one_provider_wait_only_so_long(world, monkeypatch):
    monkeypatch.setattr(operations, "MOST_WAITING", 1)
    world.queue(to_csv(world.row()))
    with pytest.raises(operations.TooManyWaiting):
        world.queue(to_csv(world.row()))
    operations.run_imports(now=NOW, limit=1)
    world.queue(to_csv(world.row()))


def test_problems_are_kept_up_to_a_thousand_and_counted_beyond(world, monkeypatch):
    monkeypatch.setattr(operations, "MOST_PROBLEMS", 3)
    upload = world.send_rows(*(world.row(code=f"N{n}", unit_price="-1") for n in range(5)))
    assert (len(upload.problems), upload.problem_count) == (3, 5)
