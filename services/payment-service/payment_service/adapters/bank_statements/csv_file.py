"""A bank's CSV, read as the account's mapping says; nothing is guessed."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import zip_longest

from crowdloom.kernel import Currency, Money

from payment_service.adapters.bank_statements.pieces import decoded
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankStatement,
    CsvMapping,
    UnreadableStatement,
    read_amount,
)

# What stands in an amount and is none of it: spaces, the Swiss mark of thousands, marks of
# direction. A typesetter's minus is a minus.
_SPACES = str.maketrans("\u2212", "-", " \u00a0\u202f'’\u200e\u200f\u061c\u2066\u2069")
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_POINT, _THOUSANDS = "٫", "٬"
# Spreadsheets write it before the heading, and it is in no mapping.
_DELIMITER_LINE = re.compile(r"\"?sep=.?\"?\r?\n", re.IGNORECASE)
# Thousands stand in threes: what does not is a decimal sign that the mapping does not know.
_GROUPED = {
    sign: re.compile(rf"[+-]?(?!0)\d{{1,3}}(?:\{mark}\d{{3}})+(?:\{sign}\d*)?", re.ASCII)
    for sign, mark in ((".", ","), (",", "."))
}
_THREE = 3
Row = tuple[int, Mapping[str, str]]


def read(file: StatementFile, account: BankAccount) -> Sequence[BankStatement]:
    """Raises UnreadableStatement."""
    mapping = account.mapping
    if mapping is None:
        raise UnreadableStatement("mapping")
    rows = list(_rows(decoded(file.content, mapping.encoding), mapping))
    if mapping.newest_first:
        rows.reverse()
    if not rows:
        return []
    currency = account.currency
    lines = tuple(_line(number, row, mapping, currency) for number, row in enumerate(rows, start=1))
    opening, closing = _balances(file, rows, lines, mapping, currency)
    return [
        BankStatement(
            # It names itself by what is in it: two parts of one day are two statements.
            reference=_named(lines, closing),
            account="",
            opening=opening,
            closing=closing,
            closed_on=lines[-1].booked_on,
            lines=lines,
        )
    ]


def _named(lines: Sequence[BankLine], closing: Money) -> str:
    first, last = lines[0].booked_on, lines[-1].booked_on
    days = f"{first}" if first == last else f"{first} – {last}"
    return f"{days}, {len(lines)}, {str(closing).partition(' ')[0]}"


def _rows(text: str, mapping: CsvMapping) -> Iterator[Row]:
    """Each row by the heading's names, with its line; empty rows are left out."""
    skipped = _skipped(text, mapping)
    kept = text.split("\n", skipped)
    body = kept[-1] if len(kept) > skipped else ""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=mapping.delimiter, strict=True)
    try:
        heading = _heading(next(reader, []))
        must = max((heading.index(n) for n in _needed(mapping) if n in heading), default=0)
        for name in _columns(mapping):
            if heading.count(name) != 1:
                reason = "columns" if name not in heading else "column_twice"
                raise UnreadableStatement(reason, line=skipped + 1, value=name)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                place = skipped + reader.line_num
                if len(cells) <= must:
                    raise UnreadableStatement("syntax", line=place, value=cells[0])
                if any(cell.strip() for cell in cells[len(heading) :]):
                    raise UnreadableStatement("cells", line=place, value=cells[0])
                yield place, dict(zip_longest(heading, cells[: len(heading)], fillvalue=""))
    except csv.Error as error:
        place = skipped + reader.line_num
        raise UnreadableStatement("syntax", line=place, value=str(error)) from None


def _skipped(text: str, mapping: CsvMapping) -> int:
    """The lines before the heading; whoever mapped the file may have counted the delimiter's."""
    count = mapping.skipped_lines
    if not _DELIMITER_LINE.match(text):
        return count
    return count if mapping.date in text.split("\n", count + 1)[count:][:1][0] else count + 1


def _heading(cells: Sequence[str]) -> list[str]:
    names = [name.strip() for name in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _needed(mapping: CsvMapping) -> Sequence[str]:
    """The columns in which each line has something: programs leave out what ends it empty."""
    return (mapping.date, mapping.amount, mapping.direction, mapping.balance)


def _columns(mapping: CsvMapping) -> Iterator[str]:
    columns = (
        *(mapping.date, mapping.amount, mapping.money_in, mapping.money_out, mapping.direction),
        *(mapping.balance, mapping.reference, mapping.text, mapping.counterparty),
    )
    return (name for name in columns if name)


def _line(number: int, row: Row, mapping: CsvMapping, currency: Currency) -> BankLine:
    place, cells = row
    said = [cells[name].strip() for name in (mapping.reference, mapping.text) if name]
    return BankLine(
        number=number,
        booked_on=_day(cells[mapping.date], mapping, place),
        amount=_amount(cells, mapping, currency, place),
        references=tuple(dict.fromkeys(text for text in said if text)),
        text=cells[mapping.text].strip() if mapping.text else "",
        counterparty=cells[mapping.counterparty].strip() if mapping.counterparty else "",
        place=place,
    )


def _day(said: str, mapping: CsvMapping, place: int) -> date:
    try:
        # A day has no zone: what the bank writes is its own calendar's.
        return datetime.strptime(said.strip(), mapping.date_format).date()  # noqa: DTZ007
    except ValueError:
        raise UnreadableStatement("date", line=place, value=said) from None


def _amount(cells: Mapping[str, str], mapping: CsvMapping, currency: Currency, place: int) -> Money:
    if mapping.amount:
        amount = _read(cells[mapping.amount], mapping, currency, place)
        if not mapping.direction:
            return amount
        is_out = cells[mapping.direction].strip().lower() == mapping.debit_word.lower()
        return -amount if is_out else amount
    money_in, money_out = (
        _read(cells[name], mapping, currency, place) if name and cells[name].strip() else None
        for name in (mapping.money_in, mapping.money_out)
    )
    if (money_in is None) == (money_out is None):
        raise UnreadableStatement("entry", line=place)
    # Some banks write money out with its sign, in the column of money out.
    return money_in if money_in is not None else -_size(money_out or Money.zero(currency))


def _size(amount: Money) -> Money:
    return -amount if amount.units < 0 else amount


def _read(said: str, mapping: CsvMapping, currency: Currency, place: int | None) -> Money:
    thousands = "," if mapping.decimal == "." else "."
    text = said.translate(_SPACES).translate(_DIGITS).removesuffix(currency.code)
    text = text.replace(_POINT, mapping.decimal).replace(_THOUSANDS, thousands)
    other = _GROUPED[thousands].fullmatch(text) and currency.exponent < _THREE
    if other or (thousands in text and not _GROUPED[mapping.decimal].fullmatch(text)):
        raise UnreadableStatement("amount", line=place, value=said)
    return read_amount(
        text.replace(thousands, "").replace(mapping.decimal, "."), currency, line=place
    )


def _balances(
    file: StatementFile,
    rows: Sequence[Row],
    lines: Sequence[BankLine],
    mapping: CsvMapping,
    currency: Currency,
) -> tuple[Money, Money]:
    """From the running balance, or as typed with the file."""
    if mapping.balance:
        running = [_read(cells[mapping.balance], mapping, currency, p) for p, cells in rows]
        for line, before, after in zip(lines[1:], running, running[1:], strict=False):
            if before + line.amount != after:
                raise UnreadableStatement("balance", line=line.place, value=str(after))
        return running[0] - lines[0].amount, running[-1]
    if not file.opening.strip():
        raise UnreadableStatement("opening")
    if not file.closing.strip():
        raise UnreadableStatement("closing")
    return _typed(file.opening, mapping, currency), _typed(file.closing, mapping, currency)


def _typed(said: str, mapping: CsvMapping, currency: Currency) -> Money:
    """As the bank writes amounts, or as we do."""
    try:
        return _read(said, mapping, currency, None)
    except UnreadableStatement:
        return _read(said, replace(mapping, decimal="."), currency, None)
