"""References in the remarks of bank transfers: found as people and banks write them, and nothing found by chance."""

import pytest

from billing.rules import references

NUMBER = "FP-2026-000123"


@pytest.mark.parametrize(
    ("remark", "numbers"),
    [
        ("FP-2026-000123", [NUMBER]),
        ("fp2026000123 费", [NUMBER]),
        ("ＦＰ－２０２６－０００１２３", [NUMBER]),
        ("附言：2600 0123 48 云服务", [NUMBER]),
        ("2600012348", [NUMBER]),
        ("26000123-48", [NUMBER]),
        ("FP-2026-000123、FP-2026-000124", [NUMBER, "FP-2026-000124"]),
        ("FP 2026 000123;2600 0125 42", [NUMBER, "FP-2026-000125"]),
        ("2600 0123 48 2600 0125 42", [NUMBER, "FP-2026-000125"]),
        ("FP-2026-000123 FP-2026-000123", [NUMBER]),
        ("", []),
        ("云服务费", []),
        ("2600012349", []),
        ("20261102", []),
        ("合同 12345678901234567", []),
    ],
)
def test_invoices_in_a_remark(remark: str, numbers: list[str]) -> None:
    assert references.find_invoices(remark) == numbers


def test_one_wrong_digit_or_a_swap_of_neighbours_is_detected() -> None:
    right = references.short_reference(NUMBER).replace(" ", "")
    for place in range(10):
        for digit in "0123456789":
            wrong = right[:place] + digit + right[place + 1 :]
            assert (references.find_invoices(wrong) == [NUMBER]) == (wrong == right)
        swapped = right[:place] + right[place : place + 2][::-1] + right[place + 2 :]
        assert swapped == right or references.find_invoices(swapped) == []


def test_other_forms_of_numbers_have_no_short_reference() -> None:
    assert references.short_reference("CN-2026-000123") == ""


@pytest.mark.parametrize(
    ("remark", "found"),
    [("充值 org-7k2mq9xw4b", "ORG-7K2MQ9XW4B"), ("ORG7K2MQ9XW4BX", ""), ("7K2MQ9XW4B", ""), ("", "")],
)
def test_top_ups(remark: str, found: str) -> None:
    assert references.find_top_up(remark) == found
