"""The trail of a payout: work, ledger, processor and bank, and the first link that is broken."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.contracts.fields import InstantField, MoneyField
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.domain.trails import Trail
from payment_service.entrypoints.http.documented import STAFF, refusals

_SEEN = {401: "not_signed_in", 403: "not_allowed", 404: "not_found"}


class TrailLinkSchema(Schema):
    """`name` is work, ledger, processor or bank; `state` is holds, waits, broken or absent."""

    name = fields.String(required=True)
    state = fields.String(required=True)
    amount = MoneyField(required=True, allow_none=True)


class TrailShareSchema(Schema):
    """What one entry gave; `accept_id` is the entry of the accepted work behind it."""

    entry_id = fields.String(required=True)
    code = fields.String(required=True)
    amount = MoneyField(required=True)
    assignment_id = fields.String(required=True)
    batch_id = fields.String(required=True)
    accept_id = fields.String(required=True)


class TrailPostingSchema(Schema):
    entry_id = fields.String(required=True)
    key = fields.String(required=True)
    code = fields.String(required=True)
    total = MoneyField(required=True)
    booked_at = InstantField(required=True)


class TrailBankLineSchema(Schema):
    line_id = fields.String(required=True)
    amount = MoneyField(required=True)
    booked_on = fields.Date(required=True)


class TrailSchema(Schema):
    """`broken` names the first link that does not hold, null where all do. `connected_payouts` are
    the processor's, from the worker's own balance to the worker's bank.
    """

    payout_item_id = fields.String(required=True)
    payout_run_id = fields.String(required=True)
    state = fields.String(required=True)
    rail = fields.String(required=True)
    amount = MoneyField(required=True)
    broken = fields.String(required=True, allow_none=True)
    links = fields.List(fields.Nested(TrailLinkSchema), required=True)
    shares = fields.List(fields.Nested(TrailShareSchema), required=True)
    postings = fields.List(fields.Nested(TrailPostingSchema), required=True)
    transfer_id = fields.String(required=True, allow_none=True)
    processor_line = fields.String(required=True, allow_none=True)
    bank_lines = fields.List(fields.Nested(TrailBankLineSchema), required=True)
    connected_payouts = fields.List(fields.String(), required=True)


class PaidBySchema(Schema):
    """Null while the entry is in no payout yet."""

    payout_item_id = fields.String(required=True, allow_none=True)


def trails_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("trails", area="payments", description="Trails of payouts")

    @blueprint.get("/payout-items/<item_id>/trail")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, _SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, TrailSchema)
    def trail(item_id: str) -> dict[str, Any]:
        """A payout line from the accepted work to the bank."""
        return _shown(application.show_trail.item(item_id))

    @blueprint.get("/ledger/entries/<entry_id>/payout")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, _SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, PaidBySchema)
    def paid_by(entry_id: str) -> dict[str, Any]:
        """The payout line that an entry of work or of a bonus is in."""
        return {"payout_item_id": application.show_trail.paid_by(entry_id)}

    return blueprint


def _shown(found: Trail) -> dict[str, Any]:
    item, line = found.item, found.processor_line
    return {
        "payout_item_id": item.item_id,
        "payout_run_id": item.run_id,
        "state": item.state.value,
        "rail": item.rail.value,
        "amount": item.amount,
        "broken": found.broken,
        "links": [{**vars(link), "state": link.state.value} for link in found.links],
        "shares": [vars(share) for share in found.shares],
        "postings": [vars(posting) for posting in found.postings],
        "transfer_id": item.transfer_id,
        "processor_line": None if line is None else line.transaction_id,
        "bank_lines": [vars(seen) for seen in found.bank_lines],
        "connected_payouts": found.reached.payout_ids if found.reached else [],
    }
