"""What the API of refunds takes and gives. Unknown fields are refused."""

from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from marshmallow import Schema, fields, validate

from payment_service.domain.refunds import RefundStatus
from payment_service.entrypoints.http.schemas import PageQuerySchema


class NewRefundSchema(Schema):
    amount = MoneyField(required=True)


class RefundSchema(Schema):
    """`status` is asked, approved, settled, declined or taken_back; `sent` is on its way to cards,
    `returned` is free again, `note` is why it was declined.
    """

    refund_id = fields.String(required=True)
    requester_id = fields.String(required=True)
    amount = MoneyField(required=True)
    status = fields.String(required=True)
    sent = MoneyField(required=True)
    returned = MoneyField(required=True)
    note = fields.String(required=True)
    asked_at = InstantField(required=True)
    ended_at = InstantField(required=True, allow_none=True)


class RefundPageSchema(Schema):
    items = fields.List(fields.Nested(RefundSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OwnRefundsSchema(RefundPageSchema):
    """`largest` is the most that could be asked for now."""

    largest = MoneyField(required=True)


class RefundQuerySchema(PageQuerySchema):
    status = fields.String(
        load_default=None, validate=validate.OneOf([status.value for status in RefundStatus])
    )


class DeclineSchema(Schema):
    reason = fields.String(
        required=True, validate=validate.Length(min=1, max=REASON_CHARACTERS_MAX)
    )
