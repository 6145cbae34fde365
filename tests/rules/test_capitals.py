"""大写金额: the examples of the rule itself, the edges, and that the text reads back as the amount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import capitals

# The first six are the rule's own examples (支付结算办法, annex 1).
TABLE = [
    (1409_50, "壹仟肆佰零玖元伍角整"),
    (6007_14, "陆仟零柒元壹角肆分"),
    (1680_32, "壹仟陆佰捌拾元零叁角贰分"),
    (16409_02, "壹万陆仟肆佰零玖元零贰分"),
    (325_04, "叁佰贰拾伍元零肆分"),
    (107000_53, "壹拾万柒仟元零伍角叁分"),
    (0, "零元整"),
    (1, "壹分"),
    (10, "壹角整"),
    (15, "壹角伍分"),
    (1_00, "壹元整"),
    (10_00, "壹拾元整"),
    (10_05, "壹拾元零伍分"),
    (3627_06, "叁仟陆佰贰拾柒元零陆分"),
    (100_000_00, "壹拾万元整"),
    (100_010_001_00, "壹亿零壹万零壹元整"),
    (100_000_001_00, "壹亿零壹元整"),
    (1_234_567_890_12, "壹拾贰亿叁仟肆佰伍拾陆万柒仟捌佰玖拾元零壹角贰分"),
    (10_000_000_00, "壹仟万元整"),
    (10_001_000_00, "壹仟万壹仟元整"),
    (999_999_999_999_99, "玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    (1_000_000_000_000_00, "壹万亿元整"),
    (-1409_50, "负壹仟肆佰零玖元伍角整"),
    (-1, "负壹分"),
]


@pytest.mark.parametrize(("amount_minor", "text"), TABLE)
def test_table(amount_minor, text):
    assert capitals.write_yuan(amount_minor) == text


@pytest.mark.parametrize("amount", [10**14 + 1, -(10**14) - 1])
def test_above_what_is_written(amount):
    with pytest.raises(capitals.TooLarge):
        capitals.write_yuan(amount)


@pytest.mark.parametrize("amount", [1.0, True, None])
def test_only_whole_fen(amount):
    with pytest.raises(TypeError):
        capitals.write_yuan(amount)


def read(text: str) -> int:
    """Reads capitals back, by another way than they are written: place by place."""
    sign, text = (-1, text[1:]) if text.startswith("负") else (1, text)
    places = {"拾": 10, "佰": 100, "仟": 1000}
    total = section = digit = 0
    fen = 0
    for letter in text:
        if letter in capitals.DIGITS:
            digit = capitals.DIGITS.index(letter)
        elif letter in places:
            section, digit = section + digit * places[letter], 0
        elif letter == "万":
            total, section, digit = total + (section + digit) * 10_000, 0, 0
        elif letter == "亿":
            total, section, digit = (total + section + digit) * 100_000_000, 0, 0
        elif letter == "元":
            total, section, digit = total + section + digit, 0, 0
        elif letter in "角分":
            fen, digit = fen + digit * (10 if letter == "角" else 1), 0
    return sign * (total * 100 + fen)


@given(st.integers(-(10**14), 10**14))
def test_it_reads_back_and_never_has_two_zeros(amount):
    text = capitals.write_yuan(amount)
    assert read(text) == amount
    assert "零零" not in text
    assert text.endswith(("整", "分"))
