"""The one description of the file's format: which columns there are, what stands in them.

A row is one price component. The offering's own columns stand in its first row; further rows of the same code leave
them blank or repeat them. A heading may carry words for people before its name: “标题 [title]”. A column that is not
in the file leaves what it is about as it is; a blank cell takes it away.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from listings import content, wording
from listings.exchange import cells
from listings.exchange.cells import Column, Kind
from listings.exchange.problems import Problem, UnusableFile, name_column, shorten
from listings.models import Plan, PriceComponent, Product

SPEC: Final = "spec:"
DRAW: Final = "draw:"
COMMENT: Final = "#"  # a row whose code begins with it is left out
CODE: Final = "code"

_HEADING: Final = re.compile(r"(?:.*\[)?\s*([A-Za-z0-9_:.\-]+)\s*\]?\s*", re.DOTALL)


def _of(model: Any, field: str) -> dict[str, Any]:
    """Length, digits and places as the database keeps them."""
    found = model._meta.get_field(field)
    return {
        "most": getattr(found, "max_length", None) or 0,
        "digits": getattr(found, "max_digits", None) or 0,
        "places": getattr(found, "decimal_places", None) or 0,
    }


CREDITS_HELP: Final = gettext_lazy(
    "Such as 10; 99: 25; 95: 50. Below the promise 10 per cent of the month's charges, below an availability of 99 per "
    "cent 25, below 95 per cent 50. Blank: the marketplace's table."
)
_HELP: Final = {
    "title": gettext_lazy("Must be filled in, in Chinese."),
    "category": gettext_lazy("The code of a category, see below."),
    "data_centre": gettext_lazy("The code of one of your data centres, see below."),
    "deployment_models": gettext_lazy("Codes with semicolons between them, see below."),
    "solution_domains": gettext_lazy("Codes with semicolons between them, see below."),
    "sla_percent": gettext_lazy("Per cent, at most 3 decimals."),
    "sla_credits": CREDITS_HELP,
    "support": gettext_lazy("One of: 5x8, 7x12, 7x24."),
    "lead_time_days": gettext_lazy("A whole number."),
    "exit_notice_days": gettext_lazy("A whole number."),
    "exit_export_days": gettext_lazy("A whole number."),
    "exit_fee": gettext_lazy("CNY; 0 if leaving is free."),
}
_EXAMPLES: Final = {
    "title": "通用型云主机 4核8G",
    "title_en": "General cloud host, 4 cores, 8 GiB",
    "summary": "适合网站与中小型应用",
    "summary_en": "For web sites and small applications",
    "category": "cloud-hosts",
    "deployment_models": "public; private",
    "sla_percent": "99.95",
    "sla_credits": "10; 99: 25; 95: 50",
    "support": "7x24",
    "lead_time_days": "1",
    "exit_notice_days": "30",
    "exit_export_days": "30",
    "exit_export_formats": "qcow2, raw",
    "exit_fee": "0",
}
_CODES: Final = {"category", "data_centre"}

OFFERING: Final[tuple[Column, ...]] = (
    Column(
        CODE,
        gettext_lazy("code"),
        Kind.CODE,
        help=gettext_lazy("Your code of the offering; blank: one is made. A known code changes that offering."),
        example="#EXAMPLE-1",
        most=min(_of(Product, "code")["most"], _of(Product, "upc")["most"]),
    ),
    *(
        Column(
            name,
            label,
            Kind.CODE if name in _CODES else Kind.PLAIN,
            help=_HELP.get(name, ""),
            example=_EXAMPLES.get(name, ""),
        )
        for name, label in content.LABELS.items()
        if name not in ("specs", "draws")
    ),
)

OWN: Final = tuple(column.name for column in OFFERING if column.name != CODE)

PRICES: Final[tuple[Column, ...]] = (
    Column(
        "plan",
        gettext_lazy("plan"),
        Kind.CODE,
        help=gettext_lazy("A code; rows with the same one are prices of the same plan."),
        example="monthly",
        is_price=True,
        is_required=True,
        **_of(Plan, "code"),
    ),
    Column(
        "plan_name", gettext_lazy("name of the plan"), Kind.TEXT, example="包月", is_price=True, **_of(Plan, "name")
    ),
    Column(
        "plan_name_en",
        gettext_lazy("name of the plan in English"),
        Kind.TEXT,
        example="By the month",
        is_price=True,
        **_of(Plan, "name_en"),
    ),
    Column(
        "terms",
        gettext_lazy("terms"),
        Kind.TERMS,
        help=gettext_lazy("Months and, after a colon, the discount: 1; 12:0.1; 36:0.25. In the first row of a plan."),
        example="1; 12:0.1; 36:0.25",
        is_price=True,
    ),
    Column(
        "component",
        gettext_lazy("price"),
        Kind.CODE,
        help=gettext_lazy("A code of the price within its plan."),
        example="host",
        is_price=True,
        is_required=True,
        **_of(PriceComponent, "code"),
    ),
    Column(
        "component_name",
        gettext_lazy("name of the price"),
        Kind.TEXT,
        example="云主机",
        is_price=True,
        **_of(PriceComponent, "name"),
    ),
    Column(
        "component_name_en",
        gettext_lazy("name of the price in English"),
        Kind.TEXT,
        example="Cloud host",
        is_price=True,
        **_of(PriceComponent, "name_en"),
    ),
    Column(
        "kind",
        gettext_lazy("kind"),
        Kind.CODE,
        help=gettext_lazy("one_time, recurring (per month) or metered."),
        example="recurring",
        choices=tuple(PriceComponent.Kind.values),
        is_price=True,
        is_required=True,
    ),
    Column(
        "model",
        gettext_lazy("price model"),
        Kind.CODE,
        help=gettext_lazy("per_unit if blank; or flat, graduated, volume, package, percentage."),
        example="per_unit",
        choices=tuple(PriceComponent.Model.values),
        is_price=True,
    ),
    Column(
        "unit",
        gettext_lazy("unit"),
        Kind.TEXT,
        example="台·月",
        is_price=True,
        is_required=True,
        **_of(PriceComponent, "unit"),
    ),
    Column(
        "meter",
        gettext_lazy("meter"),
        Kind.CODE,
        help=gettext_lazy("Only for metered prices: the code that usage is reported under."),
        is_price=True,
        **_of(PriceComponent, "meter"),
    ),
    Column(
        "aggregation",
        gettext_lazy("what is counted"),
        Kind.CODE,
        help=gettext_lazy(
            "Only for metered prices; sum if blank; or count, max, latest, unique, weighted_sum (level × hours), "
            "weighted_average."
        ),
        choices=tuple(PriceComponent.Aggregation.values),
        is_price=True,
    ),
    Column(
        "unit_price",
        gettext_lazy("unit price without tax"),
        Kind.NUMBER,
        help=gettext_lazy("CNY, at most 8 decimals; 0 where tiers give the price."),
        example="212.7",
        is_price=True,
        is_required=True,
        **_of(PriceComponent, "unit_price"),
    ),
    Column(
        "vat_rate",
        gettext_lazy("VAT rate"),
        Kind.NUMBER,
        help=gettext_lazy("0.06 or 6%."),
        example="0.06",
        is_price=True,
        is_required=True,
        **_of(PriceComponent, "vat_rate"),
    ),
    Column(
        "tiers",
        gettext_lazy("tiers"),
        Kind.TIERS,
        help=gettext_lazy(
            "For graduated and volume: up to : price, with a third number for an amount of the tier itself; the last "
            "tier begins with *. 100:0.5; 500:0.4; *:0.3"
        ),
        is_price=True,
    ),
    *(
        Column(name, label, Kind.NUMBER, is_price=True, **_of(PriceComponent, name))
        for name, label in (
            ("package_size", gettext_lazy("units per package")),
            ("included_quantity", gettext_lazy("included quantity")),
            ("minimum_amount", gettext_lazy("at least, per month")),
            ("maximum_amount", gettext_lazy("at most, per month")),
        )
    ),
)

BY_NAME: Final = {column.name: column for column in (*OFFERING, *PRICES)}


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of the file holds what: place and column, spec code, or resource."""

    sheet: str
    width: int
    offering: tuple[tuple[int, Column], ...]
    specs: tuple[tuple[int, str], ...]
    draws: tuple[tuple[int, str], ...]
    prices: tuple[tuple[int, Column], ...]
    places: dict[str, int]  # name of the column → place

    def problem(self, *, row: int, field: str, message: str, value: object = "", code: str = "") -> Problem:
        """A problem with the cell of `field` in `row`; with the row if the file has no such column."""
        return Problem(
            message=message,
            sheet=self.sheet,
            row=row,
            column=self.places.get(field, -1),
            field=field,
            value=shorten(value),
            code=code,
        )


def read_heading(value: Any) -> str:
    """The column's name in a heading: `title` of “标题 [title]”. Empty if there is none."""
    found = _HEADING.fullmatch(cells.unquote(value)) if isinstance(value, str) else None
    return found[1].lower() if found else ""


def write_heading(*, name: str, label: str) -> str:
    """“标题 [title]”."""
    return cells.guard(f"{label} [{name}]")


def read_layout(*, sheet: str, header: Sequence[Any], spec_codes: Iterable[str]) -> Layout:
    """What each column of a file holds. Raises UnusableFile naming every heading that cannot be used."""
    known = {*BY_NAME, *(SPEC + code for code in spec_codes), *(DRAW + code for code in wording.RESOURCES)}
    places: dict[str, int] = {}
    faults: list[Problem] = []
    for place, value in enumerate(header):
        name = read_heading(value)
        message = _fault_of(name, value, known=known, places=places)
        if message:
            faults.append(Problem(message, sheet=sheet, row=1, column=place, value=shorten(value or "")))
        places.setdefault(name, place)
    names = {read_heading(value) for value in header}
    if not faults:
        faults.extend(_missing(names, sheet=sheet))
    if faults:
        raise UnusableFile(_in_cell(faults[0]), problems=faults)
    return Layout(
        sheet=sheet,
        width=len(header),
        offering=tuple((places[one.name], one) for one in OFFERING if one.name in places),
        specs=tuple((at, name[len(SPEC) :]) for name, at in places.items() if name.startswith(SPEC)),
        draws=tuple((at, name[len(DRAW) :]) for name, at in places.items() if name.startswith(DRAW)),
        prices=tuple((places[one.name], one) for one in PRICES if one.name in places),
        places=places,
    )


def _fault_of(name: str, value: Any, *, known: set[str], places: dict[str, int]) -> str:
    if name in known:
        if name not in places:
            return ""
        return _("The column %(name)s stands here again; it is in %(column)s already.") % {
            "name": name,
            "column": name_column(places[name]),
        }
    if value is None:
        return _("This column has no heading. Name it, or delete the column.")
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return _("There is no column %(name)s. Did you mean %(near)s?") % {"name": shorten(value), "near": near[0]}
    return _("There is no column %(name)s. Use the headings of the template.") % {"name": shorten(value)}


def _missing(names: set[str], *, sheet: str) -> Iterable[Problem]:
    needed = [CODE]
    if any(BY_NAME[name].is_price for name in names if name in BY_NAME):
        needed += [column.name for column in PRICES if column.is_required]
    for name in needed:
        if name not in names:
            message = _("The column %(name)s is missing. Take the headings of the template.") % {"name": name}
            yield Problem(message, sheet=sheet, row=1, field=name)


def _in_cell(problem: Problem) -> str:
    return f"{problem.cell}: {problem.message}" if problem.cell else problem.message
