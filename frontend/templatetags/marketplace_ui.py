"""Small things of the pages: icons, money, quantities, trends, links that keep filters."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.http import QueryDict
from django.utils.html import escape, format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from billing.rules import references

register = template.Library()

CURRENCY_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "HKD": "HK$"}
MINOR_DIGITS = 2
MINUS = "\N{MINUS SIGN}"

MOST_OPTIONS = 8  # of one kind of condition that stand unfolded
FEWEST_FOLDED = 3  # fewer are not worth a press

SPARKLINE_WIDTH = 92
SPARKLINE_HEIGHT = 36
SPARKLINE_MARGIN = 4


@lru_cache(maxsize=512)
def draw_icon(name: str, size: int) -> SafeString:
    svg = lucide._render_icon(name, size, **{"class": "icon", "aria-hidden": "true", "focusable": "false"})
    return mark_safe(svg)  # noqa: S308  (Lucide's own drawing; the name only chooses a file)


@register.simple_tag
def icon(name: str, size: int = 18) -> SafeString:
    """An icon of Lucide by its name, hidden from screen readers: the words stand beside it."""
    return draw_icon(str(name), int(size))


@register.filter
def money(amount_minor: int | None, currency: str = "CNY") -> str:
    """Minor units (fen) as "¥1,234.50"; nothing for None."""
    if amount_minor is None or amount_minor == "":
        return ""
    amount = Decimal(amount_minor).scaleb(-MINOR_DIGITS)
    return write_money(amount, MINOR_DIGITS, currency)


@register.filter
def unit_price(amount: Decimal | None, currency: str = "CNY") -> str:
    """A unit price with the decimals it has, two at least, eight at most: "¥0.0825"."""
    if amount is None or amount == "":
        return ""
    amount = Decimal(str(amount))
    exponent = amount.normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else MINOR_DIGITS
    return write_money(amount, min(max(digits, MINOR_DIGITS), 8), currency)


def write_money(amount: Decimal, digits: int, currency: str) -> str:
    sign = MINUS if amount < 0 else ""
    mark = CURRENCY_SIGNS.get(currency, f"{currency} ")
    # Both languages write figures alike; Django's number_format would cost ten times as much.
    return f"{sign}{mark}{abs(amount):,.{digits}f}"


@register.filter
def short_reference(number: str) -> str:
    """An invoice's number in ten digits with check digits, for bank forms that take no letters."""
    return references.short_reference(number)


@register.filter
def quantity(amount: Decimal | int | None, digits: int = 6) -> str:
    """A quantity with thousands separators and without idle zeros: "1,234.5"."""
    if amount is None or amount == "":
        return ""
    exact = Decimal(str(amount))
    exponent = exact.normalize().as_tuple().exponent
    needed = max(0, -exponent) if isinstance(exponent, int) else 0
    return f"{MINUS if exact < 0 else ''}{abs(exact):,.{min(needed, int(digits))}f}"


@register.filter
def percent(share: Decimal | None, digits: int = 2) -> str:
    """A share of one as per cent: 0.125 → "12.5%"."""
    if share is None or share == "":
        return ""
    return f"{quantity(Decimal(str(share)) * 100, digits)}%"


@register.simple_tag
def sparkline(values: Sequence[Any]) -> SafeString:
    """A trend as inline SVG: line, pale area, a dot on the newest value (the last).

    Fewer than two values draw nothing. It is hidden from screen readers: the
    figure and its change stand beside it in words.
    """
    figures = [float(value) for value in values or ()]
    if len(figures) < 2:
        return mark_safe("")
    low, high = min(figures), max(figures)
    if low == high:  # what does not move stands in the middle
        low, high = low - 1, high + 1
    spread = high - low
    step = (SPARKLINE_WIDTH - 2 * SPARKLINE_MARGIN) / (len(figures) - 1)
    drop = SPARKLINE_HEIGHT - 3 * SPARKLINE_MARGIN
    points = [
        (
            round(SPARKLINE_MARGIN + index * step, 1),
            round(SPARKLINE_MARGIN + (high - figure) / spread * drop, 1),
        )
        for index, figure in enumerate(figures)
    ]
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    area = f"{points[0][0]:g},{SPARKLINE_HEIGHT} {line} {points[-1][0]:g},{SPARKLINE_HEIGHT}"
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">'
        '<polygon points="{}"/><polyline points="{}"/><circle cx="{}" cy="{}" r="3"/></svg>',
        SPARKLINE_WIDTH,
        SPARKLINE_HEIGHT,
        area,
        line,
        f"{points[-1][0]:g}",
        f"{points[-1][1]:g}",
    )


@register.simple_tag
def control(field: BoundField, size: str = "") -> SafeString:
    """A form field's control with its class; Django adds aria-describedby and aria-invalid."""
    widget = field.field.widget
    if isinstance(widget, RadioSelect) or field.use_fieldset:
        return field.as_widget()
    if isinstance(widget, CheckboxInput):
        name = "form-check-input"
    elif isinstance(widget, Select):
        name = "form-select"
    else:
        name = "form-control"
    own = widget.attrs.get("class", "")
    names = [name, f"{name}-{size}" if size else "", own]
    return field.as_widget(attrs={"class": " ".join(part for part in names if part)})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the field is one box to tick (its label stands after it)."""
    return isinstance(field.field.widget, CheckboxInput)


@register.simple_tag(takes_context=True)
def without(context: template.Context, name: str, value: Any = None) -> str:
    """The page's query string without one value of `name` (or all), back on page 1.

    For the crosses of chips: facets repeat their name (`?city=a&city=b`), which
    Django's own {% querystring %} can only replace as a whole.
    """
    query: QueryDict = context["request"].GET.copy()
    kept = [one for one in query.getlist(name) if value is not None and one != str(value)]
    query.setlist(name, kept)
    if not kept:
        del query[name]
    query.pop("page", None)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag(takes_context=True)
def sort_link(context: template.Context, key: str, parameter: str = "sort") -> str:
    """The query string that sorts by `key`: first ascending, then (`-key`) descending."""
    query: QueryDict = context["request"].GET.copy()
    query[parameter] = f"-{key}" if query.get(parameter) == key else key
    query.pop("page", None)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def sort_state(context: template.Context, key: str, parameter: str = "sort") -> str:
    """The value of aria-sort for a column: "ascending", "descending" or ""."""
    current = context["request"].GET.get(parameter, "")
    return {key: "ascending", f"-{key}": "descending"}.get(current, "")


@register.simple_tag(takes_context=True)
def kept_fields(context: template.Context, *left_out: str) -> SafeString:
    """Hidden inputs with the page's query, so that a small form keeps the other filters."""
    query: QueryDict = context["request"].GET
    inputs = [
        format_html('<input type="hidden" name="{}" value="{}">', name, value)
        for name in query
        if name not in left_out and name != "page"
        for value in query.getlist(name)
    ]
    return mark_safe("".join(inputs))  # noqa: S308  (each input is escaped by format_html)


@register.simple_tag
def facet_options(facet: Any) -> SafeString:
    """The values of a kind of condition as boxes to tick. Written out here: a page has hundreds of them.

    Of a long list the first ones and those that are chosen are always in sight, the rest behind "more".
    """
    options = list(facet.options)
    if len(options) <= MOST_OPTIONS + FEWEST_FOLDED:
        return mark_safe(_write_options(facet.name, options))  # noqa: S308  (escaped there)
    folded = [option for option in options[MOST_OPTIONS:] if not option.checked]
    shown = [option for place, option in enumerate(options) if place < MOST_OPTIONS or option.checked]
    if not folded:
        return mark_safe(_write_options(facet.name, shown))  # noqa: S308  (escaped there)
    words = escape(gettext("%(count)s more") % {"count": len(folded)})
    return mark_safe(  # noqa: S308  (escaped there)
        f'{_write_options(facet.name, shown)}\n<li class="facet-more"><details><summary>{words}</summary><ul>'
        f"{_write_options(facet.name, folded)}</ul></details></li>"
    )


def _write_options(kind: str, options: Iterable[Any]) -> str:
    name = escape(kind)
    lines = []
    for option in options:
        value = escape(option.value)
        state = ' class="is-below"' if option.level else "" if option.count else ' class="is-none"'
        lines.append(
            f'<li{state}><div class="form-check"><input class="form-check-input" type="checkbox" name="{name}"'
            f' value="{value}" id="facet-{name}-{value}"{" checked" if option.checked else ""}>'
            f'<label class="form-check-label" for="facet-{name}-{value}">{escape(option.label)}</label></div>'
            f'<span class="tally-plain" id="count-{name}-{value}">{option.count:,}</span></li>'
        )
    return "\n".join(lines)


@register.filter
def page_numbers(page: Any) -> list[Any]:
    """The numbers of a pagination, with gaps, around the page's own."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1))


@register.simple_tag(takes_context=True)
def page_link(context: template.Context, number: int, parameter: str = "page") -> str:
    """The page's query string with another page number."""
    query: QueryDict = context["request"].GET.copy()
    query[parameter] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag
def chart_source(data: dict[str, Any], name: str) -> SafeString:
    """A chart's figures as JSON, which is data, not script, to the content security policy."""
    return json_script(data, f"chart-{name}")


@register.filter
def chart_rows(data: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """A chart's figures as rows: the category and one value for each series."""
    columns = [one["values"] for one in data["series"]]
    return [(name, [column[index] for column in columns]) for index, name in enumerate(data["categories"])]
