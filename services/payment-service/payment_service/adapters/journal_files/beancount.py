"""The journal as beancount: opened accounts, the balances before, each entry, the balances after.

The balances after are read apart from the entries, so `bean-check` compares two readings. Syntax:
the Beancount language documentation.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from crowdloom.kernel import Currency

from payment_service.adapters.journal_files.pieces import plain
from payment_service.application.export_journal import Books, Period
from payment_service.application.journal import JournalEntry

_ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
    "clearing": "Equity:Clearing",
}


def write_beancount(books: Books, period: Period) -> Iterator[bytes]:
    opened: set[str] = set()
    before = books.balances_before(period.since)
    yield b'option "title" "Crowdloom journal"\n'
    yield from _opening(before, period.since - timedelta(days=1), opened)
    for entry in books.between(period.since, period.until):
        yield _transaction(entry, opened)
    for path, units in sorted(books.balances_before(period.day_after).items()):
        if path in opened:
            yield f"{period.day_after} balance{_posting(path, units)}".encode()


def _opening(before: Mapping[str, int], day: date, opened: set[str]) -> Iterator[bytes]:
    by_currency: dict[str, list[str]] = {}
    for path, units in sorted(before.items()):
        if units:
            by_currency.setdefault(_currency(path).code, []).append(_posting(path, units))
            yield _open(path, day.isoformat(), opened).encode()
    for code, postings in by_currency.items():
        yield f'\n{day} * "opening" "Balances before, {code}"\n{"".join(postings)}'.encode()


def _transaction(entry: JournalEntry, opened: set[str]) -> bytes:
    lines = [_open(line.account, entry.effective_on, opened) for line in entry.lines]
    lines.append(f"\n{entry.effective_on} * {_quoted(entry.code)} {_quoted(entry.key)}\n")
    lines.append(f"  entry: {_quoted(entry.entry_id)}\n")
    lines += [_posting(line.account, line.debit - line.credit) for line in entry.lines]
    return "".join(lines).encode()


def _open(path: str, day: str, opened: set[str]) -> str:
    if path in opened:
        return ""
    opened.add(path)
    return f"{day} open {account_of(path)} {_currency(path).code}\n"


def _posting(path: str, units: int) -> str:
    currency = _currency(path)
    return f"  {account_of(path)}  {plain(units, currency)} {currency.code}\n"


def account_of(path: str) -> str:
    """Parts begin with a capital or a digit, and have no underscores.

    A hyphen is one of a bank account's own: as `-H-` it is not taken for an underscore, since such
    a name has small letters alone.
    """
    root, *parts = path.split(":")
    plain_parts = [part.replace("-", "_H_").replace("_", "-") for part in parts]
    named = [part[:1].upper() + part[1:] for part in plain_parts]
    return ":".join([_ROOTS[root], *named])


def _currency(path: str) -> Currency:
    return Currency.of(path.rpartition(":")[2])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
