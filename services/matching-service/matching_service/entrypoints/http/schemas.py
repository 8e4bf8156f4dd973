"""What the API takes and answers."""

from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.limits import PAGE_ITEMS_MAX
from marshmallow import RAISE, Schema, fields, validate

_ID_CHARACTERS_MAX = 64
CLAIMS_AT_ONCE_MAX = 5


class ClaimRequest(Schema):
    class Meta:
        unknown = RAISE

    batch_id = fields.String(
        validate=validate.Length(min=1, max=_ID_CHARACTERS_MAX),
        metadata={"description": "Only work of this batch; any without it."},
    )
    count = fields.Integer(
        load_default=1,
        strict=True,
        validate=validate.Range(min=1, max=CLAIMS_AT_ONCE_MAX),
        metadata={"description": "How many items; fewer are given where there are no more."},
    )
    device = fields.String(
        load_default=None,
        validate=validate.OneOf(["phone", "tablet", "computer"]),
        metadata={"description": "What you work on; some batches ask for one. Unknown without it."},
    )


class QueueQuery(Schema):
    cursor = fields.String(load_default=None)
    limit = fields.Integer(
        load_default=PAGE_ITEMS_MAX, validate=validate.Range(min=1, max=PAGE_ITEMS_MAX)
    )


class HeldAssignmentAnswer(Schema):
    assignment_id = fields.String(required=True)
    task_id = fields.String(required=True)
    batch_id = fields.String(required=True)
    status = fields.String(required=True)
    claimed_at = InstantField(required=True)
    deadline = InstantField(required=True)


class AssignmentAnswer(HeldAssignmentAnswer):
    """An assignment with its ticket, the only authority needed to load and answer the task."""

    title = fields.String(required=True)
    reward = MoneyField(required=True)
    ticket = fields.String(required=True)


class ClaimAnswer(AssignmentAnswer):
    """`more` are the further items, where more than one was asked for and given."""

    more = fields.List(fields.Nested(AssignmentAnswer))


class AssignmentsAnswer(Schema):
    items = fields.List(fields.Nested(HeldAssignmentAnswer))
    next_cursor = fields.String(allow_none=True)


class PayPerHourAnswer(Schema):
    kind = fields.String(required=True, metadata={"enum": ["measured", "unknown"]})
    p25 = MoneyField()
    p75 = MoneyField()
    n = fields.Integer()


class ReasonAnswer(Schema):
    """Why not, as a stable code, and what it is about: languages, a qualification, a number."""

    code = fields.String(required=True)
    about = fields.String(required=True)


class QueueItemAnswer(Schema):
    batch_id = fields.String(required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    requester_name = fields.String(required=True)
    reward = MoneyField(required=True)
    open_slots = fields.Integer(allow_none=True)
    lease_seconds = fields.Integer(required=True)
    language = fields.String(allow_none=True)
    pay_per_hour = fields.Nested(PayPerHourAnswer, required=True)
    why_not = fields.String(
        allow_none=True, metadata={"description": "The code of the first of `reasons`."}
    )
    reasons = fields.List(fields.Nested(ReasonAnswer), required=True)


class QueueAnswer(Schema):
    items = fields.List(fields.Nested(QueueItemAnswer))
    next_cursor = fields.String(allow_none=True)


class WhyAnswer(Schema):
    why_not = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "enum": [
                "batch_paused",
                "batch_cancelled",
                "batch_completed",
                "account_closed",
                "other_language",
                "other_device",
                "excluded",
                "not_invited",
                "qualification_missing",
                "qualification_unwanted",
                "skill_missing",
                "skill_unwanted",
                "known_missed",
                "cap_reached",
                "day_cap_reached",
                "too_many_leases",
                "nothing_left",
                None,
            ]
        },
    )


class BatchCountsAnswer(Schema):
    """Assignments of a batch by status; `claimed_total` is their sum."""

    claimed_total = fields.Integer(required=True)
    leased = fields.Integer(required=True)
    submitted = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    expired = fields.Integer(required=True)
