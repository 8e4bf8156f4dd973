"""Transfers to recipients, and their reversals."""

from stripe_simulator import ledger, objects
from stripe_simulator.accounts import find_account, transfers_status
from stripe_simulator.errors import ApiError, Json, missing, refused
from stripe_simulator.events import emit
from stripe_simulator.params import SOURCE_TYPES, Params
from stripe_simulator.scope import Scope
from stripe_simulator.store import new_id
from stripe_simulator.views import expand, present


def create_transfer(scope: Scope, params: Params) -> Json:
    amount, currency = params.required_amount("amount"), params.currency()
    destination = params.required_text("destination")
    source, group = params.text("source_transaction"), params.text("transfer_group")
    description, metadata = params.text("description"), params.metadata()
    paths = params.texts("expand")
    params.one_of("source_type", SOURCE_TYPES)
    params.done()
    _require_destination(scope, destination)
    available_on = scope.now
    if source is None:
        ledger.require_available(scope, currency, amount)
    else:
        charge = _covering_charge(scope, source, amount=amount, currency=currency)
        group = group or charge["transfer_group"]
        available_on = _available_on(scope, charge)
    transfer_id = new_id("tr")
    posted = ledger.post(
        scope,
        "transfer",
        "transfer",
        amount=-amount,
        currency=currency,
        source=transfer_id,
        available_on=available_on,
        description=description,
    )
    body = objects.transfer(
        object_id=transfer_id,
        amount=amount,
        currency=currency,
        destination=destination,
        created=scope.now,
        metadata=metadata,
        description=description,
        transfer_group=group,
        source_transaction=source,
        balance_transaction_id=posted,
        destination_payment=new_id("py"),
    )
    body["_idempotency_key"] = scope.asked.idempotency_key
    scope.tx.insert("transfer", body, scope.now)
    emit(scope, "transfer.created", body)
    return expand(scope, present(body, scope.now), paths)


def _require_destination(scope: Scope, destination: str) -> None:
    account = find_account(scope.tx, destination)
    if account is None or account["closed"]:
        raise missing("destination", destination, param="destination", status=400)
    refusal = account["_refuses"]
    if refusal is not None:
        raise refused(refusal["message"], code=refusal["code"], param="destination")
    if transfers_status(account) != "active":
        raise refused(
            "Your destination account needs to have at least one of the following capabilities"
            " enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
            param="destination",
        )


def _covering_charge(scope: Scope, source: str, *, amount: int, currency: str) -> Json:
    charge = scope.tx.get(source, "charge")
    if charge is None:
        raise missing("charge", source, param="source_transaction", status=400)
    if charge["currency"] != currency or not charge["paid"]:
        raise refused("source_transaction cannot pay this transfer.", param="source_transaction")
    earlier = scope.tx.find("transfer", {"source_transaction": source}, limit=10_000)
    used = sum(item["amount"] - item["amount_reversed"] for item in earlier)
    if used + amount > charge["amount"] - charge["amount_refunded"]:
        raise refused(
            "The transfers from a charge cannot exceed its amount.", param="source_transaction"
        )
    return charge


def _available_on(scope: Scope, charge: Json) -> int:
    posted = scope.tx.get(charge["balance_transaction"]) or {}
    return max(scope.now, int(posted.get("available_on", 0)))


def update_transfer(scope: Scope, params: Params, transfer_id: str) -> Json:
    body = _transfer(scope, transfer_id)
    description, metadata = params.text("description"), params.metadata(clearable=True)
    paths = params.texts("expand")
    params.done()
    body["description"] = description or body["description"]
    body["metadata"] |= metadata
    scope.tx.put(body)
    emit(scope, "transfer.updated", body)
    return expand(scope, present(body, scope.now), paths)


def create_reversal(scope: Scope, params: Params, transfer_id: str) -> Json:
    body = _transfer(scope, transfer_id)
    left = body["amount"] - body["amount_reversed"]
    amount, metadata = params.amount("amount") or left, params.metadata(clearable=True)
    description, paths = params.text("description"), params.texts("expand")
    params.flag("refund_application_fee")
    params.done()
    if amount > left or left == 0:
        raise ApiError(
            400,
            f"Transfer reversal amount ({amount}) is greater than unreversed amount ({left}).",
            param="amount",
            stored=True,
        )
    reversal_id = new_id("trr")
    posted = ledger.post(
        scope,
        "transfer_refund",
        "transfer_reversal",
        amount=amount,
        currency=body["currency"],
        source=reversal_id,
        description=description,
    )
    reversal = objects.reversal(
        object_id=reversal_id,
        amount=amount,
        currency=body["currency"],
        transfer_id=transfer_id,
        created=scope.now,
        metadata=metadata,
        balance_transaction_id=posted,
        destination_payment_refund=new_id("pyr"),
    )
    scope.tx.insert("transfer_reversal", reversal, scope.now)
    body["amount_reversed"] += amount
    body["reversed"] = body["amount_reversed"] == body["amount"]
    body["reversals"]["data"] = [reversal, *body["reversals"]["data"]][:10]
    scope.tx.put(body)
    emit(scope, "transfer.reversed", body)
    return expand(scope, present(reversal, scope.now), paths)


def retrieve_reversal(scope: Scope, params: Params, transfer_id: str, reversal_id: str) -> Json:
    paths = params.texts("expand")
    params.done()
    found = scope.tx.get(reversal_id, "transfer_reversal")
    if found is None or found["transfer"] != transfer_id:
        raise missing("transfer reversal", reversal_id)
    return expand(scope, present(found, scope.now), paths)


def _transfer(scope: Scope, transfer_id: str) -> Json:
    found = scope.tx.get(transfer_id, "transfer")
    if found is None:
        raise missing("transfer", transfer_id)
    return found
