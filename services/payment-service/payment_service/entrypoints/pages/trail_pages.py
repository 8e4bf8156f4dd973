"""The four-way view: work, ledger, processor and bank of a payout, beside each other."""

from collections.abc import Sequence
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.domain.trails import LinkState, Share
from payment_service.entrypoints.pages import words
from payment_service.entrypoints.pages.tables import Column, Table

PAGE_ITEMS = 50
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
        found, trails, following = show.run(
            run_id, PAGE_ITEMS, after=request.args.get("cursor", "")
        )
        return render_template(
            "finance/run_trails.html",
            run=found,
            trails=trails,
            next_cursor=following,
            broken_count=sum(trail.broken is not None for trail in trails),
            **_link_words(),
        )

    @blueprint.get(f"{_PLACE}/entries/<entry_id>/payout")
    @require("staff", *FINANCE_READERS)
    def paid_by(entry_id: str) -> BaseResponse:
        item_id = show.paid_by(entry_id)
        if item_id is not None:
            return redirect(f"{_PLACE}/items/{item_id}", 303)
        ui.say("move", _("In no payout yet"), _("It is payable, or held, or was not matured."))
        return redirect(f"/finance/ledger/entries/{entry_id}", 303)

    return blueprint


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


def _link_words() -> dict[str, Any]:
    return {
        "links": {
            "work": _("Accepted work"),
            "ledger": _("Ledger"),
            "processor": _("Processor"),
            "bank": _("Bank"),
        },
        "states": {
            LinkState.HOLDS: _("Agrees"),
            LinkState.WAITS: _("On its way"),
            LinkState.BROKEN: _("Broken"),
            LinkState.ABSENT: _("Not of this rail"),
        },
        "tones": _TONES,
    }
