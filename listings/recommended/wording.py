"""Criteria, results and reasons in the reader's language. What is stored is codes and figures; the words are here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from listings.wording import SUPPORT

SHORT: Final[dict[str, Promise]] = {
    "data_centre_operating": pgettext_lazy("criterion", "Data centre"),
    "mlps_at_least": pgettext_lazy("criterion", "MLPS"),
    "measured_pue_below": pgettext_lazy("criterion", "Measured PUE"),
    "assessment_not_older_than": pgettext_lazy("criterion", "Third-party assessment"),
    "provider_recognised": pgettext_lazy("criterion", "Recognised provider"),
    "sla_at_least": pgettext_lazy("criterion", "SLA"),
    "support_at_least": pgettext_lazy("criterion", "Support"),
    "prices_complete": pgettext_lazy("criterion", "Prices"),
    "exit_terms_present": pgettext_lazy("criterion", "Exit terms"),
}

_RULES: Final[dict[str, Promise]] = {
    "data_centre_operating": gettext_lazy("The data centre is in operation"),
    "mlps_at_least": gettext_lazy("MLPS level %(level)s or above, with a valid assessment"),
    "measured_pue_below": gettext_lazy("Measured PUE below %(limit)s, measured within the last %(months)s months"),
    "assessment_not_older_than": gettext_lazy("Third-party assessment not older than %(months)s months"),
    "provider_recognised": gettext_lazy("The provider is recognised as a cloud enterprise"),
    "sla_at_least": gettext_lazy("Availability of at least %(percent)s%% is promised"),
    "support_at_least": gettext_lazy("Technical support of at least %(level)s"),
    "prices_complete": gettext_lazy("Every plan has complete prices with tax stated"),
    "exit_terms_present": gettext_lazy("Exit terms are stated: notice, export of the data, fee"),
}

_VALUES: Final[dict[str, Callable[[str], Any]]] = {
    "mlps_at_least": lambda value: _("level %(level)s") % {"level": value},
    "provider_recognised": lambda _value: _("recognised"),
    "sla_at_least": lambda value: f"{value}%",
    "support_at_least": lambda value: SUPPORT.get(value, value),
    "prices_complete": lambda _value: _("complete"),
    "exit_terms_present": lambda _value: _("stated"),
    "data_centre_operating": lambda _value: _("in operation"),
}

_REASONS: Final[dict[str, Promise]] = {
    "no_proof": gettext_lazy("no verified evidence in force"),
    "too_low": gettext_lazy("%(value)s is too low"),
    "too_high": gettext_lazy("%(value)s is too high"),
    "too_old": gettext_lazy("the evidence of %(day)s is too old"),
    "not_stated": gettext_lazy("not stated"),
    "no_prices": gettext_lazy("no list price in force"),
    "incomplete": gettext_lazy("a plan has no price or no term"),
    "not_operating": gettext_lazy("not in operation"),
}

_LEFT: Final[dict[str, Promise]] = {
    "withdrawn": gettext_lazy("The provider withdrew the offering."),
    "frozen": gettext_lazy("The platform froze the offering."),
    "": gettext_lazy("The offering left the catalogue."),
}


def write_short(criterion: Mapping[str, Any]) -> str:
    """The heading of a criterion's column."""
    return str(SHORT[criterion["kind"]])


def write_rule(criterion: Mapping[str, Any]) -> str:
    """A criterion as it is announced."""
    values = {name: SUPPORT.get(str(value), value) for name, value in criterion.items()}
    return str(_RULES[criterion["kind"]]) % values


def write_value(result: Mapping[str, Any]) -> str:
    """What was found, in a word or two: a level, a figure, a day."""
    if result["reason"] in ("no_proof", "not_stated", "no_prices", "incomplete", "not_operating"):
        return str(_REASONS[result["reason"]])
    write = _VALUES.get(result["kind"])
    return str(write(result["value"])) if write else str(result["value"])


def write_evidence(result: Mapping[str, Any]) -> str:
    """The document a result stands on: its number, issuer and days; empty without one."""
    document = result.get("evidence")
    if not document:
        return ""
    parts = [document["number"], document["issuer"]]
    if document["issued_date"]:
        parts.append(_("of %(day)s") % {"day": document["issued_date"]})
    if result.get("holds_until"):
        parts.append(_("valid until %(day)s") % {"day": result["holds_until"]})
    return " · ".join(part for part in parts if part)


def write_sentence(result: Mapping[str, Any]) -> str:
    """How a criterion came out, in one sentence for a list or a cell of a file."""
    if result["met"]:
        evidence = write_evidence(result)
        value = write_value(result)
        return f"{value} ({evidence})" if evidence else value
    return write_failure(result)


def write_failure(result: Mapping[str, Any]) -> str:
    """Why a criterion is not met."""
    document = result.get("evidence") or {}
    day = document.get("issued_date") or document.get("valid_from") or ""
    write = _VALUES.get(result["kind"])
    value = write(result["value"]) if write else result["value"]
    return str(_REASONS[result["reason"]]) % {"value": value, "day": day}


def write_left(reason: Mapping[str, Any] | None) -> str:
    """Why an entry left its edition, for everyone to read; empty if it has not left."""
    if not reason:
        return ""
    code = reason["code"]
    if code in ("lapsed", "revoked", "criterion"):
        words = {"criterion": write_short(reason["criterion"])}
        document = reason.get("evidence") or {}
        words["number"] = document.get("number") or _("without a number")
        if code == "lapsed":
            return _("%(criterion)s: the evidence %(number)s was valid until %(day)s and was not renewed.") % {
                **words,
                "day": reason["until"],
            }
        if code == "revoked":
            return _("%(criterion)s: the evidence %(number)s was revoked: %(why)s") % {**words, "why": reason["why"]}
        return _("No longer meets “%(rule)s”: %(failure)s.") % {
            "rule": write_rule(reason["criterion"]),
            "failure": write_failure(reason["result"]),
        }
    return str(_LEFT.get(code, _LEFT[""]))
