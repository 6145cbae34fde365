"""Unified social credit codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import uscc

BODY = "2150100MADEM0010"


def complete(body):
    return body + uscc.check_character(body)


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L", "91150404MADEM0010Q"])
def test_true_codes(code):
    uscc.check(code)


@pytest.mark.parametrize("department", ["N", "Y", "A", "1", "9"])
def test_letters_in_the_first_place_are_valid(department):
    uscc.check(complete(department + BODY))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "exactly 18"),
        ("91350100M000100Y4", "exactly 18"),
        ("91350100M000100Y433", "exactly 18"),
        ("91350100m000100y43", "digits and capitals"),
        ("9135O100M000100Y43", "digits and capitals"),
        ("91350100M000100Y4Z", "digits and capitals"),
        ("９1350100M000100Y43", "digits and capitals"),
        ("91350100M000100Y44", "last character"),
        ("91350100M000010Y43", "last character"),
        ("000000000000000000", "begins with 0"),
    ],
)
def test_a_wrong_code_says_why_and_what_to_do(code, reason):
    with pytest.raises(uscc.InvalidCode, match=reason) as caught:
        uscc.check(code)
    assert caught.value.remedy.endswith(".")
    assert str(caught.value) == f"{caught.value.reason} {caught.value.remedy}"


@pytest.mark.parametrize(
    "typed",
    [
        "91350100m000100y43",
        " 91350100 M000100Y43\n",
        "９１３５０１００Ｍ０００１００Ｙ４３",
        "91350100\u3000m000100y43",
    ],
)
def test_what_people_type_is_brought_to_one_form(typed):
    assert uscc.normalise(typed) == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("prefix", "slug"),
    [
        ("11", "government"),
        ("12", "public_institution"),
        ("51", "social_organisation"),
        ("52", "social_organisation"),
        ("53", "social_organisation"),
        ("91", "enterprise"),
        ("92", "individual"),
        ("93", "cooperative"),
        ("N1", "collective"),
        ("N2", "collective"),
        ("N9", "collective"),
        ("Y1", "other"),
        ("13", "other"),
        ("54", "other"),
        ("A1", "other"),
    ],
)
def test_the_prefix_tells_the_class(prefix, slug):
    assert uscc.organisation_class(complete(prefix + BODY[1:])) == slug


def test_a_wrong_code_has_no_class():
    with pytest.raises(uscc.InvalidCode):
        uscc.organisation_class("91350100M000100Y44")


_codes = st.text(uscc.ALPHABET, min_size=17, max_size=17).filter(lambda b: b[0] != "0").map(complete)


@given(_codes, st.integers(0, 17), st.sampled_from(uscc.ALPHABET))
def test_any_single_wrong_character_is_found(code, place, character):
    uscc.check(code)
    changed = code[:place] + character + code[place + 1 :]
    if changed != code:
        with pytest.raises(uscc.InvalidCode):
            uscc.check(changed)


@given(_codes, st.integers(0, 16))
def test_any_two_neighbours_exchanged_are_found(code, place):
    changed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if changed != code:
        with pytest.raises(uscc.InvalidCode):
            uscc.check(changed)
