"""What the API takes and gives about files of results."""

from marshmallow import Schema, fields, validate

FORMATS = ("tidy", "jsonl", "consensus", "merged", "mturk")


class ResultsQuerySchema(Schema):
    format = fields.String(load_default="tidy", validate=validate.OneOf(FORMATS))
