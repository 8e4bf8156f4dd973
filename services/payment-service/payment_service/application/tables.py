"""Long tables: in a chosen order, a page at a time, with totals over all that was asked for."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from crowdloom.kernel import Currency, Money

from payment_service.application.bank_ports import KeptLine
from payment_service.application.exception_ports import Wanted
from payment_service.application.journal import Journal, JournalEntry, StatementLine
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.invoices import Invoice
from payment_service.domain.payouts import PayoutRun, Rail, RunStatus

# Of lists that are put in order here and not by the database.
LISTED_MAX = 10_000
# Of the lines of one account.
STATEMENT_MAX = 2_000
# Beyond it a database that counts and sums would keep the reader waiting.
SUMMED_MAX = 20_000

RowT = TypeVar("RowT")
Value = str | int | Money | date | datetime | None


@dataclass(frozen=True)
class Order:
    """`key` names a column; equals are ordered by their ids."""

    key: str
    is_descending: bool = False


@dataclass(frozen=True)
class Totals:
    """Over all rows, not only a page of them: how many, and by column the sum in each currency.
    Not `is_whole` where there are more than can be counted and summed; `count` is the limit then.
    """

    count: int
    sums: Mapping[str, Sequence[Money]] = field(default_factory=dict)
    is_whole: bool = True


class Rows(Protocol[RowT]):
    """The rows that fit what was asked for. Blocks; reads what is committed."""

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        """The first ones, or those after the row with that id; from the start where it is gone."""
        ...

    def totals(self) -> Totals: ...

    def id_of(self, row: RowT) -> str: ...


class ListedRows(Generic[RowT]):
    """Rows that were read already, at most `LISTED_MAX` of them. `values` says what each column
    holds, `summed` names the columns of amounts that have a total.
    """

    def __init__(
        self,
        rows: Sequence[RowT],
        *,
        ids: Callable[[RowT], str],
        values: Mapping[str, Callable[[RowT], Value]],
        summed: Collection[str] = (),
    ) -> None:
        self._rows = rows[:LISTED_MAX]
        self._is_whole = len(rows) <= LISTED_MAX
        self._ids = ids
        self._values = values
        self._summed = summed

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        value = self._values[order.key]
        rows = sorted(
            self._rows,
            key=lambda row: (_rank(value(row)), self._ids(row)),
            reverse=order.is_descending,
        )
        places = (place for place, row in enumerate(rows, 1) if self._ids(row) == after)
        start = next(places, 0)
        return rows[start : start + count_max]

    def totals(self) -> Totals:
        sums = {
            name: sums_of(self._values[name](row) for row in self._rows) for name in self._summed
        }
        return Totals(len(self._rows), sums, is_whole=self._is_whole)

    def id_of(self, row: RowT) -> str:
        return self._ids(row)


class LongStatement:
    """What moved an account, too much to be put in order: newest first, a page at a time."""

    def __init__(self, journal: Journal, path: str, since: date | None, until: date | None) -> None:
        self._journal = journal
        self._path = path
        self._days = (since, until)

    def page(
        self, _order: Order, count_max: int, *, after: str | None = None
    ) -> Sequence[StatementLine]:
        since, until = self._days
        return self._journal.statement(
            self._path, count_max=count_max, before=after, since=since, until=until
        )

    def totals(self) -> Totals:
        return Totals(STATEMENT_MAX, is_whole=False)

    def id_of(self, row: StatementLine) -> str:
        return row.entry.entry_id


def sums_of(amounts: Iterable[Value]) -> Sequence[Money]:
    """One sum a currency; what is no amount is left out."""
    units: dict[Currency, int] = {}
    for amount in amounts:
        if isinstance(amount, Money):
            units[amount.currency] = units.get(amount.currency, 0) + amount.units
    return [Money(units[each], each) for each in sorted(units, key=lambda one: one.code)]


def _rank(value: Value) -> tuple[Any, ...]:
    """Nothing comes before anything; amounts compare by what is printed, nothing is converted."""
    if value is None:
        return (0,)
    if isinstance(value, Money):
        return (1, Decimal(value.units).scaleb(-value.currency.scale))
    return (1, value.casefold() if isinstance(value, str) else value)


@dataclass(frozen=True)
class Acts:
    """Which acts of the audit log. `until` itself is not among them."""

    who: str | None = None
    what: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Entries:
    """Which entries of the journal: of a flow, about an object, of days they took effect on."""

    code: str | None = None
    ref: tuple[str, str] | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class RunLine:
    """A payout run with the sums of its items; `total` is without those that were given up."""

    run: PayoutRun
    payee_count: int
    total: Money
    paid: Money
    failed: Money


@dataclass(frozen=True)
class Funds:
    """What a requester has with us in one currency."""

    requester_id: str
    free: Money
    reserved: Money
    refunding: Money

    @property
    def all(self) -> Money:
        return self.free + self.reserved + self.refunding

    @property
    def row_id(self) -> str:
        return f"{self.requester_id} {self.free.currency.code}"


class Tables(Protocol):
    """What is too long to be put in order here. Each names the keys that it can be ordered by."""

    def runs(
        self, *, status: RunStatus | None = None, rail: Rail | None = None
    ) -> Sequence[RunLine]:
        """The newest `LISTED_MAX` and one more, to be put in order by the caller."""
        ...

    def invoices(self) -> Sequence[Invoice]:
        """Likewise."""
        ...

    def funds(self) -> Sequence[Funds]:
        """Of every requester who has any."""
        ...

    def reconciliations(self, result: str = "") -> Rows[Mapping[str, Any]]:
        """Of one result (equal, differs, failed) where it is named. asked_at, status, lines,
        differences, asked_by.
        """
        ...

    def exceptions(self, wanted: Wanted) -> Rows[Mapping[str, Any]]:
        """kind, subject, amount, severity, state, owner, opened_at."""
        ...

    def audit(self, acts: Acts) -> Rows[Mapping[str, Any]]:
        """at, who, what, subject."""
        ...

    def entries(self, entries: Entries) -> Rows[JournalEntry]:
        """booked_at, effective_on, code, key, total."""
        ...

    def bank_lines(self, statement_id: str, state: BankLineState | None = None) -> Rows[KeptLine]:
        """number, booked_on, amount, counterparty, text, state, matched_as."""
        ...
