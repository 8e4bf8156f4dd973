"""The ledger: trial balance, statement of an account, entries; each as a page and as a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from crowdloom.chassis.http.auth import require
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from payment_service.application.daily_balances import By
from payment_service.application.journal import (
    AccountBalance,
    JournalEntry,
    StatementLine,
)
from payment_service.application.tables import Entries
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.entrypoints.pages import shell, words
from payment_service.entrypoints.pages.tables import Column, Table, days_asked

TRIAL_ROWS_SHOWN = 200
SIDES = ("asset", "liability", "income", "expense")
REFERENCES = (
    *("run", "item", "batch", "requester", "worker", "assignment", "top_up", "stripe_txn"),
    *("bank_line", "sweep"),
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
    _add_statement(blueprint, application)
    _add_entries(blueprint, application)
    return blueprint


@dataclass(frozen=True)
class Days:
    """Which days a trial balance is asked for; without `until` it is the one of now."""

    since: date | None
    until: date | None
    by: By

    @classmethod
    def asked(cls) -> "Days":
        since, until = days_asked()
        by = request.args.get("by", "")
        return cls(since, until, By.BOOKED if by == By.BOOKED else By.EFFECTIVE)

    def ended(self, today: date) -> "Days":
        """What moved since a day is what moved until now, where no last day is named."""
        return self if self.since is None or self.until else replace(self, until=today)


def _trial(application: Application, days: Days) -> Sequence[AccountBalance]:
    if days.until is None:
        return application.journal.trial_balance()
    return application.balances.trial(since=days.since, until=days.until, by=days.by)


def _add_trial_balance(blueprint: Blueprint, application: Application) -> None:
    journal = application.journal

    def asked_days() -> Days:
        return Days.asked().ended(application.clock.now().date())

    @blueprint.get("/finance/ledger")
    @require("staff", *FINANCE_READERS)
    def trial_balance() -> str:
        days = asked_days()
        trial = _trial(application, days)
        return render_template(
            "finance/trial_balance.html",
            table=_trial_table(trial).shown(TRIAL_ROWS_SHOWN),
            account_count=len(trial),
            entry_count=journal.count(),
            totals=totals(trial),
            side=request.args.get("side", ""),
            wanted=_wanted(),
            days=days,
            complete_to=application.balances.progress().booked_at if days.until else None,
            money=Money,
            account_words=words.account,
        )

    @blueprint.get("/finance/ledger.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def trial_file(kind: str) -> Response:
        return _trial_table(_trial(application, asked_days())).file(kind, "trial-balance")


def _wanted() -> str:
    return request.args.get("q", "").strip()


def _trial_table(trial: Sequence[AccountBalance]) -> Table[AccountBalance]:
    columns: list[Column[AccountBalance]] = [
        Column("account", lambda row: row.path, _("Account")),
        Column("debit", _on_debit_side, _("Debit"), is_figure=True, is_summed=True),
        Column("credit", _on_credit_side, _("Credit"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.currency.code),
        Column("debits", lambda row: Money(row.debit, row.currency)),
        Column("credits", lambda row: Money(row.credit, row.currency)),
        Column("balance", lambda row: Money(abs(row.signed), row.currency)),
        Column("side", lambda row: "debit" if row.signed > 0 else "credit"),
    ]
    side, wanted = request.args.get("side", ""), _wanted().casefold()
    shown = [row for row in trial if _is_wanted(row, side, wanted)]
    return Table.listed(columns, shown, ids=lambda row: row.path, first="account")


def _on_debit_side(row: AccountBalance) -> Money | None:
    return Money(row.signed, row.currency) if row.signed > 0 else None


def _on_credit_side(row: AccountBalance) -> Money | None:
    return Money(-row.signed, row.currency) if row.signed <= 0 else None


def _is_wanted(row: AccountBalance, side: str, wanted: str) -> bool:
    of_side = side not in SIDES or row.path.startswith(f"{side}:")
    # Accounts that are even say nothing, unless one asks for them.
    return of_side and (wanted in row.path.casefold() if wanted else bool(row.signed))


def totals(trial: Iterable[AccountBalance]) -> Sequence[Total]:
    sums: dict[Currency, list[int]] = {}
    for row in trial:
        both = sums.setdefault(row.currency, [0, 0])
        both[0 if row.signed > 0 else 1] += abs(row.signed)
    return [
        Total(currency, Money(debit, currency), Money(credit, currency))
        for currency, (debit, credit) in sums.items()
    ]


def _add_statement(blueprint: Blueprint, application: Application) -> None:
    account = "/finance/ledger/accounts/<path>"

    @blueprint.get(account)
    @require("staff", *FINANCE_READERS)
    def statement(path: str) -> str:
        days = Days.asked()
        newest = _newest(application, path)
        return render_template(
            "finance/statement.html",
            path=path,
            newest=newest,
            table=_statement(application, path, days).shown(),
            days=days,
            on_debit_side=chart.is_debit_side(path),
            word=words.account(path),
            flows=words.flows(),
        )

    @blueprint.get(f"{account}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def statement_file(path: str, kind: str) -> Response:
        _newest(application, path)
        name = f"statement-{path.replace(':', '-')}"
        return _statement(application, path, Days.asked()).file(kind, name)


def _newest(application: Application, path: str) -> StatementLine:
    found = application.journal.statement(path, count_max=1)
    if not found:
        raise NotFound("Nothing was ever posted to such an account")
    return found[0]


def _statement(application: Application, path: str, days: Days) -> Table[StatementLine]:
    columns: list[Column[StatementLine]] = [
        Column("entry_id", lambda line: line.entry.entry_id),
        Column("booked_at", lambda line: line.entry.booked_at, _("Booked")),
        Column("effective_on", lambda line: line.entry.effective_on),
        Column("entry", lambda line: line.entry.code, _("Entry")),
        Column("key", lambda line: line.entry.key),
        Column("debit", lambda line: line.debit_amount, _("Debit"), is_figure=True, is_summed=True),
        Column(
            "credit", lambda line: line.credit_amount, _("Credit"), is_figure=True, is_summed=True
        ),
        Column("balance", lambda line: line.balance_amount, _("Balance"), is_figure=True),
        Column("currency", lambda line: line.entry.currency.code),
    ]
    found = application.tables.statement(path, since=days.since, until=days.until)
    return Table.kept(columns, found, first="-booked_at")


def _entries(application: Application) -> Table[JournalEntry]:
    code, kind = request.args.get("code", ""), request.args.get("by", "")
    value, days = request.args.get("ref", "").strip(), Days.asked()
    wanted = Entries(
        code=code if code in words.flows() else None,
        ref=(kind, value) if kind in REFERENCES and value else None,
        about="" if kind in REFERENCES else value,
        since=days.since,
        until=days.until,
    )
    columns: list[Column[JournalEntry]] = [
        Column("entry", lambda row: row.entry_id),
        Column("booked_at", lambda row: row.booked_at, _("Booked")),
        Column("effective_on", lambda row: row.effective_on, _("Took effect")),
        Column("code", lambda row: row.code, _("Flow")),
        Column("key", lambda row: row.key, _("Key")),
        Column("total", _total_of, _("Total"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.currency.code),
        Column("refs", lambda row: " ".join(f"{name}={value}" for name, value in row.refs.items())),
    ]
    return Table(columns, application.tables.entries(wanted), first="-booked_at")


def _total_of(row: JournalEntry) -> Money:
    return Money(row.total, row.currency)


def _add_entries(blueprint: Blueprint, application: Application) -> None:
    journal = application.journal

    @blueprint.get("/finance/ledger/entries")
    @require("staff", *FINANCE_READERS)
    def entries() -> str:
        return render_template(
            "finance/entries.html",
            table=_entries(application).shown(),
            asked={name: request.args.get(name, "").strip() for name in ("code", "by", "ref")},
            days=Days.asked(),
            references={name: words.references()[name] for name in REFERENCES},
            money=Money,
            flows=words.flows(),
        )

    @blueprint.get("/finance/ledger/entries.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def entries_file(kind: str) -> Response:
        return _entries(application).file(kind, "entries")

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
