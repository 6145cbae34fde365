"""CAMT.053, the bank's statement of ISO 20022 (“Bank to Customer Statement”, camt.053.001.02 to .13).

Elements are found by their local names, as the versions differ in their namespace only where we look. The file is
refused if it declares a document type, so there are no entities to expand, and its size is limited before it is read.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree import ElementTree

from django.utils.translation import gettext as _

from billing.payments.statements.entries import LARGEST_MINOR, LENGTHS, MOST_PROBLEMS, Movement, Reading, trim
from billing.rules import money
from listings.exchange.problems import UnusableFile

MOST_ENTRIES: Final = 150_000
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_AMOUNT: Final = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,5})?")


def looks_like(data: bytes) -> bool:
    """Whether a file is XML at all."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read(data: bytes, *, currency: str, told: Any = lambda rows: None) -> Reading:
    """The one statement in the file. Raises UnusableFile; entries that cannot be read are left as problems."""
    text, encoding = _decode(data)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnusableFile(_("The file declares a document type or entities, which no bank's statement does."))
    result = Reading(currency, encoding=encoding)
    try:
        statements = _read_tree(text, result, told)
    except ElementTree.ParseError as error:
        line = error.position[0]
        raise UnusableFile(
            _("The file is no well-formed XML: it breaks in line %(line)s. Ask the bank for it again.") % {"line": line}
        ) from error
    if statements != 1:
        raise UnusableFile(
            _("The file holds %(count)s statements of CAMT.053; it must hold one. Upload each by itself.")
            % {"count": statements}
        )
    return result


def _decode(data: bytes) -> tuple[str, str]:
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode().lower() if declared else "utf-8"
    codec = {"gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "utf-8": "utf-8-sig", "us-ascii": "ascii"}
    if name not in codec:
        raise UnusableFile(_("The file says it is written in %(name)s. Save it as UTF-8.") % {"name": name})
    try:
        text = data.decode(codec[name])
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnusableFile(
            _("The file is not written in %(name)s as it says: line %(line)s cannot be read.")
            % {"name": name, "line": line}
        ) from None
    return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL), name.upper()


def _read_tree(text: str, result: Reading, told: Any) -> int:
    """Read entry by entry, so that no more than one is held. Returns how many statements there were."""
    parser: Any = ElementTree.XMLPullParser(events=("start", "end"))
    statements = entries = 0
    depth_of_statement: Any = None
    for start in range(0, len(text), 65_536):
        parser.feed(text[start : start + 65_536])
        for event, element in parser.read_events():
            name = _local(element)
            if event == "start":
                if name == "Stmt":
                    statements += 1
                    depth_of_statement = element
                continue
            if name == "Ntry":
                entries += 1
                if entries > MOST_ENTRIES:
                    raise UnusableFile(
                        _("The file has more than %(most)s entries. Split it.") % {"most": f"{MOST_ENTRIES:,}"}
                    )
                if len(result.problems) < MOST_PROBLEMS:
                    _read_entry(element, entries, result)
                element.clear()
                if entries % 10_000 == 0:
                    told(entries)
                    _drop_entries(depth_of_statement)
            elif name == "Bal":
                _read_balance(element, result)
            elif name == "Acct" and not result.account_number:
                result.account_number = _text(element, "Id", "IBAN") or _text(element, "Id", "Othr", "Id")
    parser.close()
    return statements


def _drop_entries(statement: Any) -> None:
    """Forget the emptied elements, which would be kept until the statement ends."""
    if statement is not None:
        for child in [one for one in statement if _local(one) == "Ntry"]:
            statement.remove(child)


def _read_balance(element: Any, result: Reading) -> None:
    code = _text(element, "Tp", "CdOrPrtry", "Cd")
    if code not in ("OPBD", "PRCD", "CLBD"):
        return
    amount = _amount(element, result, row=0)
    if amount is None:
        return
    if code == "CLBD":
        result.closing_minor = amount
    elif result.opening_minor is None:
        result.opening_minor = amount


def _read_entry(entry: Any, row: int, result: Reading) -> None:
    status = _text(entry, "Sts", "Cd") or _text(entry, "Sts")
    if status and status != "BOOK":
        result.skipped += 1
        return
    amount = _amount(entry, result, row=row)
    day = _day(_text(entry, "BookgDt", "Dt") or _text(entry, "BookgDt", "DtTm"))
    if day is None:
        result.complain(_("The entry has no booking day (BookgDt)."), row=row)
    details = [one for block in _all(entry, "NtryDtls") for one in _all(block, "TxDtls")]
    own = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    if amount is None or day is None:
        return
    if amount == 0:
        result.complain(_("The amount is missing or zero."), row=row)
        return
    parts = _split(details, amount, result) if len(details) > 1 else None
    if parts is None:
        detail = details[0] if details else entry
        _keep(entry, detail, own or _reference(detail), row, day, amount, result)
        return
    for place, (detail, part) in enumerate(parts, start=1):
        _keep(entry, detail, _text(detail, "Refs", "AcctSvcrRef") or f"{own}/{place}", row, day, part, result)


def _split(details: list[Any], amount: int, result: Reading) -> list[tuple[Any, int]] | None:
    """A batch as its single payments, if their amounts are told and add up to the entry's."""
    parts = []
    for detail in details:
        found = next(iter(_all(detail, "Amt")), None)
        if found is None:
            found = _find(detail, "AmtDtls", "TxAmt", "Amt")
        part = None if found is None else _minor(found, result.currency)
        if not part:
            return None
        parts.append((detail, part if amount > 0 else -part))
    return parts if sum(part for _detail, part in parts) == amount else None


def _keep(entry: Any, detail: Any, reference: str, row: int, day: date, amount: int, result: Reading) -> None:
    reference = "".join(reference.split())
    if not reference or len(reference) > LENGTHS["reference"]:
        result.complain(_("The entry has no reference of the bank (AcctSvcrRef), or one too long."), row=row)
        return
    role, agent = ("Dbtr", "DbtrAgt") if amount > 0 else ("Cdtr", "CdtrAgt")
    party = _find(detail, "RltdPties")
    name = account = ""
    if party is not None:
        name = _text(party, role, "Nm") or _text(party, role, "Pty", "Nm")
        account = _text(party, f"{role}Acct", "Id", "IBAN") or _text(party, f"{role}Acct", "Id", "Othr", "Id")
    remark = " ".join(_texts(detail, "RmtInf", "Ustrd")) or _text(entry, "AddtlNtryInf")
    bank = _text(detail, "RltdAgts", agent, "FinInstnId", "Nm")
    result.movements.append(
        Movement(
            row,
            reference,
            day,
            amount,
            payer_name=trim(name, "payer_name"),
            payer_account=trim(account, "payer_account"),
            payer_bank=trim(bank, "payer_bank"),
            remark=trim(remark, "remark"),
        )
    )


def _reference(detail: Any) -> str:
    return next((text for name in ("AcctSvcrRef", "TxId", "InstrId") if (text := _text(detail, "Refs", name))), "")


def _amount(element: Any, result: Reading, *, row: int) -> int | None:
    """The signed amount of an entry or balance: CRDT came in, DBIT went out."""
    found = next(iter(_all(element, "Amt")), None)
    indicator = _text(element, "CdtDbtInd")
    amount = None if found is None else _minor(found, result.currency)
    if found is not None and found.get("Ccy", result.currency) != result.currency:
        raise UnusableFile(
            _("This statement is in %(found)s, the account in %(chosen)s.")
            % {"found": found.get("Ccy"), "chosen": result.currency}
        )
    if amount is None or indicator not in ("CRDT", "DBIT"):
        result.complain(_("The entry has no amount (Amt) or does not say whether it came in (CdtDbtInd)."), row=row)
        return None
    return amount if indicator == "CRDT" else -amount


def _minor(element: Any, currency: str) -> int | None:
    text = (element.text or "").strip()
    if not _AMOUNT.fullmatch(text):
        return None
    try:
        amount = money.Money.from_decimal(Decimal(text).normalize() + Decimal(0), currency).amount_minor
    except (ValueError, InvalidOperation):
        return None
    return amount if amount <= LARGEST_MINOR else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if _local(child) == name)


def _find(element: Any, *path: str) -> Any:
    for name in path:
        element = next(_all(element, name), None)
        if element is None:
            return None
    return element


def _text(element: Any, *path: str) -> str:
    found = _find(element, *path)
    return "" if found is None else (found.text or "").strip()


def _texts(element: Any, *path: str) -> list[str]:
    parent = _find(element, *path[:-1])
    return [] if parent is None else [(one.text or "").strip() for one in _all(parent, path[-1])]
