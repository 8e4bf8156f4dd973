"""Builders of what a payment in consists of: session, payment intent, charge, refund."""

from stripe_simulator.errors import Json
from stripe_simulator.objects import list_of, nulls

_SESSION_NULLS = """after_expiration allow_promotion_codes allowed_payment_method_types
 branding_settings client_secret collected_information consent consent_collection
 currency_conversion customer customer_account customer_details discounts
 excluded_payment_method_types integration_identifier invoice managed_payments name_collection
 optional_items origin_context payment_intent payment_link payment_method_configuration_details
 permissions presentment_details recovered_from redirect_on_completion return_url
 saved_payment_method_options setup_intent shipping_address_collection shipping_cost submit_type
 subscription tax_id_collection wallet_options"""
_INTENT_NULLS = """allowed_payment_method_types amount_details application application_fee_amount
 automatic_payment_methods canceled_at cancellation_reason customer customer_account
 excluded_payment_method_types hooks last_payment_error latest_charge managed_payments next_action
 on_behalf_of payment_details payment_method payment_method_configuration_details payment_record
 presentment_details processing receipt_email review setup_future_usage shipping source
 statement_descriptor statement_descriptor_suffix transfer_data"""
_CHARGE_NULLS = """application application_fee application_fee_amount authorization_code
 balance_transaction customer failure_balance_transaction failure_code failure_message level3
 on_behalf_of presentment_details radar_options receipt_email receipt_number receipt_url review
 shipping source source_transfer statement_descriptor statement_descriptor_suffix transfer
 transfer_data"""
_REFUND_NULLS = """customer customer_account failure_balance_transaction
 failure_reason instructions_email next_action payment_method pending_reason presentment_details
 receipt_number source_transfer_reversal transfer_reversal"""


def line_item(*, object_id: str, name: str, unit: int, quantity: int, currency: str) -> Json:
    return {
        "id": f"li_{object_id}",
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": unit * quantity,
        "amount_tax": 0,
        "amount_total": unit * quantity,
        "currency": currency,
        "description": name,
        "discounts": [],
        "metadata": {},
        "price": {
            "id": f"price_{object_id}",
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": 0,
            "currency": currency,
            "livemode": False,
            "metadata": {},
            "product": f"prod_{object_id}",
            "type": "one_time",
            "unit_amount": unit,
        },
        "quantity": quantity,
        "taxes": [],
    }


def checkout_session(
    *,
    object_id: str,
    url: str,
    items: list[Json],
    currency: str,
    created: int,
    expires_at: int,
    success_url: str,
    cancel_url: str | None,
    client_reference_id: str | None,
    customer_email: str | None,
    metadata: dict[str, str],
    intent_data: Json,
) -> Json:
    """Keys that begin with `_` are ours and never sent."""
    total = sum(item["amount_total"] for item in items)
    return nulls(_SESSION_NULLS) | {
        "id": object_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": "auto",
        "cancel_url": cancel_url,
        "client_reference_id": client_reference_id,
        "created": created,
        "currency": currency,
        "custom_fields": [],
        "custom_text": nulls("after_submit shipping_address submit terms_of_service_acceptance"),
        "customer_creation": "if_required",
        "customer_email": customer_email,
        "expires_at": expires_at,
        "invoice_creation": None,
        "livemode": False,
        "locale": "auto",
        "metadata": metadata,
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "success_url": success_url,
        "total_details": {
            "amount_discount": 0,
            "amount_shipping": 0,
            "amount_tax": 0,
            "breakdown": None,
        },
        "ui_mode": "hosted_page",
        "url": url,
        "_line_items": items,
        "_intent_data": intent_data,
    }


def payment_intent(
    *, object_id: str, amount: int, currency: str, created: int, intent_data: Json
) -> Json:
    return nulls(_INTENT_NULLS) | {
        "id": object_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{object_id}_secret_simulated",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "description": intent_data.get("description"),
        "livemode": False,
        "metadata": intent_data.get("metadata", {}),
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "transfer_group": intent_data.get("transfer_group"),
    }


def charge(*, object_id: str, intent: Json, created: int, declined: bool) -> Json:
    amount = 0 if declined else intent["amount"]
    card = {
        "amount_authorized": amount,
        "brand": "visa",
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "funding": "credit",
        "last4": "0002" if declined else "4242",
        "network": "visa",
    }
    return nulls(_CHARGE_NULLS) | {
        "id": object_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": nulls("address email name phone tax_id"),
        "calculated_statement_descriptor": "SIMULATOR",
        "captured": not declined,
        "created": created,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": "card_declined" if declined else None,
        "failure_message": "Your card was declined." if declined else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": _outcome(declined=declined),
        "paid": not declined,
        "payment_intent": intent["id"],
        "payment_method": f"pm_{object_id[3:]}",
        "payment_method_details": {"card": card, "type": "card"},
        "refunded": False,
        "refunds": list_of(f"/v1/charges/{object_id}/refunds", []),
        "status": "failed" if declined else "succeeded",
        "transfer_group": intent["transfer_group"] or f"group_{intent['id']}",
    }


def _outcome(*, declined: bool) -> Json:
    return nulls("advice_code network_advice_code network_decline_code rule") | {
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": "generic_decline" if declined else None,
        "risk_level": "normal",
        "risk_score": 10,
        "seller_message": "Declined." if declined else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def payment_error(charge_id: str) -> Json:
    """What a payment intent says after a declined card."""
    return {
        "charge": charge_id,
        "code": "card_declined",
        "decline_code": "generic_decline",
        "message": "Your card was declined.",
        "type": "card_error",
    }


def refund(
    *,
    object_id: str,
    amount: int,
    charge: Json,
    created: int,
    metadata: dict[str, str],
    reason: str | None,
    balance_transaction_id: str,
) -> Json:
    return nulls(_REFUND_NULLS) | {
        "id": object_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": balance_transaction_id,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "description": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "succeeded",
    }
