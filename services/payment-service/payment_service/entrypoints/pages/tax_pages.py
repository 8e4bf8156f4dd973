"""What is owed to tax offices: VAT on our fees and tax withheld, by country and quarter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from crowdloom.chassis.http.auth import require
from crowdloom.kernel import Money
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from payment_service.application.daily_balances import By
from payment_service.application.journal import AccountBalance
from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.pages.tables import Column, Table

TAXES_PAGE = "/finance/ledger/taxes"
_TAX = "liability:tax:"
_QUARTERS = {1: (1, 3, 31), 2: (4, 6, 30), 3: (7, 9, 30), 4: (10, 12, 31)}
_YEARS_BACK = 5


@dataclass(frozen=True)
class Taxed:
    """What moved one account in a quarter: `taken` for the tax office, and given back or paid."""

    quarter: str
    path: str
    taken: Money
    returned: Money

    @property
    def kind(self) -> str:
        return self.path.split(":")[2]

    @property
    def country(self) -> str:
        return self.path.split(":")[3]

    @property
    def owed(self) -> Money:
        return self.taken - self.returned


def tax_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("tax_pages", __name__)

    @blueprint.get(TAXES_PAGE)
    @require("staff", *FINANCE_READERS)
    def taxes() -> str:
        newest = application.clock.now().year
        return render_template(
            "finance/taxes.html",
            table=_taxes(application).shown(),
            year=_year(application),
            years=[(str(each), str(each)) for each in range(newest, newest - _YEARS_BACK, -1)],
            complete_to=application.balances.progress().booked_at,
            kinds=_kinds(),
        )

    @blueprint.get(f"{TAXES_PAGE}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def taxes_file(kind: str) -> Response:
        return _taxes(application).file(kind, f"taxes-{_year(application)}")

    return blueprint


def _year(application: Application) -> int:
    """The one that is asked for, or this one."""
    newest = application.clock.now().year
    text = request.args.get("year", "")
    year = int(text) if text.isascii() and text.isdecimal() and len(text) == len("2026") else newest
    return min(max(year, 1), newest)


def _kinds() -> dict[str, str]:
    return {"vat": _("VAT on our fees"), "withheld": _("withheld from workers")}


def _taxes(application: Application) -> Table[Taxed]:
    columns: list[Column[Taxed]] = [
        Column("quarter", lambda row: row.quarter, _("Quarter")),
        Column("kind", lambda row: row.kind, _("Tax")),
        Column("country", lambda row: row.country, _("Country")),
        Column("taken", lambda row: row.taken, _("Collected"), is_figure=True, is_summed=True),
        Column(
            "returned",
            lambda row: row.returned,
            _("Given back or paid"),
            is_figure=True,
            is_summed=True,
        ),
        Column("owed", lambda row: row.owed, _("Owed"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.taken.currency.code),
        Column("account", lambda row: row.path),
    ]
    found = list(_rows(application, _year(application)))
    return Table.listed(
        columns, found, ids=lambda row: f"{row.quarter}|{row.path}", first="-quarter"
    )


def _rows(application: Application, year: int) -> Iterator[Taxed]:
    for number, (first, last, day) in _QUARTERS.items():
        moved = application.balances.trial(
            since=date(year, first, 1), until=date(year, last, day), by=By.EFFECTIVE
        )
        for row in moved:
            if row.path.startswith(_TAX):
                yield _taxed(f"{year} Q{number}", row)


def _taxed(quarter: str, row: AccountBalance) -> Taxed:
    taken, returned = Money(row.credit, row.currency), Money(row.debit, row.currency)
    return Taxed(quarter, row.path, taken, returned)
