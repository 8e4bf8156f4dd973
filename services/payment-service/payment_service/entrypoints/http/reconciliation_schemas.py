"""What the API of reconciliations gives."""

from crowdloom.contracts.fields import InstantField
from marshmallow import Schema, fields

from payment_service.entrypoints.http.schemas import MoneySchema


class DifferenceSchema(Schema):
    """`amount` is the processor's figure less ours."""

    kind = fields.String(required=True)
    subject = fields.String(required=True)
    amount = fields.Nested(MoneySchema, required=True)


class BankProofSchema(Schema):
    """One of our accounts at banks: `ledger`, lines `waiting` for their entries, and differences
    that explain, against what the newest statement closed with; null where there is no statement.
    """

    account = fields.String(required=True)
    ledger = fields.Nested(MoneySchema, required=True)
    waiting = fields.Nested(MoneySchema, required=True)
    explained = fields.Nested(MoneySchema, required=True)
    closing = fields.Nested(MoneySchema, required=True, allow_none=True)
    unexplained = fields.Nested(MoneySchema, required=True, allow_none=True)


class TimingSchema(Schema):
    """On its way to or from a bank, and no difference before `due_on`."""

    kind = fields.String(required=True)
    subject = fields.String(required=True)
    amount = fields.Nested(MoneySchema, required=True)
    due_on = fields.String(required=True)


class ReconciliationSchema(Schema):
    """`status` is queued, completed or failed. Figures are null until it is completed;
    `unreconciled_minor` adds up all differences without their signs.
    """

    reconciliation_id = fields.String(required=True)
    status = fields.String(required=True)
    asked_by = fields.String(required=True)
    asked_at = InstantField(required=True)
    ended_at = InstantField(required=True, allow_none=True)
    error_code = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    journal_minor = fields.Integer(required=True, allow_none=True)
    processor_minor = fields.Integer(required=True, allow_none=True)
    unreconciled_minor = fields.Integer(required=True, allow_none=True)
    lines_count = fields.Integer(required=True, allow_none=True)
    transfers_count = fields.Integer(required=True, allow_none=True)
    transfers_minor = fields.Integer(required=True, allow_none=True)
    posted_minor = fields.Integer(required=True, allow_none=True)
    journal = fields.List(fields.Nested(MoneySchema), required=True)
    processor = fields.List(fields.Nested(MoneySchema), required=True)
    differences_count = fields.Integer(required=True, allow_none=True)
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)
    banks = fields.List(fields.Nested(BankProofSchema), required=True)
    timing = fields.List(fields.Nested(TimingSchema), required=True)


class DifferencePageSchema(Schema):
    items = fields.List(fields.Nested(DifferenceSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TimingPageSchema(Schema):
    items = fields.List(fields.Nested(TimingSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ReconciliationPageSchema(Schema):
    items = fields.List(fields.Nested(ReconciliationSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
