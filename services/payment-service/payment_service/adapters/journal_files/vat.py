"""Our fees with the VAT on them, by month, country and rate: the figures of VAT returns.

What a business elsewhere owes itself (reverse charge) is there too: it is told without an amount.
"""

from collections import defaultdict
from collections.abc import Iterator

from crowdloom.kernel import Currency

from payment_service.adapters.journal_files.pieces import csv_pieces, plain
from payment_service.application.export_journal import Books, Period
from payment_service.domain.vat import read_note

COLUMNS = ("month", "country", "basis_points", "reverse_charge", "currency", "fees", "vat")
_MONTH_CHARACTERS = len("2026-11")


def write_vat(books: Books, period: Period) -> Iterator[bytes]:
    """A `Write`. What is kept while it reads is a row a month, country, rate and currency."""
    return csv_pieces(COLUMNS, _rows(books, period))


def _rows(books: Books, period: Period) -> Iterator[tuple[str, ...]]:
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for entry in books.between(period.since, period.until):
        if "vat" not in entry.refs:
            continue
        month = entry.effective_on[:_MONTH_CHARACTERS]
        of_month = sums[month, entry.refs["vat"], entry.currency.code]
        for line in entry.lines:
            if line.account.startswith("income:fee:"):
                of_month[0] += line.credit - line.debit
            elif line.account.startswith("liability:tax:vat:"):
                of_month[1] += line.credit - line.debit
    for (month, note, code), (fees, vat) in sorted(sums.items()):
        tax, currency = read_note(note), Currency.of(code)
        told = "yes" if tax.reverse_charge else "no"
        amounts = plain(fees, currency), plain(vat, currency)
        yield month, tax.country, str(tax.basis_points), told, code, *amounts
