"""What the API of growing batches takes and gives."""

from marshmallow import Schema, fields, validate

from task_service.entrypoints.http.schemas import DeclinedSchema, MoneySchema


class RaiseSchema(Schema):
    reward = fields.Nested(
        MoneySchema, required=True, metadata={"description": "Higher than it is now"}
    )


class ExtendSchema(Schema):
    redundancy = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=1),
        metadata={"description": "Answers wanted of each task, not fewer than now"},
    )


class AdditionSchema(Schema):
    """More of the batch; `status` is draft, asked or funded."""

    status = fields.String(required=True)
    task_count = fields.Integer(required=True)
    redundancy = fields.Integer(required=True)
    reward = fields.Nested(MoneySchema, required=True)
    declined = fields.Nested(DeclinedSchema, required=True, allow_none=True)
