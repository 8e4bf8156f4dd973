"""The control API under /_simulator: faults, clock, webhooks, recipients, and the oracle. JSON."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from stripe_simulator import accounts, checkout, faults, oracle, payouts, webhooks
from stripe_simulator.api import respond
from stripe_simulator.errors import ApiError, Json, bad_parameter
from stripe_simulator.params import Params, decode_form
from stripe_simulator.pipeline import Pipeline, answer_of, settle
from stripe_simulator.scope import Scope
from stripe_simulator.store import Store
from stripe_simulator.views import present

Action = Callable[..., Json]
COPIES_MAX = 10
REORDER_SECONDS_MAX = 60.0
ADVANCE_SECONDS_MAX = 10 * 365 * 86_400
ORDERS = {"oldest_first": "id", "newest_first": "-id", "shuffled": ""}


def _health(_scope: Scope, params: Params) -> Json:
    params.done()
    return {"status": "ok", "simulator": True}


def _add_fault(scope: Scope, params: Params) -> Json:
    fault = faults.read_fault(params)
    return {"id": faults.add(scope.tx, fault)} | asdict(fault)


def _list_faults(scope: Scope, params: Params) -> Json:
    params.done()
    return {"faults": [{"id": key} | asdict(fault) for key, fault in faults.queued(scope.tx)]}


def _clear_faults(scope: Scope, params: Params) -> Json:
    params.done()
    return {"cleared": faults.clear(scope.tx)}


def _read_clock(scope: Scope, params: Params) -> Json:
    params.done()
    offset = int(scope.tx.fact("clock_offset_seconds", "0"))
    return {"now": scope.now, "clock_offset_seconds": offset}


def _advance_clock(scope: Scope, params: Params) -> Json:
    """Forward only: what was pending may become available, what was open may expire."""
    seconds, until = params.integer("advance_seconds"), params.integer("now")
    params.done()
    if seconds is None:
        seconds = 0 if until is None else until - scope.now
    if not 0 <= seconds <= ADVANCE_SECONDS_MAX:
        raise bad_parameter("advance_seconds", "The clock moves forward only, ten years at most.")
    offset = int(scope.tx.fact("clock_offset_seconds", "0")) + seconds
    scope.tx.set_fact("clock_offset_seconds", str(offset))
    later = Scope(scope.tx, scope.tx.now(), scope.settings, scope.origin)
    settle(later)
    payouts.pay_due(later)
    return {"now": later.now, "clock_offset_seconds": offset}


def _set_capability(scope: Scope, params: Params, account_id: str) -> Json:
    status = params.required_text("status")
    params.done()
    return _about(accounts.set_capability(scope, account_id, status))


def _set_refusal(scope: Scope, params: Params, account_id: str) -> Json:
    refuse = params.flag("refuse", default=True)
    given = {"code": params.text("code"), "message": params.text("message")}
    params.done()
    refusal = accounts.REFUSAL | {key: text for key, text in given.items() if text}
    return _about(accounts.set_refusal(scope, account_id, refusal if refuse else None))


def _about(account: Json) -> Json:
    return {
        "account": account["id"],
        "stripe_transfers": accounts.transfers_status(account),
        "refuses": account["_refuses"],
    }


def _pay_session(scope: Scope, params: Params, session_id: str) -> Json:
    declined = params.flag("declined")
    params.done()
    return present(checkout.pay(scope, session_id, declined=declined), scope.now)


def _fail_payout(scope: Scope, params: Params, payout_id: str) -> Json:
    code = params.text("code") or "account_closed"
    params.done()
    return payouts.fail_payout(scope, payout_id, code)


def _pay_out_recipient(scope: Scope, params: Params, account_id: str) -> Json:
    """From the recipient's own balance to its bank: all of it, where no amount is named."""
    amount, currency = params.amount("amount"), params.text("currency") or "usd"
    params.done()
    return payouts.pay_out_recipient(scope, account_id, amount=amount, currency=currency)


def _set_disputed(scope: Scope, params: Params, charge_id: str) -> Json:
    """The mark alone: the money of a dispute is not moved."""
    disputed = params.flag("disputed", default=True)
    params.done()
    charge = scope.tx.get(charge_id, "charge")
    if charge is None:
        raise bad_parameter("charge", f"No such charge: {charge_id}")
    charge["disputed"] = disputed
    scope.tx.put(charge)
    return {"charge": charge_id, "disputed": disputed}


def _register_endpoint(scope: Scope, params: Params) -> Json:
    return webhooks.register(scope.tx, params, scope.settings)


def _list_endpoints(scope: Scope, params: Params) -> Json:
    params.done()
    return {"endpoints": [webhooks.show_endpoint(body) for body in webhooks.endpoints(scope.tx)]}


def _remove_endpoint(scope: Scope, params: Params, endpoint_id: str) -> Json:
    params.done()
    webhooks.remove(scope.tx, endpoint_id)
    return {"removed": endpoint_id}


def _set_policy(scope: Scope, params: Params) -> Json:
    """How events that happen from now on are delivered; what is left out is normal again."""
    policy = {
        "withhold": params.flag("withhold"),
        "copies": params.amount("copies") or 1,
        "reorder_seconds": params.seconds("reorder_seconds", REORDER_SECONDS_MAX),
    }
    params.done()
    if policy["copies"] > COPIES_MAX:
        raise bad_parameter("copies", f"At most {COPIES_MAX} copies.")
    scope.tx.set_fact("webhook_policy", json.dumps(policy))
    return policy


def _release(scope: Scope, params: Params) -> Json:
    """Lets withheld deliveries go in the order asked for, or throws them away for good."""
    order, discard = params.text("order") or "oldest_first", params.flag("discard")
    params.done()
    if order not in ORDERS:
        raise bad_parameter("order", f"order is one of {', '.join(ORDERS)}.")
    db = scope.tx.db
    ids = [row[0] for row in db.execute("SELECT id FROM deliveries WHERE state = 'withheld'")]
    ids.sort(reverse=order == "newest_first")
    if order == "shuffled":
        random.shuffle(ids)
    # Rank 0 and below leaves before everything that was queued in the ordinary way.
    state = "failed" if discard else "due"
    db.executemany(
        "UPDATE deliveries SET state = ?, due = ?, rank = ? WHERE id = ?",
        [(state, time.time(), place - len(ids), key) for place, key in enumerate(ids)],
    )
    scope.tx.wakes_sender = True
    return {"discarded" if discard else "released": len(ids)}


def _redeliver(scope: Scope, params: Params) -> Json:
    event_id = params.required_text("event")
    params.done()
    changed = scope.tx.db.execute(
        "UPDATE deliveries SET state = 'due', due = ? WHERE event = ?", (time.time(), event_id)
    ).rowcount
    scope.tx.wakes_sender = True
    return {"redelivered": changed}


def _deliveries(scope: Scope, params: Params) -> Json:
    limit = params.page()
    params.done()
    names = ("id", "endpoint", "event", "attempt", "due", "state", "last")
    rows = scope.tx.db.execute(
        "SELECT id, endpoint, event, attempt, due, state, last FROM deliveries"
        " ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    return {"deliveries": [dict(zip(names, row, strict=True)) for row in rows]}


ROUTES: list[tuple[str, str, Action]] = [
    ("GET", "health", _health),
    ("GET", "state", lambda scope, params: (params.done(), oracle.state(scope))[1]),
    ("GET", "transfers", oracle.transfers),
    ("POST", "faults", _add_fault),
    ("GET", "faults", _list_faults),
    ("DELETE", "faults", _clear_faults),
    ("GET", "clock", _read_clock),
    ("POST", "clock", _advance_clock),
    ("POST", "accounts/<a>/capability", _set_capability),
    ("POST", "accounts/<a>/refusal", _set_refusal),
    ("POST", "accounts/<a>/payouts", _pay_out_recipient),
    ("POST", "checkout-sessions/<a>/pay", _pay_session),
    ("POST", "payouts/<a>/fail", _fail_payout),
    ("POST", "charges/<a>/dispute", _set_disputed),
    ("POST", "webhook-endpoint", _register_endpoint),
    ("GET", "webhook-endpoint", _list_endpoints),
    ("DELETE", "webhook-endpoint/<a>", _remove_endpoint),
    ("POST", "webhooks", _set_policy),
    ("POST", "webhooks/release", _release),
    ("POST", "webhooks/redeliver", _redeliver),
    ("GET", "webhooks/deliveries", _deliveries),
]


def build(pipeline: Pipeline, store: Store) -> Blueprint:
    control = Blueprint("control", __name__, url_prefix="/_simulator")

    def serve(action: Action, path: dict[str, str]) -> Response:
        try:
            params = Params(_read_body())
            with store.transaction() as tx:
                scope = pipeline.scope(tx)
                settle(scope)
                return jsonify(action(scope, params, *path.values()))
        except ApiError as error:
            return respond(answer_of(error))

    for method, rule, action in ROUTES:
        control.add_url_rule(
            f"/{rule}",
            f"{method} {rule}".replace(".", "_"),
            lambda _action=action, **path: serve(_action, path),
            methods=[method],
        )
    return control


def _read_body() -> Json:
    """A JSON object, typed as such: a form on a foreign page cannot send that."""
    if request.method == "GET":
        return decode_form(request.args.items(multi=True))
    if request.method == "DELETE":
        return {}
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "Send a JSON object as application/json.", code="invalid_request")
    return body
