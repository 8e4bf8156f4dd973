"""The books: trial balance, entries, account statements."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.kernel import Currency
from crowdloom.kernel.errors import InvalidInput, NotFound
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from payment_service.application.daily_balances import By
from payment_service.application.journal import AccountBalance
from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.http import present, schemas
from payment_service.entrypoints.http.documented import SEEN, STAFF, refusals

_REFS = ("batch", "requester", "worker", "assignment", "run", "item")


class TrialQuerySchema(Schema):
    """Days, both included: the balances at the end of `until`, or what moved since `since`. By the
    day an entry took effect, or was booked.
    """

    since = fields.Date(load_default=None)
    until = fields.Date(load_default=None)
    by = fields.String(
        load_default=By.EFFECTIVE.value,
        validate=validate.OneOf([By.EFFECTIVE.value, By.BOOKED.value]),
    )


def ledger_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("ledger", area="payments", description="The books")
    _add_trial_balance(blueprint, application)
    _add_entries(blueprint, application)
    _add_statement(blueprint, application)
    return blueprint


def _add_trial_balance(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/ledger/trial-balance")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(TrialQuerySchema, location="query")
    @blueprint.response(200, schemas.TrialBalanceSchema)
    def trial_balance(query: dict[str, Any]) -> dict[str, Any]:
        """Every account's totals. `sum` is 0 where debits equal credits in every currency."""
        rows = _trial(application, query)
        by_currency: dict[Currency, list[AccountBalance]] = defaultdict(list)
        for row in rows:
            by_currency[row.currency].append(row)
        return {
            "sum": sum(abs(sum(row.signed for row in rows)) for rows in by_currency.values()),
            "as_of": application.clock.now(),
            "complete_to": application.balances.progress().booked_at if query["until"] else None,
            "entries_count": application.journal.count(),
            "currencies": [present.currency_total(c, rows) for c, rows in by_currency.items()],
            "accounts": [present.account_balance(row) for row in rows],
        }


def _trial(application: Application, query: dict[str, Any]) -> Sequence[AccountBalance]:
    """Now, from the journal; or between two days, from the daily balances."""
    if query["until"] is None:
        if query["since"] is not None:
            raise InvalidInput("Name the last day too", errors={"until": ["Name the last day"]})
        return application.journal.trial_balance()
    return application.balances.trial(
        since=query["since"], until=query["until"], by=By(query["by"])
    )


def _add_entries(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="entries")

    @blueprint.get("/ledger/entries")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(schemas.EntryQuerySchema, location="query")
    @blueprint.response(200, schemas.EntryPageSchema)
    def entries(query: dict[str, Any]) -> dict[str, Any]:
        """Journal entries, newest first, of one code or about one object."""
        found = application.journal.entries(
            count_max=query["limit"] + 1,
            before=cursors.place_of(query),
            code=query["code"],
            ref=_ref(query),
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda entry: entry.entry_id,
            present=present.entry,
        )

    @blueprint.get("/ledger/entries/<entry_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.EntrySchema)
    def entry(entry_id: str) -> dict[str, Any]:
        """One entry with its lines, its cause and what it is about."""
        found = application.journal.entry(entry_id)
        if found is None:
            raise NotFound("There is no such entry")
        return present.entry(found)


def _ref(query: dict[str, Any]) -> tuple[str, str] | None:
    named = [(name, query[name]) for name in _REFS if query[name]]
    if len(named) > 1:
        names = [name for name, _ in named]
        raise InvalidInput("Name one object at a time", errors={n: ["One alone"] for n in names})
    return named[0] if named else None


def _add_statement(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="statement")

    @blueprint.get("/ledger/accounts/<path:account>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found", 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(schemas.PageQuerySchema, location="query")
    @blueprint.response(200, schemas.StatementSchema)
    def statement(query: dict[str, Any], account: str) -> dict[str, Any]:
        """An account's movements, newest first, each with the balance after it."""
        before = cursors.place_of(query)
        lines = application.journal.statement(account, count_max=query["limit"] + 1, before=before)
        if not lines and before is None:
            raise NotFound("Nothing was ever posted to such an account")
        page = page_of(
            lines,
            query["limit"],
            cursors,
            place=lambda line: line.entry.entry_id,
            present=present.movement,
        )
        return {"account": account, **page}
