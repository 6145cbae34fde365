"""Unified social credit codes (GB 32100-2015): the check character and the class.

Place 1 names the registering department (a letter for some: N agriculture, Y others),
place 2 the kind, 3 to 8 the division, 9 to 17 the body, 18 the check. Only what every
code obeys is enforced, so that no real code is turned away.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH: Final = 18

GOVERNMENT: Final = "government"
PUBLIC_INSTITUTION: Final = "public_institution"
SOCIAL_ORGANISATION: Final = "social_organisation"
ENTERPRISE: Final = "enterprise"
INDIVIDUAL: Final = "individual"
COOPERATIVE: Final = "cooperative"
COLLECTIVE: Final = "collective"
OTHER: Final = "other"

_CLASS_BY_PREFIX: Final = {
    "11": GOVERNMENT,
    "12": PUBLIC_INSTITUTION,
    "51": SOCIAL_ORGANISATION,
    "52": SOCIAL_ORGANISATION,
    "53": SOCIAL_ORGANISATION,
    "91": ENTERPRISE,
    "92": INDIVIDUAL,
    "93": COOPERATIVE,
}
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(LENGTH - 1))
# Full-width forms (U+FF01..U+FF5E) are what a Chinese input method types.
_HALF_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class InvalidCode(ValueError):
    """`reason` says what is wrong, `remedy` what to do; both are fixed English sentences."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy


def normalise(code: str) -> str:
    """`code` in capitals and half-width characters, without spaces; store this form."""
    return "".join(code.translate(_HALF_WIDTH).upper().split())


def check(code: str) -> None:
    """Raise InvalidCode unless `code` (as `normalise` gives it) is well formed and checks."""
    if len(code) != LENGTH:
        raise InvalidCode(
            "A unified social credit code has exactly 18 characters.",
            "Copy all 18 characters from the business licence.",
        )
    if not set(code) <= _VALUES.keys():
        raise InvalidCode(
            "A unified social credit code holds only digits and capitals other than I, O, S, V, Z.",
            "Write 1 for I, 0 for O, 5 for S and 2 for Z, and use capitals.",
        )
    if code[0] == "0":
        raise InvalidCode(
            "A unified social credit code never begins with 0.",
            "Copy the first character from the business licence again.",
        )
    if code[-1] != check_character(code[:-1]):
        raise InvalidCode(
            "The last character does not match the others.",
            "Compare the code with the business licence, character by character.",
        )


def check_character(body: str) -> str:
    """The 18th character for the first 17."""
    total = sum(_VALUES[character] * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def organisation_class(code: str) -> str:
    """The kind of body a code belongs to, as one of the slugs above. Raises InvalidCode."""
    check(code)
    if code[0] == "N":
        return COLLECTIVE
    return _CLASS_BY_PREFIX.get(code[:2], OTHER)
