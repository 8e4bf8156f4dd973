"""Payouts from the platform's balance to its bank: paid by the clock, cancelled or failed."""

from stripe_simulator import ledger, objects
from stripe_simulator.errors import Json, missing, refused
from stripe_simulator.events import emit
from stripe_simulator.listing import CONNECTED_PAYOUT
from stripe_simulator.params import SOURCE_TYPES, Params
from stripe_simulator.scope import Scope
from stripe_simulator.store import new_id
from stripe_simulator.views import expand, present

DUE_MAX = 1_000
OF_RECIPIENT_MAX = 10_000
_METHODS = ("instant", "standard")


def create_payout(scope: Scope, params: Params) -> Json:
    amount, currency = params.required_amount("amount"), params.currency()
    description, descriptor = params.text("description"), params.text("statement_descriptor", 22)
    metadata, paths = params.metadata(), params.texts("expand")
    params.one_of("method", _METHODS)
    params.one_of("source_type", SOURCE_TYPES)
    params.ignore({"destination", "payout_method"})
    params.done()
    ledger.require_available(scope, currency, amount)
    payout_id = new_id("po")
    posted = ledger.post(
        scope, "payout", "payout", amount=-amount, currency=currency, source=payout_id
    )
    body = objects.payout(
        object_id=payout_id,
        amount=amount,
        currency=currency,
        created=scope.now,
        arrival_date=scope.now + scope.settings.payout_seconds,
        metadata=metadata,
        description=description,
        statement_descriptor=descriptor,
        balance_transaction_id=posted,
        destination="ba_simulated",
    )
    scope.tx.insert("payout", body, scope.now)
    emit(scope, "payout.created", body)
    if scope.settings.payout_seconds == 0:
        _pay(scope, body)
    return expand(scope, present(body, scope.now), paths)


def _pay(scope: Scope, body: Json) -> None:
    body["status"] = "paid"
    body["trace_id"] = {"status": "supported", "value": f"SIM{body['id'][-12:]}"}
    scope.tx.put(body)
    emit(scope, "payout.paid", body)


def pay_due(scope: Scope) -> None:
    """Payouts whose arrival date has come are paid."""
    for body in scope.tx.find("payout", {"status": "pending"}, limit=DUE_MAX, oldest_first=True):
        if body["arrival_date"] <= scope.now:
            _pay(scope, body)


def cancel_payout(scope: Scope, params: Params, payout_id: str) -> Json:
    paths = params.texts("expand")
    params.done()
    body = _payout(scope, payout_id)
    if body["status"] != "pending":
        raise refused(f"Payouts can only be canceled while pending, not {body['status']}.")
    body["status"] = "canceled"
    body["failure_balance_transaction"] = _give_back(scope, body, "payout_cancel")
    scope.tx.put(body)
    emit(scope, "payout.canceled", body)
    return expand(scope, present(body, scope.now), paths)


def fail_payout(scope: Scope, payout_id: str, code: str) -> Json:
    """The bank sends it back, even after it was paid."""
    body = scope.tx.get(payout_id, CONNECTED_PAYOUT) or _payout(scope, payout_id)
    if body["status"] not in {"pending", "paid"}:
        raise refused(f"A payout that is {body['status']} cannot fail.")
    body["status"], body["failure_code"] = "failed", code
    body["failure_message"] = "The bank returned the payout."
    if "_account" not in body:
        body["failure_balance_transaction"] = _give_back(scope, body, "payout_failure")
    scope.tx.put(body)
    # A webhook of the platform's own tells nothing of its recipients' payouts.
    if "_account" not in body:
        emit(scope, "payout.failed", body)
    return present(body, scope.now)


def pay_out_recipient(scope: Scope, account_id: str, *, amount: int | None, currency: str) -> Json:
    """What the processor does for each recipient once a day; here when it is asked for."""
    balance = _recipient_balance(scope, account_id, currency)
    amount = balance if amount is None else amount
    if not 0 < amount <= balance:
        raise refused(f"The recipient's balance is {balance}.", code="balance_insufficient")
    body = objects.payout(
        object_id=new_id("po"),
        amount=amount,
        currency=currency,
        created=scope.now,
        arrival_date=scope.now,
        metadata={},
        description=None,
        statement_descriptor=None,
        balance_transaction_id=new_id("txn"),
        destination="ba_simulated",
    )
    body |= {"automatic": True, "status": "paid", "_account": account_id}
    scope.tx.insert(CONNECTED_PAYOUT, body, scope.now)
    return present(body, scope.now)


def _recipient_balance(scope: Scope, account_id: str, currency: str) -> int:
    where: dict[str, object] = {"destination": account_id, "currency": currency}
    came = scope.tx.find("transfer", where, limit=OF_RECIPIENT_MAX)
    where = {"connected": account_id, "currency": currency, "status": "paid"}
    went = scope.tx.find(CONNECTED_PAYOUT, where, limit=OF_RECIPIENT_MAX)
    arrived = sum(int(item["amount"]) - int(item["amount_reversed"]) for item in came)
    return arrived - sum(int(item["amount"]) for item in went)


def _give_back(scope: Scope, body: Json, kind: str) -> str:
    return ledger.post(
        scope,
        kind,
        "payout_reversal",
        amount=body["amount"],
        currency=body["currency"],
        source=body["id"],
    )


def _payout(scope: Scope, payout_id: str) -> Json:
    found = scope.tx.get(payout_id, "payout")
    if found is None:
        raise missing("payout", payout_id)
    return found
