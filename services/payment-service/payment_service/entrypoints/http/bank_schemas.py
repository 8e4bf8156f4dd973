"""What the API of banks takes and gives. Unknown fields are refused."""

from crowdloom.contracts.fields import InstantField, MoneyField
from marshmallow import Schema, fields, validate

from payment_service.application.bank_accounts import DELIMITERS, ENCODINGS
from payment_service.entrypoints.http.schemas import PageQuerySchema

_TEXT_CHARACTERS_MAX = 80


def _optional() -> fields.String:
    return fields.String(load_default="", validate=validate.Length(max=_TEXT_CHARACTERS_MAX))


class CsvMappingSchema(Schema):
    """Columns are named as in the file's heading. Either `amount`, or `money_in` and `money_out`;
    without `balance` the balances are sent with each file.
    """

    date = fields.String(required=True, validate=validate.Length(1, _TEXT_CHARACTERS_MAX))
    date_format = fields.String(load_default="%Y-%m-%d", validate=validate.Length(max=20))
    amount = _optional()
    money_in = _optional()
    money_out = _optional()
    direction = _optional()
    debit_word = _optional()
    balance = _optional()
    reference = _optional()
    text = _optional()
    counterparty = _optional()
    decimal = fields.String(load_default=".", validate=validate.OneOf([".", ","]))
    delimiter = fields.String(load_default=",", validate=validate.OneOf(DELIMITERS))
    encoding = fields.String(load_default="utf-8", validate=validate.OneOf(ENCODINGS))
    newest_first = fields.Boolean(load_default=False)
    skipped_lines = fields.Integer(load_default=0, validate=validate.Range(0, 100))


class NewOwnBankAccountSchema(Schema):
    """`account_id` is what the ledger calls it, `number` what the bank does."""

    account_id = fields.String(required=True, validate=validate.Length(1, 31))
    name = fields.String(required=True, validate=validate.Length(1, _TEXT_CHARACTERS_MAX))
    number = fields.String(required=True, validate=validate.Length(1, _TEXT_CHARACTERS_MAX))
    currency = fields.String(required=True, validate=validate.Length(equal=3))
    mapping = fields.Nested(CsvMappingSchema, load_default=None, allow_none=True)


class OwnBankAccountSchema(Schema):
    """`closing` is what the newest statement closed with, which the ledger equals."""

    account_id = fields.String(required=True)
    name = fields.String(required=True)
    number = fields.String(required=True)
    currency = fields.String(required=True)
    mapping = fields.Nested(CsvMappingSchema, required=True, allow_none=True)
    statement_count = fields.Integer(required=True)
    closing = MoneyField(required=True, allow_none=True)
    closed_on = fields.String(required=True, allow_none=True)


class OwnBankAccountListSchema(Schema):
    items = fields.List(fields.Nested(OwnBankAccountSchema), required=True)


class BankLineSchema(Schema):
    """Money in is positive. `kind` and `target` say what it was matched with, `rule` how."""

    line_id = fields.String(required=True, allow_none=True)
    number = fields.Integer(required=True)
    booked_on = fields.String(required=True)
    amount = MoneyField(required=True)
    counterparty = fields.String(required=True)
    text = fields.String(required=True)
    references = fields.List(fields.String(), required=True)
    state = fields.String(required=True)
    kind = fields.String(required=True)
    target = fields.String(required=True)
    rule = fields.String(required=True)


class BankStatementSchema(Schema):
    statement_id = fields.String(required=True)
    account_id = fields.String(required=True)
    number = fields.Integer(required=True)
    reference = fields.String(required=True)
    opening = MoneyField(required=True)
    closing = MoneyField(required=True)
    closed_on = fields.String(required=True)
    line_count = fields.Integer(required=True)
    booked_count = fields.Integer(required=True)
    confirmed_by = fields.String(required=True)
    confirmed_at = InstantField(required=True)


class BankStatementPageSchema(Schema):
    items = fields.List(fields.Nested(BankStatementSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class BankStatementQuerySchema(PageQuerySchema):
    account_id = fields.String(load_default=None)


class BankLinePageSchema(Schema):
    items = fields.List(fields.Nested(BankLineSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ReadStatementSchema(Schema):
    """A statement of a file that nobody confirmed yet, with its first lines as foreseen."""

    reference = fields.String(required=True)
    opening = MoneyField(required=True)
    closing = MoneyField(required=True)
    closed_on = fields.String(required=True)
    line_count = fields.Integer(required=True)
    lines = fields.List(fields.Nested(BankLineSchema), required=True)


class BankFileSchema(Schema):
    file_id = fields.String(required=True)
    account_id = fields.String(required=True)
    statements = fields.List(fields.Nested(ReadStatementSchema), required=True)


class ConfirmedFileSchema(Schema):
    statement_ids = fields.List(fields.String(), required=True)
