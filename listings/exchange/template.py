"""The empty file to fill in, with an example and a sheet that explains every column; and problems as a file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from django.utils.translation import gettext as _

from listings import life, wording
from listings.content import Schema
from listings.exchange import cells, columns, export
from listings.exchange.export import Heading
from listings.models import Category, SolutionDomain
from listings.taxonomy.specs import Spec
from marketplace.organisations import errors
from providers.models import CapacityPool, DataCentre

VALIDATED_ROWS: Final = 5_000
EXAMPLE_CODE: Final = "#EXAMPLE-1"
Lists = list[tuple[str, list[tuple[str, str]]]]


class NoSuchCategory(errors.NotFound):
    """No category is called this."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template is made of: headings, one example, and the codes that may stand in it."""

    headings: list[Heading]
    example: dict[str, str]
    lists: Lists
    specs: dict[str, Spec]


def list_categories() -> list[tuple[str, str]]:
    """(slug, name) of every category that offerings stand in, in the order of the taxonomy."""
    rows = Category.objects.filter(depth__gt=1).order_by("path")
    return [(row.slug, wording.choose(row.name, row.name_en)) for row in rows]


def read_facts(*, partner_id: int, category: str) -> Facts:
    """For one category, or for all if none is named. Raises NoSuchCategory."""
    schema = life.read_schema(partner_id=partner_id)
    if category and category not in schema.categories:
        raise NoSuchCategory(category)
    categories = [(slug, name) for slug, name in list_categories() if not category or slug == category]
    centres = [(one.code, one.name) for one in DataCentre.objects.filter(partner_id=partner_id).order_by("code")]
    resources = dict.fromkeys(
        CapacityPool.objects.filter(data_centre__partner_id=partner_id).values_list("resource", flat=True)
    )
    domains = [
        (one.code, wording.choose(one.name, one.name_en)) for one in SolutionDomain.objects.order_by("position", "code")
    ]
    chosen = [slug for slug, _name in categories]
    specs = {one.code: one for slug in chosen for one in schema.categories[slug].attributes}
    return Facts(
        headings=export.list_headings(schema=schema, categories=chosen, resources=resources),
        example=_make_example(schema, chosen, centres),
        lists=[
            (_("Categories"), categories),
            (_("Data centres"), centres),
            (_("Deployment models"), [(code, str(name)) for code, name in wording.DEPLOYMENT_MODELS.items()]),
            (_("Solution domains"), domains),
        ],
        specs=specs,
    )


def _make_example(schema: Schema, categories: Sequence[str], centres: Sequence[tuple[str, str]]) -> dict[str, str]:
    example = {column.name: column.example for column in columns.BY_NAME.values() if column.example}
    if categories and example["category"] not in categories:
        example["category"] = categories[0]
    example["data_centre"] = centres[0][0] if centres else ""
    rules = schema.categories.get(example["category"])
    for one in rules.attributes[:6] if rules else ():
        example[columns.SPEC + one.code] = _example_of(one)
    return example


def _example_of(spec: Spec) -> str:
    if spec.options:
        return spec.options[0].value
    least = spec.minimum if spec.minimum is not None else 4
    examples = {"integer": f"{max(int(least), 1)}", "float": f"{max(least, 1):f}", "boolean": "yes"}
    return examples.get(spec.kind, "–")


def write_csv(*, facts: Facts) -> Iterator[bytes]:
    """The headings and the example, whose code begins with # so that the import leaves it out."""
    rows = [[facts.example.get(heading.name) or None for heading in facts.headings]]
    return export.stream_csv(headings=facts.headings, rows=rows)


def write_xlsx(*, path: Path, facts: Facts) -> None:
    """The sheet to fill in, with choices to pick from, and the sheet that explains it."""
    book = xlsxwriter.Workbook(str(path))
    try:
        sheet = export.add_sheet(book, name=_("Offerings"), headings=facts.headings)
        faint = book.add_format({"italic": True, "font_color": "#6B7280"})
        for place, heading in enumerate(facts.headings):
            sheet.write_string(1, place, facts.example.get(heading.name, ""), faint)
        name = _("Explanation")
        places = _explain(book, name=name, facts=facts)
        _offer_choices(sheet, facts, name=name, places=places)
    finally:
        book.close()


def _explain(book: Any, *, name: str, facts: Facts) -> dict[str, tuple[int, int]]:
    """The second sheet; returns the rows [first, last] of the lists that can be picked from."""
    bold, wrapped = book.add_format({"bold": True, "bg_color": "#E8EDF7"}), book.add_format({"text_wrap": True})
    sheet = book.add_worksheet(name[:31])
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 34)
    sheet.set_column(2, 2, 70, wrapped)
    row = 0
    for line in (
        _("One row per price. The offering's own columns stand in its first row; its further rows leave them blank."),
        _("A row whose code begins with # is left out, like the example."),
        _("A column that you delete stays as it is in the marketplace; a blank cell takes the value away."),
        _("To write text that begins with = + - @ or a quotation mark, put a quotation mark ' before it."),
    ):
        sheet.write_string(row, 0, cells.guard(line))
        row += 1
    for place, text in enumerate((_("Column"), _("Meaning"), _("What may stand in it"))):
        sheet.write_string(row + 1, place, text, bold)
    row += 2
    for heading in facts.headings:
        sheet.write_string(row, 0, heading.name)
        sheet.write_string(row, 1, heading.label)
        sheet.write_string(row, 2, _allowed(heading.name, facts.specs), wrapped)
        row += 1
    places = {}
    for title, codes in facts.lists:
        sheet.write_string(row + 1, 0, title, bold)
        row += 2
        places[title] = (row, row + len(codes) - 1)
        for code, label in codes:
            sheet.write_string(row, 0, code)
            sheet.write_string(row, 1, label)
            row += 1
    return places


def _allowed(name: str, specs: Mapping[str, Spec]) -> str:
    if name in columns.BY_NAME:
        column = columns.BY_NAME[name]
        return f"{_('Needed for every price.')} {column.help}".strip() if column.is_required else str(column.help)
    if name.startswith(columns.DRAW):
        return _("How much one unit takes of the data centre's capacity; blank if nothing.")
    one = specs[name[len(columns.SPEC) :]]
    if one.options:
        return "; ".join(f"{option.value} ({option.label})" for option in one.options)
    words = {
        "integer": _("A whole number."),
        "float": _("A number."),
        "boolean": _("yes or no (是 or 否)."),
    }.get(one.kind, _("Text."))
    bounds = [
        text
        for text in (
            _("at least %(least)s") % {"least": f"{one.minimum.normalize():f}"} if one.minimum is not None else "",
            _("at most %(most)s") % {"most": f"{one.maximum.normalize():f}"} if one.maximum is not None else "",
        )
        if text
    ]
    return f"{words} {', '.join(bounds)}".strip()


def _offer_choices(sheet: Any, facts: Facts, *, name: str, places: Mapping[str, tuple[int, int]]) -> None:
    """Lists to pick from in the cells: categories and data centres from the second sheet, the rest written out."""
    sources: dict[str, Any] = {
        "support": list(wording.SUPPORT),
        "kind": list(columns.BY_NAME["kind"].choices),
        "model": list(columns.BY_NAME["model"].choices),
    }
    for column, title in (("category", _("Categories")), ("data_centre", _("Data centres"))):
        first, last = places[title]
        if last >= first:
            sources[column] = f"='{name}'!$A${first + 1}:$A${last + 1}"
    for place, heading in enumerate(facts.headings):
        if heading.name in sources:
            choice = {"validate": "list", "source": sources[heading.name]}
            sheet.data_validation(2, place, VALIDATED_ROWS, place, choice)


def write_problems(*, problems: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Sheet, cell, offering, column, value and sentence of each problem."""
    names = {
        "sheet": _("Sheet"),
        "cell": _("Cell"),
        "code": _("code"),
        "field": _("Column"),
        "value": _("Value"),
        "message": _("What is wrong"),
    }
    headings = [Heading(name, label) for name, label in names.items()]
    rows = ([cells.guard(str(one.get(name) or "")) or None for name in names] for one in problems)
    return export.stream_csv(headings=headings, rows=rows)
