"""Bank statements: what a bank says of one of our accounts, checked before a cent is booked."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from crowdloom.kernel import Currency, DomainError, Money
from crowdloom.kernel.errors import Conflict

STATEMENT_BYTES_MAX = 8_000_000
LINES_MAX = 20_000
# Earlier days are what programs write for none, and would open a century of months to close.
_YEAR_MIN = 2000
# Banks date ahead, over holidays and for standing orders; never as far as a slip in a year.
_AHEAD_MAX = timedelta(days=31)
_DECIMALS = re.compile(r"([+-]?)(\d{1,15})(?:\.(\d*))?", re.ASCII)
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Z]")
_ID_CHARACTERS = 26
# Fewer may be the end of somebody else's: without the bank's number, and with it.
_ACCOUNT_CHARACTERS_MIN = (8, 4)
_KEY_CHARACTERS_MAX = 2


class UnreadableStatement(DomainError):
    """The file is not what its format says. Facts: `reason`, a stable code; `line`, counted from
    one, where it is known; `value`, what stands there.
    """

    code = "statement_unreadable"

    def __init__(self, reason: str, *, line: int | None = None, value: str = "") -> None:
        place = f"line {line}: " if line else ""
        super().__init__(
            f"{place}{REASONS[reason]}{f': {value[:80]}' if value else ''}",
            reason=reason,
            line=line,
            value=value[:80],
        )


REASONS = {
    "amount": "this is no amount",
    "balance": "the running balance does not follow from the line before",
    "closing": "there is no closing balance; the file may be cut off",
    "cells": "the line has more cells than the heading",
    "column_twice": "a column of the mapping is there twice",
    "columns": "a column of the mapping is not there",
    "currency": "the currency is not the account's",
    "date": "this is no date of the mapping's form",
    "dtd": "a document type or an entity is not allowed",
    "empty": "there is no statement in it",
    "encoding": "these bytes are not text in the expected encoding",
    "entry": "an entry misses its amount, its date, or its direction",
    "future": "this day has not come",
    "format": "this is none of the formats we read",
    "mapping": "a CSV file needs the account's mapping first",
    "opening": "there is no opening balance",
    "syntax": "the file breaks off, or is not well formed",
    "too_fine": "the amount is finer than its currency's smallest unit",
    "too_large": "the file is larger than 8 MB",
    "too_many": "the file has more than 20,000 lines",
}


class StatementDoesNotAddUp(DomainError):
    """Opening balance and lines together are not the closing balance."""

    code = "statement_does_not_add_up"


class StatementMissing(DomainError):
    """It does not begin where the last one of this account ended."""

    code = "statement_missing"


class StatementKnown(Conflict):
    """The same file, or the same statement in another file, is in the books already."""

    code = "statement_known"


class OtherAccount(DomainError):
    """The statement is of another account than the one it was uploaded for."""

    code = "statement_of_another_account"


class BankLineState(StrEnum):
    """`waiting` is read and not booked yet; `unmatched` is booked to suspense."""

    WAITING = "waiting"
    UNMATCHED = "unmatched"
    PROPOSED = "proposed"
    MATCHED = "matched"


@dataclass(frozen=True)
class CsvMapping:
    """How to read a bank's CSV. Columns are named as in its heading.

    Either `amount`, signed or with `direction` (a column that says `debit_word` for money out), or
    `money_in` and `money_out`. `balance` is the running balance after each line; without it the
    opening and closing balances are typed when the file is uploaded.
    """

    date: str
    date_format: str = "%Y-%m-%d"
    amount: str = ""
    money_in: str = ""
    money_out: str = ""
    direction: str = ""
    debit_word: str = ""
    balance: str = ""
    reference: str = ""
    text: str = ""
    counterparty: str = ""
    decimal: str = "."
    delimiter: str = ","
    encoding: str = "utf-8"
    newest_first: bool = False
    skipped_lines: int = 0


@dataclass(frozen=True)
class LastStatement:
    """Where the newest statement of an account ended."""

    statement_id: str
    reference: str
    closing: Money
    closed_on: str


@dataclass(frozen=True)
class BankAccount:
    """`account_id` is what the ledger calls it (`asset:bank:{account_id}:{currency}`), `number`
    what the bank does: an IBAN or a number, without spaces.
    """

    account_id: str
    name: str
    number: str
    currency: Currency
    mapping: CsvMapping | None = None
    last: LastStatement | None = None
    statement_count: int = 0

    def is_called(self, number: str) -> bool:
        """Whether the bank means this account. A statement need not name any."""
        ours = plain(self.number)
        parts = [part for part in (plain(each) for each in number.split("/")) if part]
        # An account may be all that we know. A short one is the end of many, so that zeros must
        # be before it.
        if not parts or plain(number).endswith(ours.zfill(_ACCOUNT_CHARACTERS_MIN[False])):
            return True
        # MT940 says bank/account where an IBAN holds both, and in France two digits behind them.
        *bank, account = parts
        account = account.lstrip("0") or "0"
        head, found, key = ours.rpartition(account)
        enough = _ACCOUNT_CHARACTERS_MIN[bool(bank)]
        is_end = bool(found) and len(account) >= enough and len(key) <= _KEY_CHARACTERS_MAX
        return account == ours.lstrip("0") or (is_end and all(part in head for part in bank))


@dataclass(frozen=True)
class BankLine:
    """One movement; money in is positive. `references` come in the order in which they are worth
    looking at; `place` is the line of the file, where it has one.
    """

    number: int
    booked_on: date
    amount: Money
    references: tuple[str, ...] = ()
    text: str = ""
    counterparty: str = ""
    value_on: date | None = None
    place: int | None = None


@dataclass(frozen=True)
class BankStatement:
    """`reference` is the bank's own name of the statement; `account` the bank's of the account."""

    reference: str
    account: str
    opening: Money
    closing: Money
    closed_on: date
    lines: tuple[BankLine, ...] = field(default=())

    @property
    def moving_lines(self) -> tuple[BankLine, ...]:
        """Those to be booked: some banks write notices as lines of nothing."""
        return tuple(line for line in self.lines if line.amount)

    def check(self, account: BankAccount, before: LastStatement | None) -> None:
        """Raises OtherAccount, UnreadableStatement, StatementDoesNotAddUp, StatementMissing."""
        if not account.is_called(self.account):
            raise OtherAccount(
                f"The statement is of {self.account}, the account is {account.number}",
                account=self.account,
                expected=account.number,
            )
        amounts = [self.opening, self.closing, *(line.amount for line in self.lines)]
        if any(amount.currency is not account.currency for amount in amounts):
            raise UnreadableStatement("currency", value=self.opening.currency.code)
        for line in self.lines:
            if line.booked_on.year < _YEAR_MIN:
                raise UnreadableStatement("date", line=line.place, value=str(line.booked_on))
        moved = sum((line.amount for line in self.lines), Money.zero(account.currency))
        apart = self.closing - self.opening - moved
        if apart:
            raise StatementDoesNotAddUp(
                f"Opening {self.opening} and lines {moved} are not closing {self.closing}",
                reference=self.reference,
                difference=apart.to_wire(),
            )
        self._follow(before)

    def check_days(self, today: date) -> None:
        """A slip in a year would count as a bank's word for every month until then. Raises
        UnreadableStatement.
        """
        latest = today + _AHEAD_MAX
        for line in self.lines:
            if line.booked_on > latest:
                raise UnreadableStatement("future", line=line.place, value=str(line.booked_on))
        if self.closed_on > latest:
            raise UnreadableStatement("future", value=str(self.closed_on))

    def _follow(self, before: LastStatement | None) -> None:
        if before is None or self.opening == before.closing:
            return
        begins_on = min((line.booked_on for line in self.lines), default=self.closed_on).isoformat()
        overlaps = begins_on <= before.closed_on
        what = "the days overlap, or one" if overlaps else "one"
        raise StatementMissing(
            f"It opens with {self.opening}, and statement {before.reference} of "
            f"{before.closed_on} closed with {before.closing}: {what} between them is missing",
            reference=self.reference,
            begins_on=begins_on,
            overlaps=overlaps,
            opening=self.opening.to_wire(),
            last_closing=before.closing.to_wire(),
            last_reference=before.reference,
            last_closed_on=before.closed_on,
        )


def statement_id(account: BankAccount, statement: BankStatement) -> str:
    """The same for the same statement in whatever file: so that it is booked once."""
    text = f"{account.account_id}\n{statement.reference}\n{statement.closed_on}"
    return f"bst_{hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]}"


def line_id(of_statement: str, number: int) -> str:
    return f"bln_{of_statement.removeprefix('bst_')}_{number}"


def read_amount(text: str, currency: Currency, *, line: int | None = None) -> Money:
    """Plain digits with a point, exactly: a bank moves no part of a minor unit. Raises
    UnreadableStatement.
    """
    found = _DECIMALS.fullmatch(text.strip())
    if found is None:
        raise UnreadableStatement("amount", line=line, value=text)
    part = (found[3] or "").rstrip("0")
    if len(part) > currency.exponent:
        raise UnreadableStatement("too_fine", line=line, value=text)
    units = int(found[2] + part.ljust(currency.scale, "0"))
    return Money(-units if found[1] == "-" else units, currency)


def plain(text: str) -> str:
    """Capital letters and digits alone: what banks leave of a reference whatever they do to it."""
    return _NOT_ALPHANUMERIC.sub("", text.upper())


def named_ids(line: BankLine, prefix: str) -> Sequence[str]:
    """Our own ids of a kind in the references and the text, in order and once each.

    Banks drop underscores, change the case and break lines within an id; 26 characters after the
    prefix are enough to know it again.
    """
    found: dict[str, None] = {}
    pattern = re.compile(rf"{prefix.upper()}([0-9A-HJKMNP-TV-Z]{{{_ID_CHARACTERS}}})")
    for text in (*line.references, line.text):
        for match in pattern.finditer(plain(text)):
            found[f"{prefix}_{match[1].lower()}"] = None
    return list(found)
