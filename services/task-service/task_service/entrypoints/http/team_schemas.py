"""What the API takes and gives about teams."""

from crowdloom.kernel.teams import TeamRole
from marshmallow import Schema, fields, validate

from task_service.domain.requesters import NAME_CHARACTERS_MAX
from task_service.entrypoints.http.schemas import PageQuerySchema

_ROLES = validate.OneOf([str(role) for role in TeamRole if role is not TeamRole.OWNER])


class RoleSchema(Schema):
    role = fields.String(required=True, validate=_ROLES)


class NewInvitationSchema(RoleSchema):
    note = fields.String(
        required=True,
        validate=validate.Length(1, NAME_CHARACTERS_MAX),
        metadata={"description": "For whom it is, in your words"},
    )


class InvitationSchema(Schema):
    invitation_id = fields.String(required=True)
    role = fields.String(required=True)
    note = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True, format="iso")


class CreatedInvitationSchema(InvitationSchema):
    code = fields.String(required=True, metadata={"description": "Shown once"})


class InvitationPageSchema(Schema):
    items = fields.List(fields.Nested(InvitationSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MemberSchema(Schema):
    person_id = fields.String(required=True)
    role = fields.String(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    joined_at = fields.AwareDateTime(required=True, format="iso")


class MemberPageSchema(Schema):
    items = fields.List(fields.Nested(MemberSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CodeSchema(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 200))


class TeamSchema(Schema):
    team_id = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)


class TeamPageSchema(Schema):
    items = fields.List(fields.Nested(TeamSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TeamSessionSchema(Schema):
    team_id = fields.String(required=True)
    role = fields.String(required=True)
    token = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True, format="iso")


class LogQuerySchema(PageQuerySchema):
    project_id = fields.String(load_default=None)


class DeedSchema(Schema):
    """`way` is `page`, `api` or `key`; `subject` names what it was done to beyond the batch."""

    deed_id = fields.String(required=True)
    person_id = fields.String(required=True)
    way = fields.String(required=True)
    action = fields.String(required=True)
    done_at = fields.AwareDateTime(required=True, format="iso")
    project_id = fields.String(required=True, allow_none=True)
    batch_id = fields.String(required=True, allow_none=True)
    subject = fields.String(required=True, allow_none=True)


class DeedPageSchema(Schema):
    items = fields.List(fields.Nested(DeedSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
