"""The processor's webhook: raw bytes in, the event kept once, everything else later."""

from typing import Any

from flask import Blueprint, abort, request

from payment_service.bootstrap import Application

_BYTES_MAX = 1_000_000


def webhook_blueprint(application: Application) -> Blueprint:
    """`/webhooks/stripe`. An event that was here before is answered alike, so that it stops."""
    blueprint = Blueprint("webhook", __name__)

    @blueprint.post("/webhooks/stripe")
    def receive() -> dict[str, Any]:
        if (request.content_length or 0) > _BYTES_MAX:
            abort(413)
        is_new = application.receive_hint(
            request.get_data(), request.headers.get("Stripe-Signature", "")
        )
        return {"received": True, "new": is_new}

    return blueprint
