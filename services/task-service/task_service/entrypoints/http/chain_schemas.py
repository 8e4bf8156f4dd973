"""What the API takes and gives about next steps."""

from marshmallow import Schema, fields

from task_service.entrypoints.http.schemas import BatchSchema


class NextStepWishSchema(Schema):
    project_id = fields.String(required=True)


class NextStepSchema(Schema):
    batch = fields.Nested(BatchSchema, required=True)
    missing = fields.Integer(required=True, metadata={"description": "Rows without an answer"})
    contested = fields.Integer(
        required=True, metadata={"description": "Rows where two values have as many votes"}
    )
