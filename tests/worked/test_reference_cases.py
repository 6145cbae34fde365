"""Published examples of other billing engines: restated here, and each case of a file of them through the entry.

The file is no part of the project; it is read where it is: `CASES`, else beside the project as the traces are.
"""

import json
import os
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal as D
from pathlib import Path

from billing.rules import money, pricing, tax
from billing.rules.periods import Month


def test_prorated_leap_february():
    """PROR-04: 100.00 for 1 to 14 February 2012, 14 of 29 days, is 48.28."""
    plan = pricing.Component("plan", pricing.RECURRING, D("100.00"), D("0.06"), "month", None)
    rated = pricing.rate_recurring(
        plan,
        quantity=D(1),
        month=Month(2012, 2),
        active_from=date(2012, 2, 1),
        active_until=date(2012, 2, 15),
        term_discount=D(0),
    )
    assert (rated.factor_numerator, rated.factor_denominator) == (14, 29)
    assert round(rated.amount / 100, 9) == D("0.482758621")
    assert money.round_to_minor(rated.amount, currency="CNY") == 48_28


def test_prorated_credit():
    """CN-02: 29 of 30 unused days of 160.00, tax 25 %: 154.67 + 38.67 = 193.34."""
    plan = pricing.Component("plan", pricing.RECURRING, D("160.00"), D("0.25"), "month", None)
    unused = pricing.recurring_charge(
        plan,
        quantity=D(1),
        month=Month(2026, 9),
        active_from=date(2026, 9, 2),
        active_until=None,
        term_discount=D(0),
    )
    net = money.round_to_minor(unused, currency="CNY")
    [line] = tax.tax_by_rate([(net, D("0.25"))], currency="CNY")
    assert (net, line.tax_minor, net + line.tax_minor) == (154_67, 38_67, 193_34)


def test_partial_payment_over_lines():
    """SPLIT-03: 5.00 paid on lines of 10.00 and 5.00 is 3.33 and 1.67."""
    assert money.split(5_00, [10_00, 5_00]) == [3_33, 1_67]
    assert money.split(5_00, [D("10.00"), D("5.00")]) == [3_33, 1_67]


def test_discount_over_lines():
    """SPLIT-04: 1.00 off lines of 3.33, 3.33 and 3.34 leaves 3.00 each."""
    lines = [3_33, 3_33, 3_34]
    off = money.split(1_00, lines)
    assert off == [33, 33, 34]
    assert [line - part for line, part in zip(lines, off, strict=True)] == [3_00, 3_00, 3_00]
    assert sum(lines) - sum(off) == 9_00


ROOT = Path(__file__).parents[2]
FILE = Path(os.environ.get("CASES", ROOT.parent / "shared" / "cases" / "rating_examples.json"))
PAGE = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8").split("## Where engines differ")[1]

RESTATED = [
    {"id": "KB-03", "category": "graduated", "convention": "none", "expected_amount": "15",
     "parameters": {"policy": "ALL_TIERS", "tiers": [{"block": "100", "max_blocks": "10", "price": "1"},
                                                     {"block": "1000", "max_blocks": "100", "price": "1"}]},
     "input": {"quantity": "5325"}, "expected": {"lines": ["10", "5"]}},
    {"id": "COMMIT-03", "category": "minimum_commitment", "convention": "none", "expected_amount": "93.50",
     "parameters": {"commitment": "100.00"}, "input": {"fees": ["2.00", "3.00", "1.50"]}},
    {"id": "SPLIT-03", "category": "commission_split", "convention": "none", "expected_amount": "5.00",
     "parameters": {"line_totals": ["10.00", "5.00"]}, "input": {"payment": "5.00"},
     "expected": {"parts": ["3.33", "1.67"]}},
]  # fmt: skip


def given():
    """The cases restated here, and those of the file where there is one."""
    return [*RESTATED, *(json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else [])]


def test_every_case_through_the_entry():
    """Without a convention the answer agrees to the digit; with one it agrees, or the page says why it does not."""
    cases = given()
    asked = [{name: value for name, value in case.items() if not name.startswith("expected")} for case in cases]
    ran = subprocess.run(
        [sys.executable, "-m", "billing.rules", "rate", "--json", "-"],
        input=json.dumps({"cases": asked}).encode(), capture_output=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.decode()) == (0, "")
    explained = set(re.findall(r"^\| ([A-Z]+-\d+) \|", PAGE, re.MULTILINE))
    differing = []
    for case, answer in zip(cases, json.loads(ran.stdout), strict=True):
        expected = {**case.get("expected", {}), "amount": D(case["expected_amount"])}
        found = {**answer, "amount": D(answer["amount"])}
        if any(found.get(name) != value for name, value in expected.items()):
            differing.append(case["id"])
            assert case["convention"] != "none", (case["id"], answer)
    assert set(differing) <= explained, differing
