"""Judging one candidate: facts in, results out. No database, no clock, no words.

A criterion is {"kind": …} with the parameters that its kind takes, all JSON: levels and months are whole numbers, a
PUE and a percentage are text, read as exact decimals. The same list says what the page shows and what is judged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from billing.rules import periods
from marketplace.organisations import errors

SUPPORT_RANKS: Final = {"5x8": 1, "7x12": 2, "7x24": 3}
MOST_MONTHS: Final = 60
OPERATING: Final = "operating"

Criterion = Mapping[str, Any]


class InvalidCriteria(errors.Refused):
    """A criterion is unknown, doubled, or a parameter is missing or out of bounds."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A verified document in force. `value`: the MLPS level or the PUE; `valid_until` is the last good day."""

    id: int
    kind: str
    value: Decimal | None
    number: str
    issuer: str
    issued_date: date | None
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one offering on one day. Documents that are not verified or not in force are None."""

    on: date
    data_centre_status: str
    mlps: Proof | None = None
    pue: Proof | None = None
    assessment: Proof | None = None
    recognition: Proof | None = None
    sla_percent: Decimal | None = None
    support: str = ""
    exit_notice_days: int | None = None
    exit_export_days: int | None = None
    exit_export_formats: str = ""
    exit_fee: Decimal | None = None
    plans: int = 0
    plans_priced: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """How one criterion came out. `reason` is "" if it is met, else a code of `wording`.

    `value` is what was found, as text; `holds_until` the last day on which the same facts still meet the criterion.
    """

    kind: str
    met: bool
    value: str = ""
    reason: str = ""
    proof: Proof | None = None
    holds_until: date | None = None


def judge(*, criteria: Sequence[Criterion], facts: Facts) -> list[Result]:
    """One result for each criterion, in their order."""
    return [_KINDS[one["kind"]].judge(facts, one) for one in criteria]


def meets_all(results: Sequence[Result]) -> bool:
    """Whether every criterion is met. Of none, nothing is proven: False."""
    return bool(results) and all(one.met for one in results)


def holds_until(results: Sequence[Result]) -> date | None:
    """The last day on which all still hold if nothing is renewed; None if nothing lapses."""
    return min((one.holds_until for one in results if one.holds_until), default=None)


def check_criteria(values: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The criteria in the form they are stored in. Raises InvalidCriteria naming the kind or parameter."""
    checked: list[dict[str, Any]] = []
    for value in values:
        kind = _KINDS.get(str(value.get("kind")))
        if kind is None:
            raise InvalidCriteria(_("No criterion is called %(kind)s.") % {"kind": value.get("kind")}, field="kind")
        if any(one["kind"] == value["kind"] for one in checked):
            raise InvalidCriteria(_("Each kind of criterion can be set once."), field=value["kind"])
        unknown = set(value) - {"kind"} - set(kind.parameters)
        if unknown:
            raise InvalidCriteria(_("Not known: %(values)s.") % {"values": ", ".join(sorted(unknown))}, field="kind")
        parameters = {name: read(name, value.get(name)) for name, read in kind.parameters.items()}
        checked.append({"kind": value["kind"], **parameters})
    if not checked:
        raise InvalidCriteria(_("Set at least one criterion."), field="kind")
    return checked


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        text = str(value)
        is_whole = not isinstance(value, bool) and text.isascii() and text.isdecimal() and len(text) < 6
        if not is_whole or not least <= int(text) <= most:
            raise InvalidCriteria(
                _("Give a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}, field=name
            )
        return int(text)

    return read


def _decimal(least: str, most: str, places: int) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        refusal = InvalidCriteria(
            _("Give a number from %(least)s to %(most)s with at most %(places)s decimals.")
            % {"least": least, "most": most, "places": places},
            field=name,
        )
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise refusal from None
        if not number.is_finite() or not Decimal(least) <= number <= Decimal(most):
            raise refusal
        exponent = number.normalize().as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > places:
            raise refusal
        return f"{number.normalize():f}"

    return read


def _support(name: str, value: Any) -> str:
    if value not in SUPPORT_RANKS:
        raise InvalidCriteria(_("Choose one of: %(choices)s.") % {"choices": ", ".join(SUPPORT_RANKS)}, field=name)
    return str(value)


def _mlps(facts: Facts, criterion: Criterion) -> Result:
    proof = facts.mlps
    if proof is None or proof.value is None:
        return Result(kind=criterion["kind"], met=False, reason="no_proof")
    met = proof.value >= criterion["level"]
    return _of_proof(criterion, proof, met=met, value=f"{proof.value.normalize():f}", reason="too_low")


def _pue(facts: Facts, criterion: Criterion) -> Result:
    proof = facts.pue
    if proof is None or proof.value is None:
        return Result(kind=criterion["kind"], met=False, reason="no_proof")
    value = f"{proof.value.normalize():f}"
    if proof.value >= Decimal(criterion["limit"]):
        return _of_proof(criterion, proof, met=False, value=value, reason="too_high")
    return _not_older(facts, criterion, proof, value=value)


def _assessment(facts: Facts, criterion: Criterion) -> Result:
    proof = facts.assessment
    if proof is None:
        return Result(kind=criterion["kind"], met=False, reason="no_proof")
    return _not_older(facts, criterion, proof, value=(proof.issued_date or proof.valid_from).isoformat())


def _recognised(facts: Facts, criterion: Criterion) -> Result:
    proof = facts.recognition
    if proof is None:
        return Result(kind=criterion["kind"], met=False, reason="no_proof")
    return _of_proof(criterion, proof, met=True, value=proof.number, reason="")


def _not_older(facts: Facts, criterion: Criterion, proof: Proof, *, value: str) -> Result:
    """Met while the document's day (for a measurement, its last day) is at most `months` ago."""
    last = periods.add_months(proof.issued_date or proof.valid_from, criterion["months"])
    return _of_proof(criterion, proof, met=facts.on <= last, value=value, reason="too_old", age_ends=last)


def _of_proof(
    criterion: Criterion, proof: Proof, *, met: bool, value: str, reason: str, age_ends: date | None = None
) -> Result:
    ends = [day for day in (proof.valid_until, age_ends) if day]
    return Result(
        kind=criterion["kind"],
        met=met,
        value=value,
        reason="" if met else reason,
        proof=proof,
        holds_until=min(ends, default=None) if met else None,
    )


def _sla(facts: Facts, criterion: Criterion) -> Result:
    if facts.sla_percent is None:
        return Result(kind=criterion["kind"], met=False, reason="not_stated")
    met = facts.sla_percent >= Decimal(criterion["percent"])
    return _plain(criterion, met=met, value=f"{facts.sla_percent.normalize():f}", reason="too_low")


def _support_level(facts: Facts, criterion: Criterion) -> Result:
    if facts.support not in SUPPORT_RANKS:
        return Result(kind=criterion["kind"], met=False, reason="not_stated")
    met = SUPPORT_RANKS[facts.support] >= SUPPORT_RANKS[criterion["level"]]
    return _plain(criterion, met=met, value=facts.support, reason="too_low")


def _prices(facts: Facts, criterion: Criterion) -> Result:
    if not facts.plans:
        return Result(kind=criterion["kind"], met=False, reason="no_prices")
    return _plain(criterion, met=facts.plans_priced == facts.plans, value=str(facts.plans_priced), reason="incomplete")


def _exit_terms(facts: Facts, criterion: Criterion) -> Result:
    """Notice, export of the data (how long, in what formats) and the fee are all stated; a fee of zero is a fee."""
    stated = (facts.exit_notice_days, facts.exit_export_days, facts.exit_export_formats or None, facts.exit_fee)
    if any(one is None for one in stated):
        return Result(kind=criterion["kind"], met=False, reason="not_stated")
    return _plain(criterion, met=True, value=str(facts.exit_notice_days), reason="")


def _operating(facts: Facts, criterion: Criterion) -> Result:
    met = facts.data_centre_status == OPERATING
    return _plain(criterion, met=met, value=facts.data_centre_status, reason="not_operating")


def _plain(criterion: Criterion, *, met: bool, value: str, reason: str) -> Result:
    return Result(kind=criterion["kind"], met=met, value=value, reason="" if met else reason)


@dataclass(frozen=True, slots=True)
class _Kind:
    judge: Callable[[Facts, Criterion], Result]
    parameters: dict[str, Callable[[str, Any], Any]]


_MONTHS = _whole(1, MOST_MONTHS)
_KINDS: Final[dict[str, _Kind]] = {
    "data_centre_operating": _Kind(_operating, {}),
    "mlps_at_least": _Kind(_mlps, {"level": _whole(1, 5)}),
    "measured_pue_below": _Kind(_pue, {"limit": _decimal("1", "3", 2), "months": _MONTHS}),
    "assessment_not_older_than": _Kind(_assessment, {"months": _MONTHS}),
    "provider_recognised": _Kind(_recognised, {}),
    "sla_at_least": _Kind(_sla, {"percent": _decimal("90", "100", 3)}),
    "support_at_least": _Kind(_support_level, {"level": _support}),
    "prices_complete": _Kind(_prices, {}),
    "exit_terms_present": _Kind(_exit_terms, {}),
}
KINDS: Final = tuple(_KINDS)


def to_json(result: Result) -> dict[str, Any]:
    """A result as it is stored with an entry."""
    proof = result.proof
    return {
        "kind": result.kind,
        "met": result.met,
        "value": result.value,
        "reason": result.reason,
        "holds_until": result.holds_until.isoformat() if result.holds_until else None,
        "evidence": None
        if proof is None
        else {
            "id": proof.id,
            "kind": proof.kind,
            "number": proof.number,
            "issuer": proof.issuer,
            "issued_date": proof.issued_date.isoformat() if proof.issued_date else None,
            "valid_from": proof.valid_from.isoformat(),
            "valid_until": proof.valid_until.isoformat() if proof.valid_until else None,
        },
    }
