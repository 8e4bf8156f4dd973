"""Checkout Sessions: created by the platform, paid, declined or cancelled on the hosted page."""

from stripe_simulator import ledger, payment_objects
from stripe_simulator.accounts import require_web_address
from stripe_simulator.errors import Json, bad_parameter, missing
from stripe_simulator.events import emit
from stripe_simulator.objects import list_of
from stripe_simulator.params import Params, missing_parameter, read_currency, read_metadata
from stripe_simulator.scope import Scope
from stripe_simulator.store import new_id, random_part
from stripe_simulator.views import expand, present

KIND = "checkout.session"
LIVES_SECONDS = 86_400
LIVES_SECONDS_MIN = 1_800
CHARGE_MIN = 50
ITEMS_MAX = 100
QUANTITY_MAX = 10_000
# Known to Stripe, without effect on what is simulated.
_WITHOUT_EFFECT = {
    "billing_address_collection": ("auto", "required"),
    "customer_creation": ("always", "if_required"),
    "payment_method_collection": ("always", "if_required"),
    "submit_type": ("auto", "book", "donate", "pay"),
    "ui_mode": ("hosted_page",),
}
_TAX_BEHAVIORS = ("exclusive", "inclusive", "unspecified")


def create_session(scope: Scope, params: Params) -> Json:
    _require_payment_mode(params)
    items, currency = _line_items(params)
    total = sum(item["amount_total"] for item in items)
    if total < CHARGE_MIN:
        message = f"The Checkout Session's total amount must be at least {CHARGE_MIN}."
        raise bad_parameter("line_items", message, "amount_too_small")
    success_url = require_web_address("success_url", params.required_text("success_url")) or ""
    session_id = new_id("cs_test")
    body = payment_objects.checkout_session(
        object_id=session_id,
        url=f"{scope.origin}/c/pay/{session_id}",
        items=items,
        currency=currency,
        created=scope.now,
        expires_at=_expires_at(scope, params.integer("expires_at")),
        success_url=success_url,
        cancel_url=require_web_address("cancel_url", params.text("cancel_url")),
        client_reference_id=params.text("client_reference_id", 200),
        customer_email=params.text("customer_email", 800),
        metadata=params.metadata(),
        intent_data=_intent_data(params.mapping("payment_intent_data")),
    )
    paths = params.texts("expand")
    for name, values in _WITHOUT_EFFECT.items():
        params.one_of(name, values)
    params.done()
    scope.tx.insert(KIND, body, scope.now)
    return show_session(scope, body, paths)


def _require_payment_mode(params: Params) -> None:
    mode = params.required_text("mode")
    if mode != "payment":
        raise bad_parameter("mode", f"The simulator knows mode=payment only, not {mode[:40]}.")


def _line_items(params: Params) -> tuple[list[Json], str]:
    given = params.any("line_items")
    if not isinstance(given, list) or not given:
        raise missing_parameter("line_items")
    if len(given) > ITEMS_MAX:
        raise bad_parameter("line_items", f"At most {ITEMS_MAX} line items.")
    items = [_line_item(f"line_items[{place}]", raw) for place, raw in enumerate(given)]
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise bad_parameter("line_items", "All line items have the same currency.")
    return items, currencies.pop()


def _line_item(at: str, raw: object) -> Json:
    item = Params(raw if isinstance(raw, dict) else {}, at)
    price = item.mapping("price_data")
    if price is None:
        raise missing_parameter(f"{at}[price_data]")
    unit = price.integer("unit_amount")
    if unit is None:
        raise missing_parameter(f"{at}[price_data][unit_amount]")
    quantity = item.integer("quantity") or 1
    if unit < 0 or not 1 <= quantity <= QUANTITY_MAX:
        raise bad_parameter(at, "Invalid non-negative integer", "parameter_invalid_integer")
    product = price.mapping("product_data")
    if product is not None:
        product.ignore({"description", "images"})
    name = product.required_text("name") if product is not None else price.required_text("product")
    currency = read_currency(f"{at}[price_data][currency]", price.required_text("currency"))
    price.one_of("tax_behavior", _TAX_BEHAVIORS)
    item.done()
    return payment_objects.line_item(
        object_id=random_part(), name=name, unit=unit, quantity=quantity, currency=currency
    )


def _expires_at(scope: Scope, asked: int | None) -> int:
    if asked is None:
        return scope.now + LIVES_SECONDS
    if not scope.now + LIVES_SECONDS_MIN - 60 <= asked <= scope.now + LIVES_SECONDS + 60:
        raise bad_parameter("expires_at", "A session lives from 30 minutes to 24 hours.")
    return asked


def _intent_data(given: Params | None) -> Json:
    if given is None:
        return {}
    data = {
        "description": given.text("description"),
        "metadata": read_metadata("payment_intent_data[metadata]", given.any("metadata")),
        "transfer_group": given.text("transfer_group"),
    }
    given.ignore({"statement_descriptor", "statement_descriptor_suffix", "receipt_email"})
    return data


def show_session(scope: Scope, body: Json, paths: list[str]) -> Json:
    shown = present(body, scope.now)
    if any(path.split(".")[0] == "line_items" for path in paths):
        url = f"/v1/checkout/sessions/{body['id']}/line_items"
        shown["line_items"] = list_of(url, body["_line_items"])
    return expand(scope, shown, paths)


def load_session(scope: Scope, session_id: str) -> Json:
    """The session by the clock: one that ran out is expired when someone looks."""
    body = scope.tx.get(session_id, KIND)
    if body is None:
        raise missing("checkout.session", session_id)
    if body["status"] == "open" and body["expires_at"] <= scope.now:
        _expire(scope, body)
    return body


def _expire(scope: Scope, body: Json) -> None:
    body["status"], body["url"] = "expired", None
    scope.tx.put(body)
    emit(scope, "checkout.session.expired", body)


def retrieve_session(scope: Scope, params: Params, session_id: str) -> Json:
    paths = params.texts("expand")
    params.done()
    return show_session(scope, load_session(scope, session_id), paths)


def session_line_items(scope: Scope, params: Params, session_id: str) -> Json:
    params.ignore({"limit"})
    params.done()
    body = load_session(scope, session_id)
    return list_of(f"/v1/checkout/sessions/{session_id}/line_items", body["_line_items"])


def expire_session(scope: Scope, params: Params, session_id: str) -> Json:
    paths = params.texts("expand")
    params.done()
    body = load_session(scope, session_id)
    if body["status"] != "open":
        raise bad_parameter("session", f"Only open sessions can be expired, not {body['status']}.")
    _expire(scope, body)
    return show_session(scope, body, paths)


def pay(scope: Scope, session_id: str, *, declined: bool = False) -> Json:
    """What the customer's button does. A session that is not open is left as it is."""
    body = load_session(scope, session_id)
    if body["status"] != "open":
        return body
    intent = _intent(scope, body)
    charge = payment_objects.charge(
        object_id=new_id("ch"), intent=intent, created=scope.now, declined=declined
    )
    if declined:
        intent["last_payment_error"] = payment_objects.payment_error(charge["id"])
    else:
        _collect(scope, charge)
        intent["status"], intent["amount_received"] = "succeeded", intent["amount"]
        intent["payment_method"], intent["last_payment_error"] = charge["payment_method"], None
        body["status"], body["payment_status"], body["url"] = "complete", "paid", None
    intent["latest_charge"] = charge["id"]
    scope.tx.insert("charge", charge, scope.now)
    scope.tx.put(intent)
    scope.tx.put(body)
    _tell(scope, body, intent, charge)
    return body


def _intent(scope: Scope, body: Json) -> Json:
    """The session's payment intent, which is created at the first attempt to pay."""
    if body["payment_intent"] is not None:
        return scope.tx.get(body["payment_intent"]) or {}
    intent = payment_objects.payment_intent(
        object_id=new_id("pi"),
        amount=body["amount_total"],
        currency=body["currency"],
        created=scope.now,
        intent_data=body["_intent_data"],
    )
    scope.tx.insert("payment_intent", intent, scope.now)
    body["payment_intent"] = intent["id"]
    emit(scope, "payment_intent.created", intent)
    return intent


def _collect(scope: Scope, charge: Json) -> None:
    charge["balance_transaction"] = ledger.post(
        scope,
        "charge",
        "charge",
        amount=charge["amount"],
        fee=ledger.processing_fee(scope, charge["amount"]),
        currency=charge["currency"],
        source=charge["id"],
        available_on=scope.now + scope.settings.settle_seconds,
        description=charge["description"],
    )


def _tell(scope: Scope, body: Json, intent: Json, charge: Json) -> None:
    if charge["paid"]:
        emit(scope, "charge.succeeded", charge)
        emit(scope, "payment_intent.succeeded", intent)
        emit(scope, "checkout.session.completed", body)
    else:
        emit(scope, "charge.failed", charge)
        emit(scope, "payment_intent.payment_failed", intent)
