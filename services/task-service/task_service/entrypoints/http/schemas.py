"""What the API takes and gives. Unknown fields are refused."""

from typing import Any

from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.limits import (
    DESCRIPTION_CHARACTERS_MAX,
    PAGE_ITEMS_MAX,
    REASON_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
)
from marshmallow import Schema, ValidationError, fields, validate

from task_service.domain.batches import BatchStatus
from task_service.domain.requesters import NAME_CHARACTERS_MAX, PASSWORD_CHARACTERS_MAX, KeyScope
from task_service.domain.submissions import SubmissionStatus

DECISIONS_MAX = 200
EMAIL_CHARACTERS_MAX = 254
_LEASE_SECONDS = 600
_AUTO_ACCEPT_SECONDS = 3 * 86_400
_BATCH_STATUSES = [str(status) for status in BatchStatus]
_SUBMISSION_STATUSES = [
    str(status) for status in SubmissionStatus if status is not SubmissionStatus.CLOSED
]


class Text(fields.String):
    """Text that every engine can store: no half of a surrogate pair, which JSON could spell."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValidationError("Contains half of a character (a lone surrogate).") from error
        return text


def _instant(**options: Any) -> InstantField:
    return InstantField(metadata={"type": "string", "format": "date-time"}, **options)


def _whole(**options: Any) -> fields.Integer:
    return fields.Integer(strict=True, **options)


class MoneySchema(Schema):
    """A whole number of minor units; with `scale` where the amount is finer than that."""

    amount_minor = _whole(required=True, metadata={"example": 5})
    currency = Text(required=True, validate=validate.Length(max=8), metadata={"example": "USD"})
    scale = _whole(dump_only=True)


class NewRequesterSchema(Schema):
    email = Text(required=True, validate=validate.Length(max=EMAIL_CHARACTERS_MAX))
    password = Text(required=True, metadata={"format": "password"})
    name = Text(
        required=True,
        validate=validate.Length(max=10 * NAME_CHARACTERS_MAX),
        metadata={"description": "Shown to workers", "example": "Fir Research Group"},
    )


class CredentialsSchema(Schema):
    email = Text(required=True, validate=validate.Length(max=EMAIL_CHARACTERS_MAX))
    password = Text(
        required=True,
        validate=validate.Length(max=PASSWORD_CHARACTERS_MAX),
        metadata={"format": "password"},
    )


class SessionSchema(Schema):
    requester_id = fields.String(required=True)
    token = fields.String(required=True)
    expires_at = _instant(required=True)


class RequesterSchema(Schema):
    requester_id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    created_at = _instant(required=True)


class NewApiKeySchema(Schema):
    name = Text(required=True, metadata={"example": "nightly import"})
    scope = fields.String(
        load_default="all",
        validate=validate.OneOf(list(KeyScope)),
        metadata={"description": "`all`, `read`, or `review`: look, accept, reject, send back"},
    )


class ApiKeySchema(Schema):
    key_id = fields.String(required=True)
    name = fields.String(required=True)
    scope = fields.String(required=True)
    last_used_at = _instant(required=True, allow_none=True)
    created_at = _instant(required=True)


class CreatedApiKeySchema(ApiKeySchema):
    secret = fields.String(
        required=True, metadata={"description": "Shown this once; it cannot be read again."}
    )


class FillQuerySchema(Schema):
    append = fields.Boolean(
        load_default=False,
        metadata={"description": "After the tasks that there are, not in their place"},
    )


class PageQuerySchema(Schema):
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=PAGE_ITEMS_MAX))


class SubmissionQuerySchema(PageQuerySchema):
    status = fields.String(load_default=None, validate=validate.OneOf(_SUBMISSION_STATUSES))


class ApiKeyPageSchema(Schema):
    items = fields.List(fields.Nested(ApiKeySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class NewProjectSchema(Schema):
    title = Text(required=True, metadata={"maxLength": TITLE_CHARACTERS_MAX})
    description = Text(required=True, metadata={"maxLength": DESCRIPTION_CHARACTERS_MAX})
    template_html = Text(
        required=True,
        metadata={
            "description": "`${name}` stands for a column of the table",
            "example": '<p>${sentence}</p> <input name="answer" required>',
        },
    )
    language = Text(
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=2, max=35),
        metadata={"example": "en"},
    )
    allowed_hosts = fields.List(
        Text(validate=validate.Length(max=253)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=100),
        metadata={"description": "May serve scripts, styles and media; those named if left out"},
    )


class ProjectSummarySchema(Schema):
    project_id = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    language = fields.String(required=True, allow_none=True)
    columns = fields.List(
        fields.String(), required=True, metadata={"description": "What the template needs"}
    )
    answer_fields = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Named in the template; its scripts may make more"},
    )
    allowed_hosts = fields.List(fields.String(), required=True)
    created_at = _instant(required=True)


class ProjectSchema(ProjectSummarySchema):
    template_html = fields.String(required=True)


class ProjectPageSchema(Schema):
    items = fields.List(fields.Nested(ProjectSummarySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class NewBatchSchema(Schema):
    reward = fields.Nested(
        MoneySchema, required=True, metadata={"description": "For one accepted answer"}
    )
    title = Text(load_default=None, allow_none=True)
    redundancy = _whole(load_default=1, metadata={"description": "Answers wanted of each task"})
    lease_seconds = _whole(load_default=_LEASE_SECONDS)
    auto_accept_seconds = _whole(
        load_default=_AUTO_ACCEPT_SECONDS,
        metadata={"description": "An answer undecided for so long is accepted"},
    )
    wanted_seconds = _whole(
        load_default=None,
        allow_none=True,
        metadata={"description": "So soon after it opens all answers are wanted: work goes by it"},
    )


class DeclinedSchema(Schema):
    """Why the batch is a draft again."""

    code = fields.String(required=True, metadata={"example": "insufficient_funds"})
    needed = fields.Nested(MoneySchema, required=True)
    missing = fields.Nested(MoneySchema, required=True)


class BatchSchema(Schema):
    batch_id = fields.String(required=True)
    project_id = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(_BATCH_STATUSES))
    redundancy = fields.Integer(required=True)
    reward = fields.Nested(MoneySchema, required=True)
    fee = fields.Nested(MoneySchema, required=True)
    vat = fields.Nested(MoneySchema, required=True, metadata={"description": "On the fee"})
    cost = fields.Nested(
        MoneySchema, required=True, metadata={"description": "Of all answers, with fees and VAT"}
    )
    lease_seconds = fields.Integer(required=True)
    auto_accept_seconds = fields.Integer(required=True)
    wanted_seconds = fields.Integer(required=True, allow_none=True)
    columns = fields.List(fields.String(), required=True)
    task_count = fields.Integer(required=True)
    declined = fields.Nested(DeclinedSchema, required=True, allow_none=True)
    addition = fields.Nested("AdditionSchema", required=True, allow_none=True)
    archived = fields.Boolean(required=True)
    created_at = _instant(required=True)


class BatchCountsSchema(Schema):
    """Answers by what became of them; `open` and `leased` lag a little, null until known."""

    slots = fields.Integer(required=True)
    submitted = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    withdrawn = fields.Integer(required=True)
    open = fields.Integer(required=True, allow_none=True)
    leased = fields.Integer(required=True, allow_none=True)


class BatchDetailSchema(BatchSchema):
    counts = fields.Nested(BatchCountsSchema, required=True)


class BatchPageSchema(Schema):
    items = fields.List(fields.Nested(BatchSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TaskSchema(Schema):
    task_id = fields.String(required=True)
    number = fields.Integer(required=True, metadata={"description": "Its row, from 1"})
    input = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class TaskPageSchema(Schema):
    items = fields.List(fields.Nested(TaskSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def _answer(**options: Any) -> fields.List[Any]:
    pair = fields.List(Text(), validate=validate.Length(equal=2))
    return fields.List(
        pair,
        required=True,
        metadata={
            "description": "Pairs of field name and value, in the form's order, repeats kept",
            "example": [["answer", "yes"]],
        },
        **options,
    )


class AnswerSchema(Schema):
    answer = _answer()


class DraftSchema(Schema):
    answer = _answer()
    saved_at = _instant(required=True)


class ReceiptSchema(Schema):
    """Proof that an answer was taken in, and what became of it."""

    submission_id = fields.String(required=True)
    assignment_id = fields.String(required=True)
    task_id = fields.String(required=True)
    batch_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(_SUBMISSION_STATUSES))
    submitted_at = _instant(required=True)
    auto_accept_at = _instant(required=True)
    decided_at = _instant(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class SubmissionSchema(ReceiptSchema):
    pseudonym = fields.String(required=True)
    answer = _answer()
    claimed_at = _instant(required=True)
    seconds = fields.Float(required=True, metadata={"description": "From claim to submission"})
    decided_by = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["requester", "auto", "appeal"])
    )
    slot_reopened = fields.Boolean(required=True)
    overturned = fields.Boolean(
        required=True, metadata={"description": "Rejected first, and accepted after all"}
    )
    rework_assignment_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where it was sent back: the assignment it is done again under"},
    )
    known_right = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "Whether it is the known answer of its row; null: none is known"},
    )


class SubmissionPageSchema(Schema):
    items = fields.List(fields.Nested(SubmissionSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class AcceptanceSchema(Schema):
    override = fields.Boolean(
        load_default=False,
        metadata={"description": "Accept one that was rejected; paid from the wallet"},
    )


class RejectionSchema(Schema):
    reason = Text(
        required=True,
        metadata={
            "description": f"The worker reads it; 1 to {REASON_CHARACTERS_MAX} characters",
            "example": "The answer is about another sentence.",
        },
    )
    reopen = fields.Boolean(
        load_default=True, metadata={"description": "Whether another worker gets the slot"}
    )


class ReturnSchema(Schema):
    note = Text(
        required=True,
        metadata={
            "description": f"What to do again; 1 to {REASON_CHARACTERS_MAX} characters",
            "example": "The last sentence is missing; please translate it too.",
        },
    )


class DecisionSchema(Schema):
    submission_id = Text(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(["accept", "reject"]))
    reason = Text(load_default="")
    reopen = fields.Boolean(load_default=True)


class ReviewsSchema(Schema):
    decisions = fields.List(
        fields.Nested(DecisionSchema),
        required=True,
        validate=validate.Length(min=1, max=DECISIONS_MAX),
    )


class ReviewedSchema(Schema):
    decided = fields.Integer(required=True, metadata={"description": "New decisions"})
    unchanged = fields.Integer(
        required=True, metadata={"description": "Decided before, in the same way"}
    )


class AssignedTaskSchema(Schema):
    """A task as its worker sees it; the page to work in is at `frame_url`."""

    assignment_id = fields.String(required=True)
    task_id = fields.String(required=True)
    batch_id = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    language = fields.String(required=True, allow_none=True)
    reward = fields.Nested(MoneySchema, required=True)
    deadline = _instant(required=True)
    auto_accept_seconds = fields.Integer(required=True)
    input = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    note = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where the answer was sent back: what to do again"},
    )
    answer_fields = fields.List(fields.String(), required=True)
    frame_url = fields.String(required=True)
