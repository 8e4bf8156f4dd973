"""For accounting packages: a journal a day and currency, by control account, in minor units.

Columns are those of the packages' own templates for journals: QuickBooks Online's, and Xero's
manual journals, which take at most 300 lines a file and give each account a short code.
"""

from collections.abc import Iterator
from datetime import date
from zipfile import ZIP_DEFLATED, ZipFile

from crowdloom.kernel import Currency, Money

from payment_service.adapters.journal_files.pieces import (
    MARK,
    csv_bytes,
    csv_pieces,
    read_back,
    spooled,
)
from payment_service.application.export_journal import Books, Period
from payment_service.domain import control_accounts
from payment_service.domain.control_accounts import DayJournal, Movement

_QUICKBOOKS = (
    *("Journal No.", "Journal Date", "Currency", "Memo"),
    *("Account", "Debits", "Credits", "Description"),
)
_XERO = ("*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount")
# With the line of column names.
XERO_LINES_MAX = 300


def write_quickbooks(books: Books, period: Period) -> Iterator[bytes]:
    rows = (row for journal in _days(books, period) for row in _quickbooks_rows(journal))
    return csv_pieces(_QUICKBOOKS, rows)


def write_xero(books: Books, period: Period) -> Iterator[bytes]:
    """A zip of files; a journal is never split over two."""
    with spooled() as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as pack:
            for number, rows in enumerate(_xero_files(books, period), start=1):
                pack.writestr(f"xero-{number:04d}.csv", MARK + csv_bytes([_XERO, *rows]))
        yield from read_back(file)


def _xero_files(books: Books, period: Period) -> Iterator[list[tuple[str, ...]]]:
    rows: list[tuple[str, ...]] = []
    for journal in _days(books, period):
        added = _xero_rows(journal)
        if len(rows) + len(added) >= XERO_LINES_MAX:
            yield rows
            rows = []
        rows += added
    yield rows


def _days(books: Books, period: Period) -> Iterator[DayJournal]:
    movements = (
        Movement(entry.effective_on, line.account, entry.currency, line.debit - line.credit)
        for entry in books.between(period.since, period.until)
        for line in entry.lines
    )
    return control_accounts.days(books.balances_before(period.since), movements)


def _quickbooks_rows(journal: DayJournal) -> Iterator[tuple[str, ...]]:
    code = journal.currency.code
    for control, minor in journal.lines.items():
        amount = _digits(abs(minor), journal.currency)
        yield (
            f"CL-{journal.day}-{code}",
            f"{date.fromisoformat(journal.day):%m/%d/%Y}",
            code,
            f"Crowdloom {journal.day}",
            f"{control}:{code}",
            amount if minor > 0 else "",
            amount if minor < 0 else "",
            control,
        )


def _xero_rows(journal: DayJournal) -> list[tuple[str, ...]]:
    narration = f"Crowdloom {journal.day} {journal.currency.code}"
    return [
        (
            narration,
            f"{date.fromisoformat(journal.day):%d/%m/%Y}",
            control,
            control_accounts.code_of(control, journal.currency),
            "Tax Exempt",
            _digits(minor, journal.currency),
        )
        for control, minor in journal.lines.items()
    ]


def _digits(minor: int, currency: Currency) -> str:
    return str(Money.of_minor(minor, currency)).split()[0]
