"""What stands in one cell, read and written. Reading what was written gives the same value, in CSV and in XLSX."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from billing.rules.components import Tier
from listings.exchange.xlsx import NotPlain

SEPARATOR: Final = ";"
QUOTE: Final = "'"
# A cell that begins with one of these may be evaluated; the full-width signs are typed by Chinese input methods.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NUMBER: Final = re.compile(r"[+-]?\d{1,24}(\.\d{0,24})?([eE][+-]?\d{1,2})?")
_CODE: Final = re.compile(r"[^\s'\";,\[\]]+")
_YES: Final = {"yes", "true", "1", "是", "有", "y"}
_NO: Final = {"no", "false", "0", "否", "无", "n"}


class Misfit(Exception):
    """What stands in a cell does not fit its column; the message names the remedy."""


class Kind(Enum):
    """What a column holds."""

    PLAIN = "plain"  # text or a number; what may stand in it, `listings.content` says
    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    TERMS = "terms"
    TIERS = "tiers"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `most` is the length of a text, `digits` and `places` what the database keeps of a number."""

    name: str
    label: str | Promise
    kind: Kind = Kind.PLAIN
    help: str | Promise = ""
    example: str = ""
    most: int = 0
    digits: int = 0
    places: int = 0
    choices: tuple[str, ...] = ()
    is_price: bool = False
    is_required: bool = False


def guard(text: str) -> str:
    """The text as a spreadsheet can hold it without evaluating it; `unquote` takes the quotation mark off again."""
    return QUOTE + text if text.startswith((*FORMULA_STARTS, QUOTE)) else text


def unquote(text: str) -> str:
    """The text that `guard` was given. A quotation mark before anything else is the person's own."""
    return text[1:] if text[:1] == QUOTE and text[1:2] in (*FORMULA_STARTS, QUOTE) and len(text) > 1 else text


def read_plain(value: Any, column: Column) -> str | Decimal:
    """Text, or a number as a spreadsheet shows it."""
    if type(value) is str and value[0] not in "='":
        return value
    value = _plain(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _exact(value)
    return read_text(value, column)


def read_text(value: Any, column: Column) -> str:
    """Text as it stands in the cell; a number becomes its digits."""
    if type(value) is not str:
        value = _plain(value)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        value = str(_exact(value)) if isinstance(value, int | float) else value
    if value[0] in "='":
        if value[0] == "=":
            raise Misfit(_("A formula cannot be read. Write the value itself."))
        value = unquote(value)
    if column.most and len(value) > column.most:
        raise Misfit(
            _("The text has %(length)s characters; at most %(most)s fit.") % {"length": len(value), "most": column.most}
        )
    if _NOT_TEXT.search(value):
        raise Misfit(_("The text holds a control character. Type it again."))
    return value


def read_code(value: Any, column: Column) -> str:
    """A code. A number is refused: its leading zeros would be lost already."""
    if type(value) is not str and isinstance(_plain(value), int | float):
        raise Misfit(
            _("%(value)s is a number here: zeros before it may be lost. Format the column as text and type it again.")
            % {"value": value}
        )
    value = value.strip()
    if value[:1] == QUOTE:
        value = value[1:]
    if not _CODE.fullmatch(value) or _NOT_TEXT.search(value) or value[0] in (*FORMULA_STARTS, "#"):
        raise Misfit(
            _("A code has no spaces, quotation marks, commas or semicolons, and does not begin with = + - @ #.")
        )
    if column.most and len(value) > column.most:
        raise Misfit(_("A code has at most %(most)s characters.") % {"most": column.most})
    if column.choices and value not in column.choices:
        raise Misfit(_("Choose one of: %(choices)s.") % {"choices": ", ".join(column.choices)})
    return value


def read_number(value: Any, column: Column) -> Decimal:
    """A decimal number. A spreadsheet keeps 15 digits, so more than that stands as text."""
    if type(value) is not str:
        value = _plain(value)
        if isinstance(value, bool):
            raise Misfit(_("This must be a number, such as 0.35."))
        number = _exact(value)
    else:
        text = unquote(value.strip())
        share = text.endswith("%")
        if not _NUMBER.fullmatch(text.removesuffix("%")):
            raise Misfit(_("This must be a number, such as 0.35, without units and separators."))
        number = Decimal(text.removesuffix("%"))
        number = number.scaleb(-2) if share else number
    return _fitting(number, digits=column.digits, places=column.places)


def _fitting(number: Decimal, *, digits: int, places: int) -> Decimal:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -places:
        short = number.normalize()
        exponent = short.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -places:
            raise Misfit(_("At most %(places)s decimals fit here.") % {"places": places})
        number = short
    if digits and number.adjusted() >= digits - places:
        raise Misfit(_("At most %(digits)s digits fit before the point.") % {"digits": digits - places})
    return number


def read_terms(value: Any, column: Column) -> dict[int, Decimal]:
    """Months and discounts: `1; 12:0.1; 36:0.25`."""
    terms: dict[int, Decimal] = {}
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    for part in re.split("[;；]", read_text(value, column)):
        if not part.strip():
            continue
        months, _colon, discount = (piece.strip() for piece in part.partition(":"))
        if not months.isascii() or not months.isdigit() or len(months) > 3 or int(months) in terms:
            raise Misfit(_("Write months and discounts such as 1; 12:0.1; 36:0.25, each number of months once."))
        terms[int(months)] = _read_part(discount or "0", digits=5, places=4)
    if not terms:
        raise Misfit(_("Name at least one term, such as 1; 12:0.1."))
    return terms


def read_tiers(value: Any, column: Column) -> tuple[Tier, ...]:
    """Tiers: `100:0.5; 500:0.4:20; *:0.3`, each up to : price : amount of its own; the last has no end."""
    tiers = []
    for part in re.split("[;；]", read_text(value, column)):
        if not part.strip():
            continue
        pieces = [piece.strip() for piece in part.split(":")]
        if len(pieces) not in (2, 3):
            raise Misfit(_("Write tiers such as 100:0.5; 500:0.4; *:0.3, the last one with * for no end."))
        tiers.append(
            Tier(
                up_to=None if pieces[0] == "*" else _read_part(pieces[0], digits=20, places=6),
                unit_price=_read_part(pieces[1], digits=20, places=8),
                flat=_read_part(pieces[2], digits=20, places=8) if len(pieces) > 2 else Decimal(0),
            )
        )
    return tuple(tiers)


def _read_part(text: str, *, digits: int, places: int) -> Decimal:
    return read_number(text, Column("", "", digits=digits, places=places))


def read_truth(value: Any) -> bool:
    """Yes or no, in Chinese or English."""
    if isinstance(value, bool):
        return value
    word = str(_plain(value)).strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Misfit(_("Write yes or no (是 or 否)."))


def read_spec(value: Any, kind: str) -> Any:
    """A specification's value in the type that its schema names; whether it fits, `specs.check` says."""
    if kind == "boolean":
        return read_truth(value)
    if kind in ("integer", "float"):
        number = read_number(value, _SPEC_NUMBER)
        return int(number) if number == number.to_integral_value() else float(number)
    return read_text(value, _SPEC_TEXT)


def _plain(value: Any) -> Any:
    """The value, unless it is a formula, a date or an error."""
    if not isinstance(value, NotPlain):
        return value
    if value.kind == "formula":
        raise Misfit(_("A formula cannot be read. Write the value itself."))
    if value.kind == "date":
        raise Misfit(_("The cell is formatted as a date. Format it as text and type the value again."))
    raise Misfit(_("The cell shows an error of the spreadsheet. Write the value itself."))


def _exact(value: int | float) -> Decimal:
    """What a spreadsheet shows of a number: 15 digits."""
    return Decimal(value) if isinstance(value, int) else Decimal(format(value, ".15g"))


READERS: Final[Mapping[Kind, Callable[[Any, Column], Any]]] = {
    Kind.PLAIN: read_plain,
    Kind.TEXT: read_text,
    Kind.CODE: read_code,
    Kind.NUMBER: read_number,
    Kind.TERMS: read_terms,
    Kind.TIERS: read_tiers,
}
_SPEC_NUMBER: Final = Column("", "", digits=18, places=6)
_SPEC_TEXT: Final = Column("", "", most=1_000)


def write_cell(value: Any) -> str | Decimal | None:
    """A value as the file holds it; the reader of its kind makes the same value of it."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        value = write_terms(value)
    elif not isinstance(value, str):
        value = f"{SEPARATOR} ".join(value)
    return guard(value) or None


def write_terms(terms: Mapping[int, Decimal]) -> str:
    """`1; 12:0.1`."""
    return "; ".join(
        str(months) if not discount else f"{months}:{format(discount.normalize(), 'f')}"
        for months, discount in sorted(terms.items())
    )


def write_tiers(tiers: Iterable[Tier]) -> str:
    """`100:0.5; *:0.4:20`."""
    parts = []
    for tier in tiers:
        up_to = "*" if tier.up_to is None else format(tier.up_to, "f")
        parts.append(f"{up_to}:{tier.unit_price:f}" + (f":{tier.flat:f}" if tier.flat else ""))
    return "; ".join(parts)
