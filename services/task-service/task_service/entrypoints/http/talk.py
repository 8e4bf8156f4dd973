"""Project talk: for its requester, and for workers with a ticket."""

from collections.abc import Iterable
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.ids import BatchId, Pseudonym
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from task_service.bootstrap import Application
from task_service.domain.talk import Message, Side
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    WITH_TICKET,
    refusals,
)
from task_service.entrypoints.http.schemas import Text
from task_service.entrypoints.http.tickets import ticket_for

_INSTANT = {"type": "string", "format": "date-time"}
_TICKET = {401: "ticket_missing, invalid_token", 404: "not_found", 422: "invalid_input"}
_KEYED = {**OF_CHANGING, 422: "invalid_input"}


class QuestionOfWorkerSchema(Schema):
    text = Text(required=True)
    about_item = fields.Boolean(load_default=False)


class WordsSchema(Schema):
    text = Text(required=True)
    answers = Text(
        load_default=None,
        allow_none=True,
        metadata={"description": "The message that this one answers"},
    )
    pinned = fields.Boolean(load_default=False)


class PinSchema(Schema):
    pinned = fields.Boolean(required=True)


class ReportSchema(Schema):
    reason = Text(required=True)


class MessageSchema(Schema):
    """`text` is null where an operator hid it, for the reason given. `worker` is a pseudonym, and
    told to the requester alone; `is_yours` to the worker alone.
    """

    message_id = fields.String(required=True)
    side = fields.String(required=True, validate=validate.OneOf([str(side) for side in Side]))
    text = fields.String(required=True, allow_none=True)
    said_at = InstantField(required=True, metadata=_INSTANT)
    answers = fields.String(required=True, allow_none=True)
    number = fields.Integer(required=True, allow_none=True)
    pinned = fields.Boolean(required=True)
    hidden_reason = fields.String(required=True, allow_none=True)
    worker = fields.String()
    is_yours = fields.Boolean()


class ThreadSchema(Schema):
    items = fields.List(fields.Nested(MessageSchema), required=True)


def talk_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("talk", area="tasks", description="Questions and answers")
    _add_requester(blueprint, application)
    _add_worker(blueprint, application)
    return blueprint


def _add_requester(blueprint: Blueprint, application: Application) -> None:
    talk = application.talk

    @blueprint.get("/batches/<batch_id>/talk")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, ThreadSchema)
    def thread(batch_id: str) -> dict[str, Any]:
        """What was asked and answered about a batch, oldest first."""
        batch = application.batches.get(caller(), BatchId(batch_id))
        return {"items": [_for_requester(one) for one in talk.thread(batch.batch_id)]}

    @blueprint.post("/batches/<batch_id>/talk")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_KEYED, 409: "thread_full"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(WordsSchema)
    @blueprint.response(201, MessageSchema)
    def say(body: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """Answer a question, or tell everybody something; pinned words stand beside the task."""
        batch = application.batches.get(caller(), BatchId(batch_id))
        said = talk.say(batch, body["text"], answers=body["answers"], pinned=body["pinned"])
        return _for_requester(said)

    @blueprint.post("/batches/<batch_id>/talk/<message_id>/pin")
    @require("requester")
    @idempotent
    @refusals(blueprint, _KEYED)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(PinSchema)
    @blueprint.response(200, MessageSchema)
    def pin(body: dict[str, Any], batch_id: str, message_id: str) -> dict[str, Any]:
        """Pin words of yours to the instructions, or take them out again."""
        application.batches.get(caller(), BatchId(batch_id))
        return _for_requester(talk.pin(caller(), message_id, pinned=body["pinned"]))


def _add_worker(blueprint: Blueprint, application: Application) -> None:
    talk = application.talk

    @blueprint.get("/assignments/<assignment_id>/talk")
    @refusals(blueprint, _TICKET)
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.response(200, ThreadSchema)
    def read(assignment_id: str) -> dict[str, Any]:
        """The thread of the batch, oldest first."""
        ticket = ticket_for(application, assignment_id)
        return {"items": list(_for_worker(talk.thread(ticket.batch_id), ticket.pseudonym))}

    @blueprint.post("/assignments/<assignment_id>/talk")
    @refusals(blueprint, {**_TICKET, 409: "thread_full", 429: "too_many_messages"})
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.arguments(QuestionOfWorkerSchema)
    @blueprint.response(201, MessageSchema)
    def ask(body: dict[str, Any], assignment_id: str) -> dict[str, Any]:
        """Ask the requester. Other workers read it, without a name."""
        ticket = ticket_for(application, assignment_id)
        asked = talk.ask(ticket, body["text"], about_item=body["about_item"])
        return next(iter(_for_worker([asked], ticket.pseudonym)))

    @blueprint.post("/assignments/<assignment_id>/talk/<message_id>/report")
    @refusals(blueprint, _TICKET)
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.arguments(ReportSchema)
    @blueprint.response(204)
    def report(body: dict[str, Any], assignment_id: str, message_id: str) -> None:
        """Say that something is wrong with a message; an operator looks at it."""
        ticket = ticket_for(application, assignment_id)
        talk.report(ticket.batch_id, message_id, reporter=ticket.pseudonym, reason=body["reason"])


def _shown(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "side": str(message.side),
        "text": None if message.is_hidden else message.text,
        "said_at": message.said_at,
        "answers": message.answers,
        "number": message.number,
        "pinned": message.pinned,
        "hidden_reason": message.hidden_reason or None,
    }


def _for_requester(message: Message) -> dict[str, Any]:
    shown = _shown(message)
    return {**shown, "worker": message.pseudonym} if message.pseudonym else shown


def _for_worker(messages: Iterable[Message], pseudonym: Pseudonym) -> Iterable[dict[str, Any]]:
    for message in messages:
        yield {**_shown(message), "is_yours": message.pseudonym == pseudonym}
