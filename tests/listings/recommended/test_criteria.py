"""The criteria, one line for each way a candidate can meet or fail them. No database."""

from datetime import date
from decimal import Decimal

import pytest

from listings.recommended import criteria
from listings.recommended.criteria import Facts, Proof

ON = date(2026, 11, 25)


def proof(value=None, *, kind="mlps", issued=date(2026, 3, 15), until=None):
    return Proof(
        id=7,
        kind=kind,
        value=None if value is None else Decimal(value),
        number="DOC-1",
        issuer="示例测评",
        issued_date=issued,
        valid_from=issued,
        valid_until=until,
    )


def facts(**known):
    return Facts(**{"on": ON, "data_centre_status": "operating", **known})


EXIT = {"exit_notice_days": 30, "exit_export_days": 30, "exit_export_formats": "CSV", "exit_fee": Decimal(0)}
MLPS, PUE = {"kind": "mlps_at_least", "level": 3}, {"kind": "measured_pue_below", "limit": "1.5", "months": 12}
ASSESSED = {"kind": "assessment_not_older_than", "months": 24}
SLA, SUPPORT = {"kind": "sla_at_least", "percent": "99.9"}, {"kind": "support_at_least", "level": "7x12"}

# criterion | facts | met | value | reason | holds until
TABLE = [
    (MLPS, facts(mlps=proof("3", until=date(2027, 3, 14))), True, "3", "", date(2027, 3, 14)),
    (MLPS, facts(mlps=proof("4")), True, "4", "", None),
    (MLPS, facts(mlps=proof("2", until=date(2028, 3, 14))), False, "2", "too_low", None),
    (MLPS, facts(), False, "", "no_proof", None),
    (PUE, facts(pue=proof("1.49", issued=date(2026, 6, 30))), True, "1.49", "", date(2027, 6, 30)),
    (PUE, facts(pue=proof("1.5", issued=date(2026, 6, 30))), False, "1.5", "too_high", None),
    (PUE, facts(pue=proof("1.31", issued=date(2025, 11, 25))), True, "1.31", "", date(2026, 11, 25)),
    (PUE, facts(pue=proof("1.31", issued=date(2025, 11, 24))), False, "1.31", "too_old", None),
    (PUE, facts(pue=proof("1.31", until=date(2026, 12, 1))), True, "1.31", "", date(2026, 12, 1)),
    (PUE, facts(), False, "", "no_proof", None),
    (ASSESSED, facts(assessment=proof(issued=date(2025, 1, 10))), True, "2025-01-10", "", date(2027, 1, 10)),
    (ASSESSED, facts(assessment=proof(issued=date(2024, 1, 10))), False, "2024-01-10", "too_old", None),
    (ASSESSED, facts(), False, "", "no_proof", None),
    ({"kind": "provider_recognised"}, facts(recognition=proof(until=ON)), True, "DOC-1", "", ON),
    ({"kind": "provider_recognised"}, facts(), False, "", "no_proof", None),
    (SLA, facts(sla_percent=Decimal("99.900")), True, "99.9", "", None),
    (SLA, facts(sla_percent=Decimal("99.899")), False, "99.899", "too_low", None),
    (SLA, facts(), False, "", "not_stated", None),
    (SUPPORT, facts(support="7x24"), True, "7x24", "", None),
    (SUPPORT, facts(support="7x12"), True, "7x12", "", None),
    (SUPPORT, facts(support="5x8"), False, "5x8", "too_low", None),
    (SUPPORT, facts(), False, "", "not_stated", None),
    ({"kind": "prices_complete"}, facts(plans=2, plans_priced=2), True, "2", "", None),
    ({"kind": "prices_complete"}, facts(plans=2, plans_priced=1), False, "1", "incomplete", None),
    ({"kind": "prices_complete"}, facts(), False, "", "no_prices", None),
    ({"kind": "exit_terms_present"}, facts(**EXIT), True, "30", "", None),
    ({"kind": "exit_terms_present"}, facts(**{**EXIT, "exit_fee": None}), False, "", "not_stated", None),
    ({"kind": "exit_terms_present"}, facts(**{**EXIT, "exit_export_formats": ""}), False, "", "not_stated", None),
    ({"kind": "data_centre_operating"}, facts(), True, "operating", "", None),
    (
        {"kind": "data_centre_operating"},
        facts(data_centre_status="building"),
        False,
        "building",
        "not_operating",
        None,
    ),
]


@pytest.mark.parametrize(("criterion", "known", "met", "value", "reason", "until"), TABLE)
def test_one_criterion(criterion, known, met, value, reason, until):
    (result,) = criteria.judge(criteria=[criterion], facts=known)
    assert (result.met, result.value, result.reason, result.holds_until) == (met, value, reason, until)


def test_every_kind_is_in_the_table():
    assert {row[0]["kind"] for row in TABLE} == set(criteria.KINDS)


def test_all_must_be_met_and_the_first_to_lapse_decides():
    known = facts(mlps=proof("3", until=date(2027, 3, 14)), pue=proof("1.31", issued=date(2026, 1, 31)))
    results = criteria.judge(criteria=[MLPS, PUE], facts=known)
    assert criteria.meets_all(results)
    assert criteria.holds_until(results) == date(2027, 1, 31)
    assert not criteria.meets_all(criteria.judge(criteria=[MLPS, SLA], facts=known))
    assert not criteria.meets_all([])


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([], "kind"),
        ([{"kind": "looks_nice"}], "kind"),
        ([{"kind": "prices_complete", "level": 3}], "kind"),
        ([{"kind": "prices_complete"}, {"kind": "prices_complete"}], "prices_complete"),
        ([{"kind": "mlps_at_least"}], "level"),
        ([{"kind": "mlps_at_least", "level": True}], "level"),
        ([{"kind": "mlps_at_least", "level": 6}], "level"),
        ([{"kind": "mlps_at_least", "level": "３"}], "level"),
        ([{"kind": "measured_pue_below", "limit": "1.555", "months": 12}], "limit"),
        ([{"kind": "measured_pue_below", "limit": "NaN", "months": 12}], "limit"),
        ([{"kind": "measured_pue_below", "limit": "0.9", "months": 12}], "limit"),
        ([{"kind": "measured_pue_below", "limit": "1.5", "months": 61}], "months"),
        ([{"kind": "sla_at_least", "percent": "ninety"}], "percent"),
        ([{"kind": "sla_at_least", "percent": "1e99999999"}], "percent"),
        ([{"kind": "support_at_least", "level": "always"}], "level"),
    ],
)
def test_criteria_that_cannot_be_announced(rules, field):
    with pytest.raises(criteria.InvalidCriteria) as refusal:
        criteria.check_criteria(rules)
    assert refusal.value.field == field


def test_parameters_are_stored_as_the_judge_reads_them():
    stored = criteria.check_criteria(
        [{"kind": "measured_pue_below", "limit": Decimal("1.50"), "months": "12"}, {"kind": "prices_complete"}]
    )
    assert stored == [{"kind": "measured_pue_below", "limit": "1.5", "months": 12}, {"kind": "prices_complete"}]
