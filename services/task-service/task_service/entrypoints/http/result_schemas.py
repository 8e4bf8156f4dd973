"""What the API takes and gives about files of results."""

from marshmallow import Schema, fields, validate

FORMATS = (
    "tidy",
    "jsonl",
    "consensus",
    "merged",
    "mturk",
    "xlsx",
    "input",
    "dictionary",
    "w3c",
    "coco",
)


class ResultsQuerySchema(Schema):
    format = fields.String(load_default="tidy", validate=validate.OneOf(FORMATS))
    asked_at = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        format="iso",
        metadata={
            "description": "When a merged file was first asked for, as Location tells: one that was"
            " begun since then is given out, though the batch changed again"
        },
    )


class MergingSchema(Schema):
    """How far the file of a large batch is."""

    code = fields.String(required=True, metadata={"example": "merging"})
    detail = fields.String(required=True)
    read = fields.Integer(required=True, metadata={"description": "Answers so far"})
    answers = fields.Integer(
        required=True, metadata={"description": "How many there were when it was asked for"}
    )


class ReviewFileQuerySchema(Schema):
    dry = fields.Boolean(
        load_default=False, metadata={"description": "Only tell what the file would do"}
    )
    reopen = fields.Boolean(
        load_default=True,
        metadata={"description": "Whether others get the slots of rejected answers"},
    )


class RowFaultSchema(Schema):
    line = fields.Integer(required=True)
    column = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)


class PlanSchema(Schema):
    """What the file does, or would do."""

    dry = fields.Boolean(required=True)
    accepted = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    overturned = fields.Integer(required=True)
    unchanged = fields.Integer(required=True, metadata={"description": "Decided so before"})
    unmarked = fields.Integer(required=True)
    faults = fields.List(fields.Nested(RowFaultSchema), required=True)
    fault_count = fields.Integer(required=True)
