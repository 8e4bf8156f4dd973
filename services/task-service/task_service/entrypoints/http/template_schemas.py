"""What the check of a template takes and gives."""

from crowdloom.kernel.limits import TABLE_COLUMNS_MAX
from marshmallow import Schema, fields, validate

from task_service.domain.templates import RemarkCode
from task_service.entrypoints.http.schemas import Text


class TemplateCheckSchema(Schema):
    template_html = Text(required=True)
    columns = fields.List(
        Text(validate=validate.Length(max=256)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=TABLE_COLUMNS_MAX),
        metadata={"description": "Of the table that is to be shown; left out: none is missing"},
    )


class TemplateRemarkSchema(Schema):
    line = fields.Integer(metadata={"description": "Counts from 1"})
    code = fields.String(validate=validate.OneOf([code.value for code in RemarkCode]))
    subject = fields.String(metadata={"description": "The name, column, address or host"})


class TemplateRemarksSchema(Schema):
    answer_fields = fields.List(fields.String())
    columns = fields.List(fields.String(), metadata={"description": "That the template needs"})
    remarks = fields.List(fields.Nested(TemplateRemarkSchema))
