"""Reading what people typed or a file holds: text, whole numbers, decimals, choices. Each refusal names the remedy."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from marketplace.organisations import errors

TAG: Final = re.compile(r"<\s*[/!?a-zA-Z]")
# They turn the direction of what follows, so that a title reads otherwise than it is stored.
TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LONGEST_SHOWN: Final = 40
LONGEST_NUMBER: Final = 30


class InvalidContent(errors.Refused):
    """A field of an offering is wrong in itself; `field` names it, the message says what to do."""


def read_text(value: Any, *, field: str, label: str, longest: int, is_needed: bool = False) -> str:
    """One line of plain text, trimmed, in Unicode's composed form. Line ends become spaces.

    Refuses control characters, characters that turn the direction, HTML and more than `longest` characters.
    """
    text = unicodedata.normalize("NFC", "" if value is None else str(value)).strip()
    if "\n" in text or "\r" in text:
        text = re.sub(r"[ \t]*[\r\n]+[ \t]*", " ", text)
    if is_needed and not text:
        raise InvalidContent(_("Fill in: %(field)s.") % {"field": label}, field=field)
    if len(text) > longest:
        raise InvalidContent(
            _("Shorten to %(most)s characters: %(field)s has %(length)s.")
            % {"field": label, "most": longest, "length": len(text)},
            field=field,
        )
    if not text.isprintable() and any(
        unicodedata.category(one) in ("Cc", "Cs", "Co", "Cn") or one in TURNING for one in text
    ):
        raise InvalidContent(
            _("Remove characters that cannot be printed from: %(field)s. Type the text anew.") % {"field": label},
            field=field,
        )
    if TAG.search(text):
        raise InvalidContent(_("Write plain text without HTML in: %(field)s.") % {"field": label}, field=field)
    return text


def read_whole(value: Any, *, field: str, label: str, most: int) -> int | None:
    """A whole number from 0 to `most`; None if nothing is stated."""
    number = read_number(value, field=field, label=label, least=Decimal(0), most=Decimal(most), places=0)
    return None if number is None else int(number)


def read_number(value: Any, *, field: str, label: str, least: Decimal, most: Decimal, places: int) -> Decimal | None:
    """A decimal from `least` to `most` with at most `places` decimals; None if nothing is stated."""
    text = "" if value is None or isinstance(value, bool) else str(value).strip()
    if value is None or (text == "" and not isinstance(value, bool)):
        return None
    try:
        number = Decimal(text) if len(text) <= LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite() and least <= number <= most:
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent <= places:
            return number
    words = (
        _("Give a whole number from %(least)s to %(most)s for %(field)s, not %(value)s.")
        if places == 0
        else _(
            "Give a number from %(least)s to %(most)s with at most %(places)s decimals for %(field)s, not %(value)s."
        )
    )
    shown = {"least": f"{least:f}", "most": f"{most:f}", "places": places, "field": label}
    raise InvalidContent(words % {**shown, "value": str(value)[:LONGEST_SHOWN]}, field=field)


def read_choice(value: Any, *, field: str, label: str, known: Sequence[str]) -> str:
    """One of `known`, or nothing."""
    text = "" if value is None else str(value).strip()
    if text and text not in known:
        _refuse_choice(text, field=field, label=label, known=known)
    return text


def read_list(value: Any, *, field: str, label: str, known: Sequence[str]) -> tuple[str, ...]:
    """Some of `known`, each once, in the order of `known`. Text is split at commas and 、."""
    parts = re.split(r"[,，、;；]", value) if isinstance(value, str) else [str(one) for one in value or ()]
    chosen = {one.strip() for one in parts if one.strip()}
    for one in sorted(chosen):
        if one not in known:
            _refuse_choice(one, field=field, label=label, known=known)
    return tuple(one for one in known if one in chosen)


def _refuse_choice(value: str, *, field: str, label: str, known: Sequence[str]) -> None:
    raise InvalidContent(
        _("%(value)s is not known for %(field)s. Use: %(known)s.")
        % {"value": value[:LONGEST_SHOWN], "field": label, "known": ", ".join(known)},
        field=field,
    )
