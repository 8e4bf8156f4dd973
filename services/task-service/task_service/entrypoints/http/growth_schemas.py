"""What the API of growing batches takes."""

from marshmallow import Schema, fields, validate

from task_service.entrypoints.http.schemas import MoneySchema


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
