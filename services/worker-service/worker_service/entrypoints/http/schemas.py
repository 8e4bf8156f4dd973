"""What the API takes and gives. Unknown fields are refused."""

from typing import Any

from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.limits import PAGE_ITEMS_MAX, REASON_CHARACTERS_MAX
from marshmallow import Schema, fields, validate

from worker_service.domain.appeals import AppealStatus, Side
from worker_service.domain.work_items import Status
from worker_service.domain.workers import LANGUAGES_MAX

STATUS_WORDS = [status.word for status in Status]
_CODE_CHARACTERS_MAX = 200


def _languages(**options: Any) -> fields.List[Any]:
    tag = fields.String(validate=validate.Length(min=2, max=35))
    return fields.List(tag, validate=validate.Length(max=LANGUAGES_MAX), **options)


_PROOF_CHARACTERS_MAX = 200


class NewWorkerSchema(Schema):
    languages = _languages(load_default=list)
    proof = fields.String(load_default="", validate=validate.Length(max=_PROOF_CHARACTERS_MAX))


class RegisteredWorkerSchema(Schema):
    worker_id = fields.String(required=True)
    recovery_code = fields.String(
        required=True, metadata={"description": "Shown this once; it cannot be read again."}
    )
    token = fields.String(required=True)
    expires_at = InstantField(required=True)


class RecoveryCodeSchema(Schema):
    recovery_code = fields.String(
        required=True, validate=validate.Length(min=1, max=_CODE_CHARACTERS_MAX)
    )


class SessionRecordSchema(Schema):
    """`device` is coarse: a browser's family and a system, or API; `seen_at` within minutes."""

    session_id = fields.String(required=True)
    device = fields.String(required=True)
    begun_at = InstantField(required=True)
    seen_at = InstantField(required=True)
    expires_at = InstantField(required=True)
    this_one = fields.Boolean(required=True)


class SessionPageSchema(Schema):
    items = fields.List(fields.Nested(SessionRecordSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SessionSchema(Schema):
    worker_id = fields.String(required=True)
    token = fields.String(required=True)
    expires_at = InstantField(required=True)


class ProfileSchema(Schema):
    worker_id = fields.String(required=True)
    languages = _languages(required=True)
    registered_at = InstantField(required=True)


class ProfileChangeSchema(Schema):
    languages = _languages(required=True)


class WorkQuerySchema(Schema):
    status = fields.String(load_default=None, validate=validate.OneOf(STATUS_WORDS))
    cursor = fields.String(load_default=None)
    limit = fields.Integer(
        load_default=50, validate=validate.Range(min=1, max=PAGE_ITEMS_MAX), strict=False
    )


class WorkItemSchema(Schema):
    """Instants and reason are null where they have not come to pass or are not known yet."""

    assignment_id = fields.String(required=True)
    batch_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUS_WORDS))
    title = fields.String(allow_none=True)
    requester_name = fields.String(allow_none=True)
    reward = MoneyField(allow_none=True)
    claimed_at = InstantField(allow_none=True)
    deadline = InstantField(allow_none=True)
    submitted_at = InstantField(allow_none=True)
    auto_accept_at = InstantField(allow_none=True)
    decided_at = InstantField(allow_none=True)
    closed_at = InstantField(allow_none=True)
    settled_at = InstantField(allow_none=True)
    reason = fields.String(allow_none=True)


class WorkPageSchema(Schema):
    items = fields.List(fields.Nested(WorkItemSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def _words() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=REASON_CHARACTERS_MAX))


class NewAppealSchema(Schema):
    assignment_id = fields.String(required=True)
    statement = _words()


class AppealWordsSchema(Schema):
    text = _words()


class AppealDecisionSchema(Schema):
    upheld = fields.Boolean(required=True)
    reason = _words()


class AppealMessageSchema(Schema):
    side = fields.Enum(Side, by_value=True, required=True)
    text = fields.String(required=True)
    said_at = InstantField(required=True)


class AppealSchema(Schema):
    """`rejection` is what the requester said. `reason` and `decided_at` are null while open."""

    assignment_id = fields.String(required=True)
    batch_id = fields.String(required=True)
    status = fields.Enum(AppealStatus, by_value=True, required=True)
    rejection = fields.String(required=True)
    opened_at = InstantField(required=True)
    decide_by = InstantField(required=True)
    messages = fields.List(fields.Nested(AppealMessageSchema), required=True)
    reason = fields.String(required=True, allow_none=True)
    decided_at = InstantField(required=True, allow_none=True)


class AppealListSchema(Schema):
    appeals = fields.List(fields.Nested(AppealSchema), required=True)
