"""Scores of compared offerings: a table an officer can check by hand, and properties that hold for any figures."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.comparison import scoring

D = Decimal


@pytest.mark.parametrize(
    ("values", "better", "expected"),
    [
        # the best gets 100, the worst 0, the others in proportion
        ([D(100), D(150), D(200)], "lower", [100, 50, 0]),
        ([D("99.9"), D("99.95"), D("99.99")], "higher", [0, D(500) / 9, 100]),
        # all equal: 100 for each
        ([D(5), D(5)], "lower", [100, 100]),
        # one alone is best and worst at once
        ([D(5)], "lower", [100]),
        # missing: 0, and no part in best and worst
        ([None, D(10), D(20)], "lower", [0, 100, 0]),
        ([None, D(10), None], "higher", [0, 100, 0]),
        # nobody states it
        ([None, None], "higher", [0, 0]),
    ],
)
def test_points_of_a_measure(values: list[Decimal | None], better: str, expected: list[Decimal]) -> None:
    found = scoring.points(values=values, better=better)
    assert [round(float(one), 9) for one in found] == [round(float(one), 9) for one in expected]


def test_a_worked_score() -> None:
    """Three offerings by hand.

    price     90,000 · 100,000 · 110,000   → 100, 50, 0
    service   SLA 99.9 · 99.95 · 99.95 → 0, 100, 100; days 1 · 3 · 5 → 100, 50, 0; mean 50, 75, 50
    green     nobody measures a PUE: that measure is left out; green power 40 · – · 60 → 0, 0, 100
    compliance  level 3 · 3 · 3 → 100 each
    score     40·100+30·50+20·100+10·0 = 75;  40·50+30·75+20·100 = 62.5;  30·50+20·100+10·100 = 45
    """
    measures = [
        scoring.Measure("total", "price", "lower", (D(90000), D(100000), D(110000))),
        scoring.Measure("sla", "service", "higher", (D("99.9"), D("99.95"), D("99.95"))),
        scoring.Measure("lead", "service", "lower", (D(1), D(3), D(5))),
        scoring.Measure("pue", "green", "lower", (None, None, None)),
        scoring.Measure("green", "green", "higher", (D(40), None, D(60))),
        scoring.Measure("mlps", "compliance", "higher", (D(3), D(3), D(3))),
    ]
    found = scoring.score(measures=measures, weights=scoring.PRESETS["balanced"], count=3)
    assert [one.total for one in found] == [D("75.0"), D("62.5"), D("45.0")]
    assert [one.rank for one in found] == [1, 2, 3]
    assert found[1].points == {"price": D("50.0"), "service": D("75.0"), "compliance": D("100.0"), "green": D("0.0")}


def test_a_criterion_of_which_nobody_states_anything_gives_nothing_to_anyone() -> None:
    measures = [scoring.Measure("total", "price", "lower", (D(1), D(2)))]
    found = scoring.score(measures=measures, weights=scoring.PRESETS["price"], count=2)
    assert [one.total for one in found] == [D("70.0"), D("0.0")]


def test_equal_scores_share_a_rank() -> None:
    measures = [scoring.Measure("total", "price", "lower", (D(1), D(1), D(2)))]
    found = scoring.score(measures=measures, weights=scoring.PRESETS["price"], count=3)
    assert [one.rank for one in found] == [1, 1, 3]


@pytest.mark.parametrize(
    ("values", "better", "expected"),
    [
        ([D(45), D(66), D(66), D(58)], "higher", [False, True, True, False]),
        ([D("1.25"), D("1.18")], "lower", [False, True]),
        ([D(8), D(8), D(8)], "higher", [False, False, False]),
        ([D(8), None], "higher", [False, False]),
        ([None, None], "lower", [False, False]),
        ([D(1), D(2)], "", [False, False]),
    ],
)
def test_marks(values: list[Decimal | None], better: str, expected: list[bool]) -> None:
    """Ties are marked for all; where all state the same, or only one states anything, nothing is best."""
    assert list(scoring.mark_best(values=values, better=better)) == expected


@pytest.mark.parametrize(
    ("shares", "field"),
    [
        ({"price": 40, "service": 30, "compliance": 20, "green": 11}, "weights"),
        ({"price": 100, "service": 0, "compliance": 0, "green": -0.5}, "green"),
        ({"price": 110, "service": -10, "compliance": 0, "green": 0}, "price"),
    ],
)
def test_weights_that_are_refused(shares: dict[str, int], field: str) -> None:
    with pytest.raises(scoring.InvalidWeights) as refused:
        scoring.Weights(**shares)
    assert refused.value.field == field


def test_a_measure_of_another_length_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        scoring.score(
            measures=[scoring.Measure("total", "price", "lower", (D(1),))], weights=scoring.PRESETS["price"], count=2
        )


FIGURES = st.none() | st.decimals(min_value=0, max_value=10**9, places=4)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[scoring.Measure], int]:
    count = draw(st.integers(1, 4))
    measures = [
        scoring.Measure(
            code=f"m{number}",
            criterion=draw(st.sampled_from(scoring.CRITERIA)),
            better=draw(st.sampled_from(["higher", "lower"])),
            values=tuple(draw(st.lists(FIGURES, min_size=count, max_size=count))),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    return measures, count


@st.composite
def weightings(draw: st.DrawFn) -> scoring.Weights:
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    return scoring.Weights(cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 100 - cuts[2])


@given(tables(), weightings(), st.randoms(use_true_random=False))
def test_the_order_of_the_columns_changes_nothing(table, weights, random) -> None:
    measures, count = table
    order = list(range(count))
    random.shuffle(order)
    shuffled = [
        scoring.Measure(one.code, one.criterion, one.better, tuple(one.values[place] for place in order))
        for one in reversed(measures)
    ]
    straight = scoring.score(measures=measures, weights=weights, count=count)
    assert scoring.score(measures=shuffled, weights=weights, count=count) == tuple(straight[place] for place in order)


@given(tables(), weightings())
def test_a_score_lies_between_0_and_100_and_is_the_weighted_mean_of_its_points(table, weights) -> None:
    measures, count = table
    for one in scoring.score(measures=measures, weights=weights, count=count):
        assert 0 <= one.total <= 100
        mean = sum(weights.as_dict()[name] * one.points[name] for name in scoring.CRITERIA) / 100
        assert abs(one.total - mean) <= D("0.1")  # points are shown rounded, the score is not made of rounded ones
        assert 1 <= one.rank <= count


@given(tables())
def test_all_weight_on_one_criterion_gives_its_points(table) -> None:
    measures, count = table
    only_green = scoring.Weights(0, 0, 0, 100)
    for one in scoring.score(measures=measures, weights=only_green, count=count):
        assert one.total == one.points["green"]
