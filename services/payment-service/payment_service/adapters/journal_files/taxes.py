"""What each worker was paid, by year and quarter: the figures that tax forms are made from."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import WorkerId

from payment_service.adapters.journal_files.pieces import csv_pieces, plain
from payment_service.adapters.mongo_seals import chunks
from payment_service.application.export_journal import Books, Period
from payment_service.application.journal import JournalEntry
from payment_service.application.people_ports import Payees
from payment_service.domain.deductions import country_of
from payment_service.domain.taxes import told_from

COLUMNS = (
    *("worker", "year", "quarter", "currency", "gross", "fee", "withheld", "country"),
    "year_to_be_told",
)
# What came back, or turned out to be something else, was not paid.
_PAID = {"payout_post": 1, "return_unmatch": 1, "payout_return": -1, "bank_unmatch": -1}
_LOOKED_UP_TOGETHER = 500

CountriesOf = Callable[[Collection[WorkerId]], Mapping[WorkerId, str]]
"""Where each worker is paid, two letters; one whose country is not known is not in it."""


class PayeeCountries:
    """By the bank account, or by the only country that the processor pays to."""

    def __init__(self, payees: Payees, *, processor_country: str) -> None:
        self._payees = payees
        self._processor_country = processor_country

    def __call__(self, workers: Collection[WorkerId]) -> Mapping[WorkerId, str]:
        found = self._payees.many(workers)
        known = {
            worker: country_of(payee, self._processor_country) for worker, payee in found.items()
        }
        return {worker: country for worker, country in known.items() if country}


class TaxTotals:
    """A `Write`. What is kept while it reads is a row a worker and quarter, and never entries."""

    def __init__(self, countries_of: CountriesOf) -> None:
        self._countries_of = countries_of

    def __call__(self, books: Books, period: Period) -> Iterator[bytes]:
        return csv_pieces(COLUMNS, self._rows(books, period))

    def _rows(self, books: Books, period: Period) -> Iterator[tuple[str, ...]]:
        paid: dict[tuple[str, str, int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        for entry in books.between(period.since, period.until):
            sign = _PAID.get(entry.code, 0) if "item" in entry.refs else 0
            if sign:
                _add(paid[_key(entry)], entry, sign)
        years: dict[tuple[str, str, int], int] = defaultdict(int)
        for (worker, code, year, _quarter), (gross, _fee, _withheld) in paid.items():
            years[worker, code, year] += gross
        for keys in chunks(sorted(paid), _LOOKED_UP_TOGETHER):
            countries = self._countries_of({WorkerId(key[0]) for key in keys})
            for worker, code, year, quarter in keys:
                country, currency = countries.get(WorkerId(worker), ""), Currency.of(code)
                amounts = [plain(units, currency) for units in paid[worker, code, year, quarter]]
                told = _is_told(country, year, Money(years[worker, code, year], currency))
                yield (worker, str(year), f"Q{quarter}", code, *amounts, country, told)


def _key(entry: JournalEntry) -> tuple[str, str, int, int]:
    year, month = int(entry.effective_on[:4]), int(entry.effective_on[5:7])
    return entry.refs["worker"], entry.currency.code, year, (month + 2) // 3


def _add(sums: list[int], entry: JournalEntry, sign: int) -> None:
    sums[0] += sign * entry.total
    for line in entry.lines:
        change = line.credit - line.debit
        sums[1] += change if line.account.startswith("income:fee:payout:") else 0
        sums[2] += change if line.account.startswith("liability:tax:withheld:") else 0


def _is_told(country: str, year: int, gross: Money) -> str:
    limit = told_from(country, year)
    if limit is None or limit.currency is not gross.currency:
        return ""
    return "yes" if gross >= limit else "no"
