"""Builders of the objects that move money: pure functions from facts to Stripe's JSON."""

from typing import Any

from stripe_simulator.errors import Json


def nulls(names: str) -> Json:
    """Fields that Stripe sends as null where they do not apply."""
    return dict.fromkeys(names.split())


def list_of(url: str, data: list[Json], *, has_more: bool = False) -> Json:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def balance_transaction(
    *,
    object_id: str,
    kind: str,
    category: str,
    amount: int,
    fee: int,
    currency: str,
    source: str,
    created: int,
    available_on: int,
    description: str | None,
) -> Json:
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return {
        "id": object_id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "pending",
        "type": kind,
    }


def transfer(
    *,
    object_id: str,
    amount: int,
    currency: str,
    destination: str,
    created: int,
    metadata: dict[str, str],
    description: str | None,
    transfer_group: str | None,
    source_transaction: str | None,
    balance_transaction_id: str,
    destination_payment: str,
) -> Json:
    return {
        "id": object_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": balance_transaction_id,
        "created": created,
        "currency": currency,
        "description": description,
        "destination": destination,
        "destination_payment": destination_payment,
        "livemode": False,
        "metadata": metadata,
        "reversals": list_of(f"/v1/transfers/{object_id}/reversals", []),
        "reversed": False,
        "source_transaction": source_transaction,
        "source_type": "card",
        "transfer_group": transfer_group,
    }


def reversal(
    *,
    object_id: str,
    amount: int,
    currency: str,
    transfer_id: str,
    created: int,
    metadata: dict[str, str],
    balance_transaction_id: str,
    destination_payment_refund: str,
) -> Json:
    return {
        "id": object_id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": balance_transaction_id,
        "created": created,
        "currency": currency,
        "destination_payment_refund": destination_payment_refund,
        "metadata": metadata,
        "source_refund": None,
        "transfer": transfer_id,
    }


def payout(
    *,
    object_id: str,
    amount: int,
    currency: str,
    created: int,
    arrival_date: int,
    metadata: dict[str, str],
    description: str | None,
    statement_descriptor: str | None,
    balance_transaction_id: str,
    destination: str,
) -> Json:
    absent = "application_fee application_fee_amount failure_balance_transaction failure_code"
    return nulls(absent) | {
        "id": object_id,
        "object": "payout",
        "amount": amount,
        "arrival_date": arrival_date,
        "automatic": False,
        "balance_transaction": balance_transaction_id,
        "created": created,
        "currency": currency,
        "description": description,
        "destination": destination,
        "failure_message": None,
        "livemode": False,
        "metadata": metadata,
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": statement_descriptor,
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }


def balance(available: dict[str, int], pending: dict[str, int]) -> Json:
    def funds(amounts: dict[str, int]) -> list[Json]:
        return [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(amounts.items())
        ]

    empty = [{"amount": 0, "currency": currency} for currency in sorted(available)]
    return {
        "object": "balance",
        "available": funds(available),
        "connect_reserved": empty,
        "instant_available": [
            {**item, "net_available": None, "source_types": None} for item in empty
        ],
        "issuing": None,
        "livemode": False,
        "pending": funds(pending),
        "refund_and_dispute_prefunding": {
            "available": [{**item, "source_types": None} for item in empty],
            "pending": [{**item, "source_types": None} for item in empty],
        },
    }


def event(
    *,
    object_id: str,
    kind: str,
    payload: Json,
    before: Json | None,
    created: int,
    request_id: str | None,
    idempotency_key: str | None,
    api_version: str,
) -> Json:
    data: dict[str, Any] = {"object": payload}
    if before is not None:
        data["previous_attributes"] = before
    return {
        "id": object_id,
        "object": "event",
        "account": None,
        "api_version": api_version,
        "context": None,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": kind,
    }


def thin_event(*, object_id: str, kind: str, created: str, related: Json, data: Json) -> Json:
    """A v2 event as it is stored; what is pushed leaves `data` out."""
    return {
        "id": object_id,
        "object": "v2.core.event",
        "changes": None,
        "context": None,
        "created": created,
        "data": data,
        "livemode": False,
        "reason": None,
        "related_object": related,
        "snapshot_event": None,
        "type": kind,
    }
