"""The four-way view: work, ledger, processor and bank of a payout, beside each other."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.rows import ListedRows, Value
from payment_service.bootstrap import Application
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.people import FINANCE_READERS
from payment_service.domain.trails import LinkState, Share, Trail
from payment_service.entrypoints.pages import words
from payment_service.entrypoints.pages.tables import Column, Table

_PLACE = "/finance/reconciliation"
_TONES = {
    LinkState.HOLDS: "good",
    LinkState.WAITS: "wait",
    LinkState.BROKEN: "bad",
    LinkState.ABSENT: "quiet",
}


def trail_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("trail_pages", __name__)
    show = application.show_trail

    @blueprint.get(f"{_PLACE}/items/<item_id>")
    @require("staff", *FINANCE_READERS)
    def item(item_id: str) -> str:
        found = show.item(item_id)
        return render_template(
            "finance/trail.html",
            found=found,
            run=application.readers.payout_runs.get(found.item.run_id),
            table=_work(found.shares).shown(),
            item_words=words.items(),
            item_tones=words.ITEM_TONES,
            flows=words.flows(),
            **_link_words(),
        )

    @blueprint.get(f"{_PLACE}/items/<item_id>/work.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def work_file(item_id: str, kind: str) -> Response:
        return _work(show.item(item_id).shares).file(kind, f"work-{item_id}")

    @blueprint.get(f"{_PLACE}/runs/<run_id>")
    @require("staff", *FINANCE_READERS)
    def run(run_id: str) -> str:
        found, items = show.items(run_id)
        table = _trails(application, items).shown()
        return render_template(
            "finance/run_trails.html",
            run=found,
            table=table,
            state=request.args.get("state", ""),
            item_count=len(items),
            broken_count=sum(trail.broken is not None for trail in table.rows),
            **_link_words(),
        )

    @blueprint.get(f"{_PLACE}/runs/<run_id>.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def run_file(run_id: str, kind: str) -> Response:
        found, items = show.items(run_id)
        return _trails(application, items).file(kind, f"trails-{found.number}")

    @blueprint.get(f"{_PLACE}/entries/<entry_id>/payout")
    @require("staff", *FINANCE_READERS)
    def paid_by(entry_id: str) -> BaseResponse:
        item_id = show.paid_by(entry_id)
        if item_id is not None:
            return redirect(f"{_PLACE}/items/{item_id}", 303)
        ui.say("move", _("In no payout yet"), _("It is payable, or held, or was not matured."))
        return redirect(f"/finance/ledger/entries/{entry_id}", 303)

    return blueprint


def _trails(application: Application, items: Sequence[PayoutItem]) -> Table[Trail]:
    """Of a run. Trails take some queries each: made for the lines of a page, or for all where one
    asks for the broken ones or sorts by a link.
    """
    columns: list[Column[Trail]] = [
        Column("line", lambda row: row.item.item_id),
        Column("worker", lambda row: row.item.worker_id, _("Worker")),
        Column("amount", lambda row: row.item.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.item.currency.code),
        Column("state", lambda row: row.item.state.value),
        *(Column(name, partial(_state_of, name), word) for name, word in _links().items()),
        Column("broken", lambda row: row.broken),
    ]
    of_item: dict[str, Callable[[PayoutItem], Value]] = {
        "line": lambda item: item.item_id,
        "worker": lambda item: item.worker_id,
        "amount": lambda item: item.amount,
    }
    state, make = request.args.get("state", ""), application.show_trail.of
    if state in set(LinkState):
        chosen = [trail for trail in make(items) if any(n.state == state for n in trail.links)]
        return Table.listed(columns, chosen, ids=lambda row: row.item.item_id, first="line")
    source = ListedRows(items, ids=lambda item: item.item_id, values=of_item, summed=["amount"])
    return Table.joined(columns, source, make, ids=lambda row: row.item.item_id, first="line")


def _state_of(name: str, row: Trail) -> str:
    return next(link.state.value for link in row.links if link.name == name)


def _work(shares: Sequence[Share]) -> Table[Share]:
    """What a payout pays, by the entry that each part of it comes from."""
    columns: list[Column[Share]] = [
        Column("entry", lambda row: row.entry_id),
        Column("what", lambda row: row.code, _("What")),
        Column("share", lambda row: row.amount, _("Share"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.amount.currency.code),
        Column("assignment", lambda row: row.assignment_id, _("Assignment")),
        Column("batch", lambda row: row.batch_id, _("Batch")),
        Column("accepted_by", lambda row: row.accept_id, _("Accepted")),
    ]
    return Table.listed(columns, shares, ids=lambda row: row.entry_id, first="entry")


def _links() -> dict[str, str]:
    return {
        "work": _("Accepted work"),
        "ledger": _("Ledger"),
        "processor": _("Processor"),
        "bank": _("Bank"),
    }


def _link_words() -> dict[str, Any]:
    return {
        "links": _links(),
        "states": {
            LinkState.HOLDS: _("Agrees"),
            LinkState.WAITS: _("On its way"),
            LinkState.BROKEN: _("Broken"),
            LinkState.ABSENT: _("Not of this rail"),
        },
        "tones": _TONES,
    }
