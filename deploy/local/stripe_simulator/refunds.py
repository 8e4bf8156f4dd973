"""Refunds: never more than was paid, never from money that is not there."""

from stripe_simulator import ledger, payment_objects
from stripe_simulator.errors import Json, missing, refused
from stripe_simulator.events import emit
from stripe_simulator.params import Params, missing_parameter
from stripe_simulator.scope import Scope
from stripe_simulator.store import new_id
from stripe_simulator.views import expand, present

EMBEDDED_MAX = 10
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create_refund(scope: Scope, params: Params) -> Json:
    charge_id, intent_id = params.text("charge"), params.text("payment_intent")
    asked, reason = params.amount("amount"), params.one_of("reason", _REASONS)
    metadata, paths = params.metadata(clearable=True), params.texts("expand")
    params.done()
    charge = _charge(scope, charge_id, intent_id)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if asked is None else asked
    _require_within(charge, amount, left)
    ledger.require_available(scope, charge["currency"], amount)
    refund_id = new_id("re")
    posted = ledger.post(
        scope,
        "refund",
        "refund",
        amount=-amount,
        currency=charge["currency"],
        source=refund_id,
        description="REFUND FOR CHARGE",
    )
    body = payment_objects.refund(
        object_id=refund_id,
        amount=amount,
        charge=charge,
        created=scope.now,
        metadata=metadata,
        reason=reason,
        balance_transaction_id=posted,
    )
    scope.tx.insert("refund", body, scope.now)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    charge["refunds"]["data"] = [body, *charge["refunds"]["data"]][:EMBEDDED_MAX]
    scope.tx.put(charge)
    emit(scope, "refund.created", body)
    emit(scope, "charge.refunded", charge)
    return expand(scope, present(body, scope.now), paths)


def _charge(scope: Scope, charge_id: str | None, intent_id: str | None) -> Json:
    if charge_id is None and intent_id is None:
        raise missing_parameter("charge")
    if charge_id is None:
        intent = scope.tx.get(intent_id or "", "payment_intent")
        if intent is None or intent["latest_charge"] is None:
            raise missing("payment_intent", intent_id or "", param="payment_intent", status=400)
        charge_id = str(intent["latest_charge"])
    charge = scope.tx.get(charge_id, "charge")
    if charge is None:
        raise missing("charge", charge_id, param="charge", status=400)
    return charge


def _require_within(charge: Json, amount: int, left: int) -> None:
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise refused(message, code="charge_already_refunded")
    if not charge["paid"]:
        raise refused(f"Charge {charge['id']} was never paid.", param="charge")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise refused(message, param="amount")
