"""Webhooks: made, listed, removed; their deliveries, and one of them sent again."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from task_service.bootstrap import Application
from task_service.domain.webhooks import EVENT_NAMES, URL_CHARACTERS_MAX
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)
from task_service.entrypoints.http.schemas import PageQuerySchema, Text

_INSTANT = {"type": "string", "format": "date-time"}


class NewWebhookSchema(Schema):
    url = Text(
        required=True,
        validate=validate.Length(max=URL_CHARACTERS_MAX),
        metadata={"example": "https://example.org/crowdloom"},
    )
    events = fields.List(
        fields.String(validate=validate.OneOf(EVENT_NAMES)),
        load_default=list,
        metadata={"description": "Those to be told of; all of them if left out"},
    )


class WebhookSchema(Schema):
    webhook_id = fields.String(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    created_at = InstantField(required=True, metadata=_INSTANT)
    paused_at = InstantField(
        required=True,
        allow_none=True,
        metadata={**_INSTANT, "description": "When its server answered 410 Gone: told no more"},
    )


class CreatedWebhookSchema(WebhookSchema):
    secret = fields.String(
        required=True, metadata={"description": "Signs every message. Shown this once."}
    )


class WebhookPageSchema(Schema):
    items = fields.List(fields.Nested(WebhookSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DeliverySchema(Schema):
    delivery_id = fields.String(
        required=True, metadata={"description": "The message's `webhook-id`, the same at each try"}
    )
    event_name = fields.String(required=True)
    status = fields.String(required=True)
    tries = fields.Integer(required=True)
    last_answer = fields.String(required=True, allow_none=True)
    created_at = InstantField(required=True, metadata=_INSTANT)
    due_at = InstantField(required=True, metadata=_INSTANT)


class DeliveryPageSchema(Schema):
    items = fields.List(fields.Nested(DeliverySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def webhooks_blueprint(application: Application) -> Blueprint:
    """`/webhooks`. Making one keeps no answer by Idempotency-Key: it holds the secret."""
    blueprint = api_blueprint("webhooks", area="tasks", description="Webhooks")
    _add_webhooks(blueprint, application)
    _add_deliveries(blueprint, application)
    return blueprint


def _add_webhooks(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/webhooks")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 409: "too_many_webhooks", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(NewWebhookSchema)
    @blueprint.response(201, CreatedWebhookSchema)
    def create(body: dict[str, Any]) -> Any:
        """Have an address told of events. Messages are signed as standardwebhooks.com says, tried
        for a day and a half, and sent to public addresses alone. An answer of 410 pauses it.
        """
        return application.webhooks.create(caller(), body["url"], body["events"])

    @blueprint.get("/webhooks")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, WebhookPageSchema)
    def listed() -> dict[str, Any]:
        """The caller's webhooks, newest first."""
        return {"items": application.webhooks.listed(caller()), "next_cursor": None}

    @blueprint.post("/webhooks/<webhook_id>/resume")
    @require("requester")
    @idempotent
    @refusals(blueprint, OF_CHANGING)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, WebhookSchema)
    def resume(webhook_id: str) -> Any:
        """Tell it again of what happens, once its server answered 410 and is back. What happened
        meanwhile is not sent.
        """
        return application.webhooks.resume(caller(), webhook_id)

    @blueprint.delete("/webhooks/<webhook_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(204)
    def remove(webhook_id: str) -> None:
        """Remove it with its log; what is not delivered yet is dropped."""
        application.webhooks.remove(caller(), webhook_id)


def _add_deliveries(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="webhook_deliveries")

    @blueprint.get("/webhooks/<webhook_id>/deliveries")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(PageQuerySchema, location="query")
    @blueprint.response(200, DeliveryPageSchema)
    def deliveries(query: dict[str, Any], webhook_id: str) -> dict[str, Any]:
        """Its messages of the last thirty days, newest first, with what became of them."""
        webhook = application.webhooks.get(caller(), webhook_id)
        found = application.webhooks.log(
            webhook, before=cursors.place_of(query), count_max=query["limit"] + 1
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda delivery: delivery.delivery_id,
            present=lambda delivery: {**vars(delivery), "status": str(delivery.status)},
        )

    @blueprint.post("/webhooks/<webhook_id>/deliveries/<delivery_id>/replay")
    @require("requester")
    @idempotent
    @refusals(blueprint, OF_CHANGING)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, DeliverySchema)
    def replay(webhook_id: str, delivery_id: str) -> dict[str, Any]:
        """Send a message again, with the id it had."""
        webhook = application.webhooks.get(caller(), webhook_id)
        again = application.webhooks.replay(webhook, delivery_id)
        return {**vars(again), "status": str(again.status)}
