"""SWIFT MT940, read by mt-940; what it gives as exact decimals becomes Money."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import mt940
from crowdloom.kernel import Currency, Money
from mt940.models import Transactions
from mt940.options import Options

from payment_service.adapters.bank_statements.pieces import decoded, own
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankStatement,
    UnreadableStatement,
    read_amount,
)

_ENTRY = re.compile(r"(?m)^:61:")
_ENTRY_FORM = re.compile(
    r":61:\d{6}(\d{4}|\s{4})?R?[DC][A-Z]?[\n ]?\d{1,12},\d{0,5}\D", re.IGNORECASE
)
_REFERENCES = (
    "end_to_end_reference",
    "customer_reference",
    "purpose",
    "additional_purpose",
    "transaction_details",
    "extra_details",
    "bank_reference",
    "additional_position_reference",
)
_NOTHING_SAID = {"NONREF", "NOTPROVIDED", ""}


def read(file: StatementFile, account: BankAccount) -> Sequence[BankStatement]:
    """Pages of one statement (:28C:) become one. Raises UnreadableStatement."""
    text = decoded(file.content).replace("\r\n", "\n")
    places = [text.count("\n", 0, found.start()) + 1 for found in _ENTRY.finditer(text)]
    _check_entries(text)
    try:
        blocks = mt940.parse_statements(text, options=Options.all())
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise UnreadableStatement("syntax", value=str(error).split("\n")[0]) from None
    pages: list[list[tuple[Transactions, list[int]]]] = []
    for block in blocks:
        count = len(block.transactions) if _has_lines(block) else 0
        page = (block, places[:count])
        places = places[count:]
        if pages and _opens_midway(block):
            pages[-1].append(page)
        else:
            pages.append([page])
    return [_statement(each, account.currency) for each in own(pages, account, _number)]


def _check_entries(text: str) -> None:
    """The library says that it cannot read a line; this says which."""
    for found in _ENTRY.finditer(text):
        if _ENTRY_FORM.match(text, found.start()) is None:
            said = text[found.start() : found.start() + 80].partition("\n")[0]
            raise UnreadableStatement(
                "entry", line=text.count("\n", 0, found.start()) + 1, value=said
            )


def _has_lines(block: Transactions) -> bool:
    # A block without :61: still holds one empty transaction of its statement's own data.
    return any("amount" in each.data for each in block.transactions)


def _opens_midway(block: Transactions) -> bool:
    return "intermediate_opening_balance" in block.data


def _statement(
    pages: Sequence[tuple[Transactions, list[int]]], currency: Currency
) -> BankStatement:
    first, last = pages[0][0].data, pages[-1][0].data
    opening = first.get("final_opening_balance") or first.get("opening_balance")
    closing = last.get("final_closing_balance") or last.get("closing_balance")
    if opening is None:
        raise UnreadableStatement("opening", value=str(first.get("statement_number", "")))
    if closing is None:
        raise UnreadableStatement("closing", value=str(last.get("statement_number", "")))
    lines: list[BankLine] = []
    for block, places in pages:
        for place, entry in zip(places, block.transactions, strict=False):
            lines.append(_line(len(lines) + 1, entry.data, currency, place))
    return BankStatement(
        reference="/".join(
            str(first[name])
            for name in ("transaction_reference", "statement_number")
            if first.get(name)
        ),
        account=_number(pages),
        opening=_balance(opening, currency),
        closing=_balance(closing, currency),
        closed_on=_day(closing.date),
        lines=tuple(lines),
    )


def _number(pages: Sequence[tuple[Transactions, list[int]]]) -> str:
    return str(pages[0][0].data.get("account_identification", ""))


def _balance(balance: Any, currency: Currency) -> Money:
    if balance.amount.currency != currency.code:
        raise UnreadableStatement("currency", value=str(balance.amount.currency))
    return _exact(balance.amount, currency)


def _line(number: int, entry: Mapping[str, Any], currency: Currency, place: int) -> BankLine:
    said = [str(entry.get(name) or "").strip() for name in _REFERENCES]
    references = [text for text in said if text.upper() not in _NOTHING_SAID]
    told = [entry.get("purpose"), entry.get("additional_purpose"), entry.get("transaction_details")]
    day = _day(entry["date"])
    return BankLine(
        number=number,
        booked_on=_day(entry["entry_date"]) if entry.get("entry_date") else day,
        value_on=day,
        amount=_exact(entry["amount"], currency, place),
        references=tuple(dict.fromkeys(references)),
        text=" ".join(" ".join(str(each).split()) for each in told if each),
        counterparty=str(entry.get("applicant_name") or ""),
        place=place,
    )


def _exact(amount: Any, currency: Currency, place: int | None = None) -> Money:
    return read_amount(format(amount.amount, "f"), currency, line=place)


def _day(day: date) -> date:
    return date(day.year, day.month, day.day)
