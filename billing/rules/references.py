"""Short references for bank transfers: digits that survive a bank's form, with two check digits.

A bank's remark loses hyphens and letters, and people mistype. So an invoice is also named by ten digits: its year's
last two digits, its six digits, and two check digits (ISO/IEC 7064, MOD 97-10: the whole number leaves 1). Every
single wrong digit and every swap of neighbours is detected.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NUMBER: Final = re.compile(r"FP-20([0-9]{2})-([0-9]{6})")
_NAMED: Final = re.compile(r"FP20([0-9]{2})([0-9]{6})(?![0-9])")
_RUN: Final = re.compile(r"[0-9]{10,}")
_TOP_UP: Final = re.compile(r"ORG([0-9A-Z]{10})(?![0-9A-Z])")
_BLANKS: Final = re.compile(r"[\s\-_/.·—–]+")


def short_reference(invoice_number: str) -> str:
    """`FP-2026-000123` → `2600 0123 cc`: what is printed beside the invoice's number; "" for another form of number."""
    found = _NUMBER.fullmatch(invoice_number)
    if not found:
        return ""
    body = found[1] + found[2]
    return f"{body[:4]} {body[4:]} {_check_digits(body)}"


def find_invoices(remark: str) -> list[str]:
    """The invoice numbers that a remark names, each once, in order. Short references must check."""
    text = unicodedata.normalize("NFKC", remark).upper()
    if not any(character.isdigit() for character in text):
        return []
    joined = _BLANKS.sub("", text)
    found = [f"FP-20{year}-{serial}" for year, serial in _NAMED.findall(joined)]
    rest = _NAMED.sub("|", joined) if found else joined
    for run in _RUN.findall(rest):  # several short ones may have run together when their blanks were lost
        for start in range(0, len(run), 10) if len(run) % 10 == 0 else ():
            body, check = run[start : start + 8], run[start + 8 : start + 10]
            if _check_digits(body) == check:
                found.append(f"FP-20{body[:2]}-{body[2:]}")
    return list(dict.fromkeys(found))


def find_top_up(remark: str) -> str:
    """The public number of the organisation whose balance a remark names (`ORG-7K2MQ9XW4B`), else ""."""
    text = unicodedata.normalize("NFKC", remark).upper()
    found = _TOP_UP.search(_BLANKS.sub("", text)) if "ORG" in text else None
    return f"ORG-{found[1]}" if found else ""


def _check_digits(body: str) -> str:
    return f"{98 - int(body) * 100 % 97:02d}"
