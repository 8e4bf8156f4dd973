"""What the API takes and gives about wholes that are split."""

from marshmallow import Schema, fields, validate


class SplitQuerySchema(Schema):
    by = fields.String(load_default="paragraph", validate=validate.Length(max=30))
    name = fields.String(load_default="file", validate=validate.Length(min=1, max=255))
    overlap = fields.Integer(load_default=None, allow_none=True, strict=False)
    language = fields.String(load_default="en", validate=validate.Regexp(r"^[a-z]{2,3}$"))
    encoding = fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,30}$")
    )
    delimiter = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf([",", ";", "\t", "|"])
    )


class FaultSchema(Schema):
    line = fields.Integer(required=True)
    column = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)


class SplitProgressSchema(Schema):
    state = fields.String(
        required=True,
        validate=validate.OneOf(["waiting", "done", "refused"]),
        metadata={"description": "refused: `faults` say why, and nothing was created"},
    )
    made = fields.Integer(required=True, metadata={"description": "Pieces so far"})
    faults = fields.List(fields.Nested(FaultSchema), required=True)


class SourceSchema(Schema):
    name = fields.String(required=True)
    by = fields.String(required=True, metadata={"example": "rows:7"})
    overlap = fields.Integer(required=True)
    language = fields.String(required=True)
    encoding = fields.String(required=True, allow_none=True)
    digest = fields.String(required=True, metadata={"description": "SHA-256 of the file"})
    pieces = fields.Integer(required=True)
