"""What the API takes and gives. Unknown fields are refused."""

from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.limits import PAGE_ITEMS_MAX
from marshmallow import Schema, fields, validate

_TEXT_CHARACTERS_MAX = 320
_RUNS_PER_PAGE_MAX = 50


def _text(characters_max: int = _TEXT_CHARACTERS_MAX) -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=characters_max))


class PageQuerySchema(Schema):
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=PAGE_ITEMS_MAX))


class WalletSchema(Schema):
    """`free` may be spent; `reserved` is set aside for published batches."""

    free = MoneyField(required=True)
    reserved = MoneyField(required=True)


class MoneySchema(Schema):
    """`scale` is there where the amount is finer than the currency's minor unit."""

    amount_minor = fields.Integer(required=True)
    currency = fields.String(required=True)
    scale = fields.Integer()


class NewTopUpSchema(Schema):
    amount = MoneyField(required=True)


class TopUpSchema(Schema):
    """`status` is creating, open, paid or expired; `booked` is what reached the wallet."""

    top_up_id = fields.String(required=True)
    amount = MoneyField(required=True)
    status = fields.String(required=True)
    checkout_url = fields.String(required=True, allow_none=True)
    booked = MoneyField(required=True, allow_none=True)
    created_at = InstantField(required=True)
    booked_at = InstantField(required=True, allow_none=True)


class TopUpPageSchema(Schema):
    items = fields.List(fields.Nested(TopUpSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SpendSchema(Schema):
    """A batch's money. `settled` is rewards, `fee` what came on top, `vat` what is on the fee;
    `reserved` is what is left.
    """

    batch_id = fields.String(required=True)
    slot_count = fields.Integer(required=True)
    reward = MoneyField(required=True)
    fee_per_slot = MoneyField(required=True)
    vat_per_slot = MoneyField(required=True)
    reserved = MoneyField(required=True)
    settled = MoneyField(required=True)
    settled_count = fields.Integer(required=True)
    fee = MoneyField(required=True)
    vat = MoneyField(required=True)
    released = MoneyField(required=True)
    closed = fields.Boolean(required=True)


class SpendPageSchema(Schema):
    items = fields.List(fields.Nested(SpendSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class NextPayoutSchema(Schema):
    """`arrives` is `gross`, less our fee and the tax that is withheld."""

    gross = MoneyField(required=True)
    fee = MoneyField(required=True)
    withheld = MoneyField(required=True)
    arrives = MoneyField(required=True)


class EarningsSchema(Schema):
    """`in_review` is what undecided answers would pay. Of accepted work, `clearing` is inside the
    hold window, `payable` may be asked for, `held` is kept back while somebody looks into it,
    `on_its_way` is in a payout whose outcome is not known yet, `paid` has left: of that,
    `at_processor` is on the worker's own balance there, on the way to the worker's bank. `fees` and
    `withheld` were taken from what was paid; `next_payout` is what one asked for now would bring.
    """

    settled_count = fields.Integer(required=True)
    in_review = MoneyField(required=True)
    in_review_count = fields.Integer(required=True)
    clearing = MoneyField(required=True)
    payable = MoneyField(required=True)
    held = MoneyField(required=True)
    on_its_way = MoneyField(required=True)
    paid = MoneyField(required=True)
    at_processor = MoneyField(required=True)
    fees = MoneyField(required=True)
    withheld = MoneyField(required=True)
    next_payout = fields.Nested(NextPayoutSchema, required=True)


class BonusSchema(Schema):
    bonus_id = fields.String(required=True)
    assignment_id = fields.String(required=True)
    amount = MoneyField(required=True)
    reason = fields.String(required=True)
    ended_at = InstantField(required=True, data_key="received_at")


class BonusPageSchema(Schema):
    items = fields.List(fields.Nested(BonusSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PayoutAccountSchema(Schema):
    """`status` is none, pending, active or restricted; the link is good once."""

    status = fields.String(required=True)
    onboarding_url = fields.String(required=True, allow_none=True)


class PayoutRequestSchema(Schema):
    """`status` is open, in_run, paid, failed or cancelled; `refusal` says why it failed."""

    payout_request_id = fields.String(required=True)
    amount = MoneyField(required=True)
    status = fields.String(required=True)
    asked_at = InstantField(required=True)
    ended_at = InstantField(required=True, allow_none=True)
    refusal_code = fields.String(required=True, allow_none=True)
    refusal = fields.String(required=True, allow_none=True)


class PayoutRequestPageSchema(Schema):
    items = fields.List(fields.Nested(PayoutRequestSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SignInSchema(Schema):
    email = _text()
    password = _text()
    totp = _text(20)


class StaffSessionSchema(Schema):
    staff_id = fields.String(required=True)
    email = fields.String(required=True)
    grants = fields.List(fields.String(), required=True)
    token = fields.String(required=True)
    expires_at = InstantField(required=True)


class CurrencyTotalSchema(Schema):
    currency = fields.String(required=True)
    debit = MoneyField(required=True)
    credit = MoneyField(required=True)
    difference = MoneyField(required=True)


class AccountBalanceSchema(Schema):
    """`balance` is on the account's natural side."""

    account = fields.String(required=True)
    currency = fields.String(required=True)
    debit = MoneyField(required=True)
    credit = MoneyField(required=True)
    balance = MoneyField(required=True)


class TrialBalanceSchema(Schema):
    """`sum` adds up the differences of all currencies, each without its sign, in ledger units.
    `complete_to` says until when entries are in it, where days were asked for.
    """

    sum = fields.Integer(required=True)
    as_of = InstantField(required=True)
    complete_to = InstantField(required=True, allow_none=True)
    entries_count = fields.Integer(required=True)
    currencies = fields.List(fields.Nested(CurrencyTotalSchema), required=True)
    accounts = fields.List(fields.Nested(AccountBalanceSchema), required=True)


class EntryLineSchema(Schema):
    account = fields.String(required=True)
    debit = MoneyField(required=True)
    credit = MoneyField(required=True)


class EntrySchema(Schema):
    """`key` is the business key: an entry with it exists once. `refs` name what it is about."""

    entry_id = fields.String(required=True)
    key = fields.String(required=True)
    code = fields.String(required=True)
    currency = fields.String(required=True)
    total = MoneyField(required=True)
    effective_on = fields.String(required=True)
    booked_at = InstantField(required=True)
    period = fields.String(required=True)
    refs = fields.Dict(required=True)
    cause = fields.Dict(required=True)
    lines = fields.List(fields.Nested(EntryLineSchema), required=True)


class EntryQuerySchema(PageQuerySchema):
    code = fields.String(load_default=None)
    batch = fields.String(load_default=None)
    requester = fields.String(load_default=None)
    worker = fields.String(load_default=None)
    assignment = fields.String(load_default=None)
    run = fields.String(load_default=None)
    item = fields.String(load_default=None)


class EntryPageSchema(Schema):
    items = fields.List(fields.Nested(EntrySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MovementSchema(Schema):
    """One movement of an account, and its balance after it."""

    entry_id = fields.String(required=True)
    key = fields.String(required=True)
    code = fields.String(required=True)
    effective_on = fields.String(required=True)
    booked_at = InstantField(required=True)
    debit = MoneyField(required=True)
    credit = MoneyField(required=True)
    balance = MoneyField(required=True)


class StatementSchema(Schema):
    account = fields.String(required=True)
    items = fields.List(fields.Nested(MovementSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PayoutItemSchema(Schema):
    payout_item_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    amount = MoneyField(required=True)
    fee = MoneyField(required=True)
    withheld = MoneyField(required=True)
    rail = fields.String(required=True)
    destination = fields.String(required=True)
    state = fields.String(required=True)
    attempt = fields.Integer(required=True)
    transfer_id = fields.String(required=True, allow_none=True)
    transaction_id = fields.String(required=True, allow_none=True)
    refusal_code = fields.String(required=True, allow_none=True)
    refusal = fields.String(required=True, allow_none=True)
    changed_at = InstantField(required=True, allow_none=True)


class PayoutRunSummarySchema(Schema):
    payout_run_id = fields.String(required=True)
    number = fields.Integer(required=True)
    rail = fields.String(required=True)
    status = fields.String(required=True)
    currency = fields.String(required=True)
    made_by = fields.String(required=True)
    made_at = InstantField(required=True)
    frozen_at = InstantField(required=True, allow_none=True)
    content_hash = fields.String(required=True, allow_none=True)
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = InstantField(required=True, allow_none=True)
    approvals = fields.List(fields.String(), required=True)
    ended_at = InstantField(required=True, allow_none=True)
    total = MoneyField(required=True)
    paid = MoneyField(required=True)
    failed = MoneyField(required=True)
    item_count = fields.Integer(required=True)


class PayoutRunSchema(PayoutRunSummarySchema):
    items = fields.List(fields.Nested(PayoutItemSchema), required=True)


class PayoutRunQuerySchema(Schema):
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=_RUNS_PER_PAGE_MAX))


class PayoutRunPageSchema(Schema):
    items = fields.List(fields.Nested(PayoutRunSummarySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ApprovalSchema(Schema):
    content_hash = _text(64)


class NewApprovalSchema(Schema):
    """`payload` is as the kind takes it: hold_release `{hold_id}`; correction `{entry_id}`;
    manual_entry `{lines: [{account, side, amount}]}`; exception_resolution `{exception_id, code,
    lines?}`; write_off `{exception_id, account?, side?, amount?}`; statement_match `{line_id, kind,
    target}`; statement_unmatch `{line_id}`; tolerance_rule `{account_id, kind, contains, maximum,
    account}`.
    """

    kind = _text()
    payload = fields.Dict(required=True)
    reason = _text(2000)


class ApprovalQuerySchema(PageQuerySchema):
    status = fields.String(
        load_default=None, validate=validate.OneOf(["proposed", "approved", "rejected"])
    )
    kind = fields.String(load_default=None)


class RejectionSchema(Schema):
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class ApprovalDetailSchema(Schema):
    """`content_hash` is what an approval names: what is done if it is approved."""

    approval_id = fields.String(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    payload = fields.Dict(required=True)
    content_hash = fields.String(required=True)
    reason = fields.String(required=True)
    status = fields.String(required=True)
    made_by = fields.String(required=True)
    made_at = InstantField(required=True)
    decided_by = fields.String(required=True, allow_none=True)
    decided_at = InstantField(required=True, allow_none=True)
    note = fields.String(required=True)


class ApprovalPageSchema(Schema):
    items = fields.List(fields.Nested(ApprovalDetailSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class NewHoldSchema(Schema):
    worker_id = _text()
    reason = _text(2000)


class HoldSchema(Schema):
    """`amount` is what was payable when it was placed, or came back with the payout that `item_id`
    names.
    """

    hold_id = fields.String(required=True)
    worker_id = fields.String(required=True)
    amount = MoneyField(required=True)
    reason = fields.String(required=True)
    placed_by = fields.String(required=True)
    placed_at = InstantField(required=True)
    released_at = InstantField(required=True, allow_none=True)
    item_id = fields.String(required=True, allow_none=True)


class HoldListSchema(Schema):
    items = fields.List(fields.Nested(HoldSchema), required=True)
