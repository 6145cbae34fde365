"""Writes: take a statement of a bank; read it in the background; keep its lines, and match what is certain.

The whole file is read and checked before anything is written; then lines, suspense and matches are one transaction.
A dry run does the same and takes it back. A worker that dies is followed by another; the unique references keep a
line from being stored twice.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from billing.payments.statements import camt, entries, mappings, matching, storing
from billing.payments.statements.models import BankStatement, StatementAccount, StatementLine
from billing.rules import currencies
from listings.exchange.problems import Problem, UnusableFile
from marketplace.organisations import actors, errors, leases
from marketplace.organisations import operations as organisations

LARGEST_FILE_BYTES: Final = 50 * 1024 * 1024
MOST_ATTEMPTS: Final = 5
PREVIEWED: Final = 50
LEASE: Final = timedelta(minutes=10)  # matching a large statement takes its time
Status, Format = BankStatement.Status, BankStatement.Format


class NoSuchAccount(errors.NotFound):
    """The platform has no such bank account."""


class AccountTaken(errors.Conflict):
    """Another account has the number or the short name."""


class InvalidAccount(errors.Refused):
    """An account lacks what it needs to read its statements."""


class StatementKnown(errors.Conflict):
    """The very same file was imported before."""


class _TakenBack(Exception):
    """Ends the savepoint of a dry run."""


@transaction.atomic
def save_account(
    *,
    code: str,
    number: str,
    bank: str,
    currency: str,
    columns: Mapping[str, str],
    date_form: str,
    header_row: int,
    actor: actors.Actor,
    now: datetime,
) -> StatementAccount:
    """Open an account of the platform, or change how its statements are read. Raises InvalidAccount, AccountTaken."""
    form = _check_form(columns=columns, date_form=date_form, header_row=header_row)
    if currency not in currencies.MINOR_UNITS:
        raise InvalidAccount(_("Enter a currency of ISO 4217, such as CNY."), field="currency")
    if not code.strip() or not number.strip():
        raise InvalidAccount(_("Give the account a short name and its number."), field="code")
    facts = {"number": number.strip(), "bank": bank.strip(), "mapping": form.to_json()}
    try:
        with transaction.atomic():
            account, is_new = StatementAccount.objects.update_or_create(
                code=code.strip(), defaults=facts, create_defaults=facts | {"currency": currency, "created_at": now}
            )
    except IntegrityError as error:
        raise AccountTaken(_("Another account has this number."), field="number") from error
    organisations.record(
        actor=actor,
        action="bank_account.opened" if is_new else "bank_account.changed",
        object_type="bank_account",
        object_id=account.code,
        now=now,
        details=form.to_json(),
    )
    return account


def _check_form(*, columns: Mapping[str, str], date_form: str, header_row: int) -> mappings.Form:
    named = {name: heading.strip() for name, heading in columns.items() if heading.strip()}
    unknown = named.keys() - mappings.COLUMNS.keys()
    if unknown or date_form not in mappings.DATE_FORMS:
        raise InvalidAccount(_("Choose one of the forms of the day."), field="date_form")
    if not 1 <= header_row <= 100:
        raise InvalidAccount(_("The heading stands in one of the rows 1 to 100."), field="header_row")
    for name in ("reference", "booked_date"):
        if name not in named:
            raise InvalidAccount(_("Name the column of the bank reference and of the day."), field=name)
    if ("amount" in named) == ("credit" in named or "debit" in named):
        raise InvalidAccount(
            _("Name either one column of amounts, or the columns of money in and money out."), field="amount"
        )
    return mappings.Form(named, date_form, header_row)


def queue_statement(
    *, account_code: str, file: File, file_name: str, is_dry_run: bool, actor: actors.Actor, now: datetime
) -> BankStatement:
    """Keep a file to be read by the pipeline. Raises NoSuchAccount, UnusableFile or StatementKnown."""
    account = StatementAccount.objects.filter(code=account_code).first()
    if account is None:
        raise NoSuchAccount(_("There is no bank account %(code)s.") % {"code": account_code})
    if (file.size or 0) > LARGEST_FILE_BYTES:
        raise UnusableFile(_("The file is larger than 50 MB. Split it."))
    data = file.read()
    if not data:
        raise UnusableFile(_("The file is empty. Choose a statement with a heading and rows."))
    kind = _kind_of(data)
    digest = hashlib.sha256(data).hexdigest()
    number = organisations.random_number(prefix="DZ")
    statement = BankStatement(
        number=number,
        account=account,
        file_name=file_name[-200:],
        content_hash=digest,
        format=kind,
        is_dry_run=is_dry_run,
        language=translation.get_language() or "zh-hans",
        requested_by_id=actor.user_id,
        created_at=now,
    )
    try:
        with transaction.atomic():
            statement.file.save(f"{number}.{kind}", ContentFile(data), save=False)
            statement.save()
            _record(statement, "queued", actor, now)
    except IntegrityError as error:
        known = BankStatement.objects.filter(account=account, content_hash=digest, is_dry_run=False).latest("id")
        raise StatementKnown(
            _("This file was imported as %(number)s already. Its lines are kept once.") % {"number": known.number}
        ) from error
    return statement


def repeat_statement(*, statement: BankStatement, actor: actors.Actor, now: datetime) -> BankStatement:
    """Import the file of a dry run in earnest. Raises like `queue_statement`."""
    with statement.file.open("rb") as file:
        return queue_statement(
            account_code=statement.account.code,
            file=file,
            file_name=statement.file_name,
            is_dry_run=False,
            actor=actor,
            now=now,
        )


def _kind_of(data: bytes) -> str:
    if camt.looks_like(data):
        return Format.CAMT
    return Format.XLSX if data.startswith(b"PK\x03\x04") else Format.CSV


def import_due(*, now: datetime, limit: int) -> int:
    """Read up to `limit` statements that wait, the oldest first. Returns how many were tried."""

    def work(statement: BankStatement) -> None:
        with translation.override(statement.language):
            _run(statement, now=now)

    return leases.work_off(
        claim_next=_claim,
        work=work,
        give_back=lambda statement, _error: _give_back(statement, now=now),
        limit=limit,
    )


def _claim(tried: Sequence[int]) -> BankStatement | None:
    waiting = BankStatement.objects.select_related("account").exclude(pk__in=tried).order_by("created_at", "id")
    return leases.claim(rows=waiting, length=LEASE)


def _run(statement: BankStatement, *, now: datetime) -> None:
    if statement.attempts > MOST_ATTEMPTS:  # whoever began it died each time
        raise_problem = [Problem(_("Reading this file broke off several times. Ask the operator."))]
        _finish(statement, Status.FAILED, now=now, problems=raise_problem)
        return
    try:
        reading = read_statement(statement=statement)
    except UnusableFile as error:
        _finish(statement, Status.FAILED, now=now, problems=error.problems or [Problem(error.message)])
        return
    except FileNotFoundError:
        _finish(
            statement, Status.FAILED, now=now, problems=[Problem(_("The file is not there any more. Upload it again."))]
        )
        return
    _update(statement, rows_total=len(reading.movements), encoding=reading.encoding)
    if reading.problems:
        _finish(statement, Status.FAILED, now=now, problems=reading.problems)
        return
    _store(statement, reading, now=now)


def read_statement(*, statement: BankStatement) -> entries.Reading:
    """The file read and checked. Raises UnusableFile, or FileNotFoundError."""
    account = statement.account
    with statement.file.open("rb") as file:
        data = file.read()
    told = lambda rows: _update(statement, rows_done=rows)  # noqa: E731  (one line, used once)
    if statement.format == Format.CAMT:
        reading = camt.read(data, currency=account.currency, told=told)
    else:
        form = mappings.Form.of(account.mapping)
        reading = mappings.read(data, form=form, currency=account.currency, told=told)
    entries.check(reading, account_number=account.number, currency=account.currency)
    return reading


def _store(statement: BankStatement, reading: entries.Reading, *, now: datetime) -> None:
    """Lines, suspense and matches, all or nothing; a dry run takes them back and keeps the figures."""
    days = [one.booked_date for one in reading.movements]
    figures: dict[str, Any] = {}
    with transaction.atomic():
        try:
            with transaction.atomic():
                account = storing.lock_account(account_id=statement.account_id)
                stored = storing.store(statement=statement, account=account, movements=reading.movements, now=now)
                matches = matching.match_lines(line_ids=stored.waiting, now=now)
                matched = {match.line.pk for match in matches}
                figures = {
                    "new_count": stored.new_count,
                    "known_count": stored.known_count,
                    "changed_count": stored.changed_count,
                    "matched_count": len(matched),
                    "preview": _preview(statement) if statement.is_dry_run else [],
                }
                if statement.is_dry_run:
                    raise _TakenBack
        except _TakenBack:
            pass
        _finish(
            statement,
            Status.DONE,
            now=now,
            rows_done=len(days),
            first_date=min(days, default=None),
            last_date=max(days, default=None),
            opening_minor=reading.opening_minor,
            closing_minor=reading.closing_minor,
            **figures,
        )


def _preview(statement: BankStatement) -> list[dict[str, Any]]:
    """The first lines with what would become of them."""
    lines = StatementLine.objects.filter(statement=statement).order_by("row")[:PREVIEWED]
    names = ("row", "reference", "amount_minor", "currency", "payer_name", "remark", "matched_minor", "status")
    return [
        {"booked_date": line.booked_date.isoformat()} | {name: getattr(line, name) for name in names} for line in lines
    ]


def _finish(
    statement: BankStatement, status: str, *, now: datetime, problems: Sequence[Problem] = (), **fields: Any
) -> None:
    with transaction.atomic():
        kept = [one.to_json() for one in problems[: entries.MOST_PROBLEMS]]
        _update(
            statement,
            status=status,
            finished_at=now,
            lease_until=None,
            problem_count=len(problems),
            problems=kept,
            **fields,
        )
        _record(statement, status, _actor_of(statement), now, **{k: v for k, v in fields.items() if k != "preview"})


def _give_back(statement: BankStatement, *, now: datetime) -> None:
    """Let another attempt begin it anew; after the last one, say so."""
    if statement.attempts < MOST_ATTEMPTS:
        _update(statement, status=Status.QUEUED, lease_until=None)
        return
    with translation.override(statement.language):
        told = [Problem(_("Reading this file broke off several times. Ask the operator."))]
        _finish(statement, Status.FAILED, now=now, problems=told)


def _update(statement: BankStatement, **fields: Any) -> None:
    leases.update(row=statement, length=LEASE, **fields)


def _actor_of(statement: BankStatement) -> actors.Actor:
    return actors.Actor(side=actors.PLATFORM, user_id=statement.requested_by_id)


def _record(statement: BankStatement, what: str, actor: actors.Actor, now: datetime, **details: Any) -> None:
    organisations.record(
        actor=actor,
        action=f"bank_statement.{what}",
        object_type="bank_statement",
        object_id=statement.number,
        now=now,
        details={"is_dry_run": statement.is_dry_run} | {key: str(value) for key, value in details.items()},
    )
