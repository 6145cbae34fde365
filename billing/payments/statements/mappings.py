"""Statements in CSV or XLSX, read by the form that is kept for their account.

Every bank's file has other headings, another form of the day, and one column of amounts or two. A mapping names them.
Raises UnusableFile, or leaves a problem with its cell for each row that cannot be read.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.payments.statements.entries import LARGEST_MINOR, LENGTHS, MOST_PROBLEMS, Movement, Reading, trim
from billing.rules import money
from listings.exchange import reading, xlsx
from listings.exchange.problems import Problem, UnusableFile

MOST_ROWS: Final = 150_000
DATE_FORMS: Final = {
    "%Y-%m-%d": "2026-11-05",
    "%Y%m%d": "20261105",
    "%Y/%m/%d": "2026/11/05",
    "%Y年%m月%d日": "2026年11月05日",
    "%d.%m.%Y": "05.11.2026",
}
# What a mapping may name, with words for the form and the usual headings of Chinese banks.
COLUMNS: Final[Mapping[str, tuple[Any, tuple[str, ...]]]] = {
    "reference": (gettext_lazy("Bank reference"), ("交易流水号", "流水号", "凭证号", "Reference")),
    "booked_date": (gettext_lazy("Booked on"), ("交易日期", "记账日期", "入账日期", "Date")),
    "amount": (gettext_lazy("Amount (one column, paid out below zero)"), ("金额", "交易金额", "Amount")),
    "credit": (gettext_lazy("Money in"), ("收入金额", "贷方发生额", "贷方金额", "Credit")),
    "debit": (gettext_lazy("Money out"), ("支出金额", "借方发生额", "借方金额", "Debit")),
    "balance": (gettext_lazy("Balance after it"), ("余额", "账户余额", "Balance")),
    "payer_name": (gettext_lazy("Other party"), ("对方户名", "对方名称", "付款人名称", "Payer")),
    "payer_account": (gettext_lazy("Other party's account"), ("对方账号", "付款人账号", "Payer account")),
    "payer_bank": (gettext_lazy("Other party's bank"), ("对方开户行", "对方行名", "Payer bank")),
    "remark": (gettext_lazy("Remark (附言)"), ("附言", "摘要", "用途", "Remark")),
}
_EPOCH: Final = date(1899, 12, 30)  # day 0 of a spreadsheet, as Excel counts from 1 March 1900 on
_PLAIN_AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,16}(?:\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Form:
    """The mapping of an account. Columns are headings; an amount stands in `amount`, or in `credit` and `debit`."""

    columns: Mapping[str, str] = field(default_factory=dict)
    date_form: str = "%Y-%m-%d"
    header_row: int = 1

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Form":
        """From what is kept with an account."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read(data: bytes, *, form: Form, currency: str, told: Any = lambda rows: None) -> Reading:
    """The whole file. `told` hears how many rows were read."""
    reading.check_kind(data)
    if data.startswith(b"PK\x03\x04"):
        with xlsx.open_sheet(data) as sheet:
            return _read_rows(sheet.rows(), form=form, result=Reading(currency), sheet=sheet.name, told=told)
    text, encoding = reading.decode(data)
    result = Reading(currency, encoding=encoding)
    return _read_rows(reading.read_csv(text), form=form, result=result, sheet="", told=told)


def _read_rows(lines: Iterator[reading.Row], *, form: Form, result: Reading, sheet: str, told: Any) -> Reading:
    places = _find_columns(lines, form=form, sheet=sheet)
    reader = _Reader(form=form, places=places, result=result, sheet=sheet)
    for count, (row, values) in enumerate(lines, start=1):
        if count > MOST_ROWS:
            raise UnusableFile(
                _("The file has more than %(most)s rows. Nothing was imported; split it.") % {"most": f"{MOST_ROWS:,}"}
            )
        reader.read(row, values)
        if len(result.problems) >= MOST_PROBLEMS:
            break
        if count % 10_000 == 0:
            told(count)
    reader.conclude()
    if not result.movements and not result.problems:
        raise UnusableFile(_("The file has no row below its heading."))
    return result


def _find_columns(lines: Iterator[reading.Row], *, form: Form, sheet: str) -> dict[str, int]:
    for row, values in lines:
        if row == form.header_row:
            break
        if row > form.header_row:
            values = ()
            break
    else:
        values = ()
    headings = {_heading(value): place for place, value in enumerate(values) if value is not None}
    places, missing = {}, []
    for name, heading in form.columns.items():
        if _heading(heading) in headings:
            places[name] = headings[_heading(heading)]
        elif heading:
            missing.append(heading)
    if not missing:
        return places
    message = _(
        "Row %(row)s has no heading “%(missing)s”. If the bank has changed its file, change the form of the account."
    ) % {"row": form.header_row, "missing": "”, “".join(missing)}
    raise UnusableFile(message, problems=[Problem(message=message, row=form.header_row, sheet=sheet)])


def _heading(value: object) -> str:
    return "".join(unicodedata.normalize("NFKC", str(value)).split()).casefold()


@dataclass(slots=True)
class _Reader:
    form: Form
    places: dict[str, int]
    result: Reading
    sheet: str
    _before: int | None = None
    _days: dict[str, date] = field(default_factory=dict)

    def read(self, row: int, values: tuple[Any, ...]) -> None:
        """One movement, or the problems of its cells."""
        faults = len(self.result.problems)
        reference = "".join(self._text(row, values, "reference").split())
        day = self._day(row, values)
        amount_minor = self._movement(row, values)
        texts = {
            name: trim(self._text(row, values, name), name)
            for name in ("payer_name", "payer_account", "payer_bank", "remark")
        }
        if not reference:
            self._complain(_("The bank reference is missing."), row, "reference")
        elif len(reference) > LENGTHS["reference"]:
            self._complain(
                _("The bank reference has more than %(most)s characters.") % {"most": LENGTHS["reference"]},
                row,
                "reference",
                reference,
            )
        balance = self._amount(row, values, "balance")
        if len(self.result.problems) > faults or day is None or amount_minor is None:
            self._before = balance
            return
        self._follow(row, balance, amount_minor)
        self.result.movements.append(Movement(row, reference, day, amount_minor, **texts))

    def conclude(self) -> None:
        self.result.closing_minor = self._before if self.result.opening_minor is not None else None

    def _follow(self, row: int, balance: int | None, amount_minor: int) -> None:
        """Each balance follows from the one before it."""
        if balance is None:
            return
        if self.result.opening_minor is None and not self.result.movements:
            self.result.opening_minor = balance - amount_minor
        elif self._before is not None and self._before + amount_minor != balance:
            self._complain(
                _("The balance does not follow from the row before: rows are missing, changed or in another order."),
                row,
                "balance",
                self._shown(balance),
            )
        self._before = balance

    def _movement(self, row: int, values: tuple[Any, ...]) -> int | None:
        """The signed amount, from one column or from two of which one is filled."""
        if "amount" in self.places:
            amount = self._amount(row, values, "amount")
            if amount == 0 or (amount is None and self._cell(values, "amount") is None):
                self._complain(_("The amount is missing or zero."), row, "amount")
                return None
            return amount
        faults = len(self.result.problems)
        money_in = self._amount(row, values, "credit") or 0
        money_out = self._amount(row, values, "debit") or 0
        if len(self.result.problems) > faults:
            return None
        if bool(money_in) == bool(money_out):
            self._complain(_("Exactly one of money in and money out must be filled in."), row, "credit")
            return None
        return money_in - abs(money_out)

    def _cell(self, values: tuple[Any, ...], name: str) -> Any:
        place = self.places.get(name)
        return values[place] if place is not None and place < len(values) else None

    def _text(self, row: int, values: tuple[Any, ...], name: str) -> str:
        value = self._cell(values, name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value.strip().strip("\t'").replace("\x00", "")
        if isinstance(value, xlsx.NotPlain):
            self._complain(_not_plain(value), row, name, value)
            return ""
        if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 10**15):
            self._complain(
                _("This number has lost digits in the spreadsheet. Format the column as text and enter it again."),
                row,
                name,
                value,
            )
        return str(value)

    def _day(self, row: int, values: tuple[Any, ...]) -> date | None:
        value = self._cell(values, "booked_date")
        if isinstance(value, xlsx.NotPlain) and value.kind == "date":
            try:
                return _EPOCH + timedelta(days=int(float(value.shown)))
            except (ValueError, OverflowError):
                value = value.shown
        text = self._text(row, (*values,), "booked_date") if not isinstance(value, int) else str(value)
        known = self._days.get(text)
        if known is not None:
            return known
        shape = self.form.date_form
        try:
            width = len(DATE_FORMS[shape])
            day = datetime.strptime(text[:width], shape).date()  # noqa: DTZ007  (a civil day has no zone)
        except ValueError:
            self._complain(
                _("This is no day of the form %(form)s.") % {"form": DATE_FORMS[shape]}, row, "booked_date", text
            )
            return None
        self._days[text] = day
        return day

    def _amount(self, row: int, values: tuple[Any, ...], name: str) -> int | None:
        """Minor units. Full-width figures, ¥ and thousands separators are taken; parts of a fen are not."""
        value = self._cell(values, name)
        if value is None or value == "" or value == "-":
            return None
        if isinstance(value, xlsx.NotPlain):
            self._complain(_not_plain(value), row, name, value)
            return None
        text = value if isinstance(value, str) else repr(value)
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        text = text.strip(" \t'").replace(",", "").lstrip("¥").strip()
        if not _PLAIN_AMOUNT.fullmatch(text):
            self._no_amount(row, name, value)
            return None
        try:
            found = money.Money.from_decimal(Decimal(text), self.result.currency).amount_minor
        except (ValueError, InvalidOperation):
            self._no_amount(row, name, value)
            return None
        if abs(found) > LARGEST_MINOR:
            self._no_amount(row, name, value)
            return None
        return found

    def _no_amount(self, row: int, name: str, value: object) -> None:
        self._complain(_("This is no amount such as 1,234.50."), row, name, value)

    def _complain(self, message: str, row: int, name: str, value: object = "") -> None:
        column = self.places.get(name, -1)
        self.result.complain(message, row=row, column=column, sheet=self.sheet, value=value)

    def _shown(self, amount_minor: int) -> str:
        return str(money.Money(amount_minor, self.result.currency).to_decimal())


def _not_plain(value: xlsx.NotPlain) -> str:
    if value.kind == "formula":
        return _("This cell holds a formula. Paste it as a value.")
    if value.kind == "date":
        return _("This cell holds a date. Format it as text.")
    return _("This cell holds an error.")
