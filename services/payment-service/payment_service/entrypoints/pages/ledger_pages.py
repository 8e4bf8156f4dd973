"""The ledger: trial balance, statement of an account, entries; each as a page and as a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from crowdloom.chassis.http.auth import require
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, render_template, request

from payment_service.application.daily_balances import By
from payment_service.application.journal import AccountBalance, Journal, StatementLine
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.entrypoints.pages import files, shell, words

PAGE_ITEMS = 50
TRIAL_ROWS_MAX = 200
_FILE_CHUNK_ITEMS = 200
_FILE_CHUNKS_MAX = 500
SIDES = ("asset", "liability", "income", "expense")
REFERENCES = (
    *("run", "item", "batch", "requester", "worker", "assignment", "top_up", "stripe_txn"),
    *("bank_line", "sweep"),
)
_TRIAL_COLUMNS = ("account", "currency", "debits", "credits", "balance", "side")
_STATEMENT_COLUMNS = (
    "entry",
    "booked_at",
    "effective_on",
    "code",
    "key",
    "debit",
    "credit",
    "balance",
    "currency",
)


@dataclass(frozen=True)
class Total:
    """All accounts of one currency: net debit and credit balances, which are equal."""

    currency: Currency
    debit: Money
    credit: Money

    @property
    def difference(self) -> Money:
        return self.debit - self.credit


def ledger_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("ledger_pages", __name__)
    _add_trial_balance(blueprint, application)
    _add_statement(blueprint, application.journal)
    _add_entries(blueprint, application.journal)
    return blueprint


@dataclass(frozen=True)
class Days:
    """Which days a trial balance is asked for; without `until` it is the one of now."""

    since: date | None
    until: date | None
    by: By

    @classmethod
    def asked(cls) -> "Days":
        since, until = (_day(request.args.get(name, "")) for name in ("since", "until"))
        by = request.args.get("by", "")
        return cls(since, until, By.BOOKED if by == By.BOOKED else By.EFFECTIVE)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _trial(application: Application, days: Days) -> Sequence[AccountBalance]:
    if days.until is None:
        return application.journal.trial_balance()
    return application.balances.trial(since=days.since, until=days.until, by=days.by)


def _add_trial_balance(blueprint: Blueprint, application: Application) -> None:
    journal = application.journal

    @blueprint.get("/finance/ledger")
    @require("staff", *FINANCE_READERS)
    def trial_balance() -> str:
        days = Days.asked()
        trial = _trial(application, days)
        side, wanted = request.args.get("side", ""), request.args.get("q", "").strip()
        shown = [row for row in trial if _is_wanted(row, side, wanted)]
        return render_template(
            "finance/trial_balance.html",
            rows=shown[:TRIAL_ROWS_MAX],
            hidden_count=max(0, len(shown) - TRIAL_ROWS_MAX),
            account_count=len(trial),
            entry_count=journal.count(),
            totals=totals(trial),
            side=side,
            wanted=wanted,
            days=days,
            complete_to=application.balances.progress().booked_at if days.until else None,
            money=Money,
            account_words=words.account,
        )

    @blueprint.get("/finance/ledger.csv")
    @require("staff", *FINANCE_READERS)
    def trial_file() -> Response:
        rows = [_trial_cells(row) for row in _trial(application, Days.asked())]
        return files.csv_file("trial-balance.csv", _TRIAL_COLUMNS, [rows])


def _is_wanted(row: AccountBalance, side: str, wanted: str) -> bool:
    of_side = side not in SIDES or row.path.startswith(f"{side}:")
    # Accounts that are even say nothing, unless one asks for them.
    return of_side and (wanted in row.path if wanted else bool(row.signed))


def totals(trial: Iterable[AccountBalance]) -> Sequence[Total]:
    sums: dict[Currency, list[int]] = {}
    for row in trial:
        both = sums.setdefault(row.currency, [0, 0])
        both[0 if row.signed > 0 else 1] += abs(row.signed)
    return [
        Total(currency, Money(debit, currency), Money(credit, currency))
        for currency, (debit, credit) in sums.items()
    ]


def _trial_cells(row: AccountBalance) -> tuple[str, ...]:
    return (
        row.path,
        row.currency.code,
        files.plain(Money(row.debit, row.currency)),
        files.plain(Money(row.credit, row.currency)),
        files.plain(Money(abs(row.signed), row.currency)),
        "debit" if row.signed > 0 else "credit",
    )


def _add_statement(blueprint: Blueprint, journal: Journal) -> None:
    @blueprint.get("/finance/ledger/accounts/<path>")
    @require("staff", *FINANCE_READERS)
    def statement(path: str) -> str:
        before = request.args.get("cursor")
        lines = journal.statement(path, count_max=PAGE_ITEMS + 1, before=before)
        if not lines and before is None:
            raise NotFound("Nothing was ever posted to such an account")
        return render_template(
            "finance/statement.html",
            path=path,
            lines=lines[:PAGE_ITEMS],
            next_cursor=lines[PAGE_ITEMS - 1].entry.entry_id if len(lines) > PAGE_ITEMS else None,
            is_newest=before is None,
            on_debit_side=chart.is_debit_side(path),
            word=words.account(path),
            money=Money,
            flows=words.flows(),
        )

    @blueprint.get("/finance/ledger/accounts/<path>.csv")
    @require("staff", *FINANCE_READERS)
    def statement_file(path: str) -> Response:
        name = path.replace(":", "-")
        return files.csv_file(
            f"statement-{name}.csv", _STATEMENT_COLUMNS, _statement_rows(journal, path)
        )


def _statement_rows(journal: Journal, path: str) -> Iterator[list[tuple[str, ...]]]:
    before: str | None = None
    for _ in range(_FILE_CHUNKS_MAX):
        lines = journal.statement(path, count_max=_FILE_CHUNK_ITEMS, before=before)
        yield [_statement_cells(line) for line in lines]
        if len(lines) < _FILE_CHUNK_ITEMS:
            return
        before = lines[-1].entry.entry_id


def _statement_cells(line: StatementLine) -> tuple[str, ...]:
    entry, currency = line.entry, line.entry.currency
    return (
        entry.entry_id,
        files.when(entry.booked_at),
        entry.effective_on,
        entry.code,
        entry.key,
        files.plain(Money(line.debit, currency)),
        files.plain(Money(line.credit, currency)),
        files.plain(Money(line.balance, currency)),
        currency.code,
    )


def _add_entries(blueprint: Blueprint, journal: Journal) -> None:
    @blueprint.get("/finance/ledger/entries")
    @require("staff", *FINANCE_READERS)
    def entries() -> str:
        flows = words.flows()
        code, kind = request.args.get("code", ""), request.args.get("by", "")
        value = request.args.get("ref", "").strip()
        found = journal.entries(
            count_max=PAGE_ITEMS + 1,
            before=request.args.get("cursor"),
            code=code if code in flows else None,
            ref=(kind, value) if kind in REFERENCES and value else None,
        )
        return render_template(
            "finance/entries.html",
            entries=found[:PAGE_ITEMS],
            next_cursor=found[PAGE_ITEMS - 1].entry_id if len(found) > PAGE_ITEMS else None,
            code=code,
            kind=kind,
            value=value,
            references={name: words.references()[name] for name in REFERENCES},
            money=Money,
            flows=flows,
        )

    @blueprint.get("/finance/ledger/entries/<entry_id>")
    @require("staff", *FINANCE_READERS)
    def entry(entry_id: str) -> str:
        found = journal.entry(entry_id)
        if found is None:
            raise NotFound("There is no such entry")
        return render_template(
            "finance/entry.html",
            entry=found,
            may_make=shell.may(MAKER),
            references={name: words.references()[name] for name in REFERENCES},
            money=Money,
            flows=words.flows(),
            account_words=words.account,
        )
