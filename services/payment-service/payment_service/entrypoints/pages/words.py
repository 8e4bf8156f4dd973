"""Codes in the reader's words: states, kinds of exceptions, flows and accounts."""

from crowdloom.kernel import Money
from crowdloom.ui.formats import money_text
from flask_babel import gettext as _

from payment_service.domain import chart
from payment_service.domain.approvals import ApprovalStatus
from payment_service.domain.payouts import ItemState, Rail, RunStatus

RUN_TONES = {
    RunStatus.DRAFT: "quiet",
    RunStatus.FROZEN: "wait",
    RunStatus.EXECUTING: "move",
    RunStatus.COMPLETED: "good",
    RunStatus.COMPLETED_WITH_EXCEPTIONS: "bad",
    RunStatus.CANCELLED: "quiet",
}
ITEM_TONES = {
    ItemState.PLANNED: "quiet",
    ItemState.APPROVED: "move",
    ItemState.RESERVED: "move",
    ItemState.SENDING: "move",
    ItemState.UNKNOWN: "wait",
    ItemState.FILED: "wait",
    ItemState.SENT: "move",
    ItemState.PAID: "good",
    ItemState.RETURNED: "bad",
    ItemState.FAILED: "bad",
    ItemState.CANCELLED: "quiet",
}


APPROVAL_TONES = {
    ApprovalStatus.PROPOSED: "wait",
    ApprovalStatus.APPROVED: "good",
    ApprovalStatus.REJECTED: "quiet",
}


def approvals() -> dict[str, str]:
    """Kinds of proposals."""
    return {
        "hold_release": _("Release held earnings"),
        "suspension_lift": _("Lift a worker's suspension"),
        "manual_entry": _("Entry by hand"),
        "correction": _("Correction of an entry"),
        "statement_match": _("Match of a bank line"),
        "statement_unmatch": _("Match of a bank line taken back"),
        "tolerance_rule": _("Tolerance for a bank's differences"),
        "exception_resolution": _("Resolution of an exception"),
        "write_off": _("Write-off"),
        "period_close": _("Close of a period"),
        "period_reopen": _("Opening a period again"),
        "refund": _("Refund to a card"),
        "staff_invite": _("Invite somebody to staff"),
        "staff_grants": _("Change what somebody may do"),
        "staff_remove": _("Remove somebody from staff"),
        "bank_file_sent": _("Bank file handed to the bank"),
        "bank_file_void": _("Bank file not used"),
    }


def roles() -> dict[str, str]:
    """What a grant lets somebody do."""
    return {
        "finance.view": _("Look at the books"),
        "finance.maker": _("Make: draft runs, propose entries, hold earnings"),
        "finance.checker": _("Check: approve what others made"),
        "finance.controller": _("Control: invite staff, close periods, stop payouts"),
        "auditor": _("Audit: read everything, change nothing"),
        "operator": _("Operate: events, dead letters, appeals"),
    }


def rails() -> dict[str, str]:
    """How money reaches a worker."""
    return {
        Rail.STRIPE: _("Payment processor"),
        Rail.BANK_FILE: _("Bank transfer"),
        Rail.GIFT_CREDIT: _("Gift credit"),
    }


def left_out() -> dict[str, str]:
    """Why somebody who asked is not in the next run."""
    return {
        "held": _("earnings are held"),
        "suspended": _("the worker is suspended"),
        "no_account": _("the account is not ready"),
        "details_too_new": _("the account details are too new"),
        "too_little": _("too little is payable"),
        "less_than_fee": _("the fee leaves nothing to send"),
    }


def approval_states() -> dict[str, str]:
    return {
        ApprovalStatus.PROPOSED: _("Waits for approval"),
        ApprovalStatus.APPROVED: _("Approved"),
        ApprovalStatus.REJECTED: _("Turned down"),
    }


def runs() -> dict[str, str]:
    return {
        RunStatus.DRAFT: _("Draft"),
        RunStatus.FROZEN: _("Waits for approval"),
        RunStatus.EXECUTING: _("Being paid"),
        RunStatus.COMPLETED: _("Paid"),
        RunStatus.COMPLETED_WITH_EXCEPTIONS: _("Paid, with exceptions"),
        RunStatus.CANCELLED: _("Cancelled"),
    }


def items() -> dict[str, str]:
    """The state of a line, for finance."""
    return {
        ItemState.PLANNED: _("Planned"),
        ItemState.APPROVED: _("Approved"),
        ItemState.RESERVED: _("Reserved"),
        ItemState.SENDING: _("Being sent"),
        ItemState.UNKNOWN: _("Outcome unknown"),
        ItemState.FILED: _("In the bank file"),
        ItemState.SENT: _("Sent, not booked yet"),
        ItemState.PAID: _("Paid"),
        ItemState.RETURNED: _("Came back"),
        ItemState.FAILED: _("Refused"),
        ItemState.CANCELLED: _("Given up"),
    }


def exceptions() -> dict[str, str]:
    """Kinds of exceptions and of differences."""
    return {
        "amount_mismatch": _("Amount differs"),
        "ambiguous": _("Fits more than one"),
        "missing_at_bank": _("Missing at the bank"),
        "unmatched_bank_line": _("Bank line that nobody could identify"),
        "payout_returned": _("Payout came back from the bank"),
        "status_mismatch": _("Not in the state it should be in"),
        "control_differs": _("Accepted work differs from what tasks report"),
        "currency_mismatch": _("Currency differs"),
        "duplicate": _("Paid twice"),
        "fee_variance": _("Fee differs"),
        "fingerprint_conflict": _("Same key, other content"),
        "funded_already": _("Funded already"),
        "invariant_broken": _("Something that must hold of the books does not"),
        "kept_balance_drift": _("Kept balance differs from its lines"),
        "ledger_unbalanced": _("Ledger does not balance"),
        "missing_at_processor": _("Missing at the processor"),
        "missing_in_ledger": _("Missing in the ledger"),
        "paid_twice_in_a_run": _("Same payee twice in a run"),
        "payout_failed": _("Payout refused"),
        "payouts_stopped": _("Payouts are stopped"),
        "suspense_aged": _("In suspense for too long"),
        "refund_waits": _("Refund waits for money at the processor"),
        "release_not_covered": _("More to release than is reserved"),
        "transfer_mismatch": _("Sent and booked differ"),
        "transfer_missing": _("Booked, but not sent"),
        "transfer_without_line": _("Transfer without a line"),
        "underfunded_settlement": _("Accepted beyond what was reserved"),
        "requester_owes": _("Paid for a requester whose wallet was empty"),
        "unexplained_balance_drift": _("Balance differs, unexplained"),
        "unidentified_line": _("Unidentified line"),
        "unknown_outcome": _("Outcome unknown"),
    }


def failed_reconciliations() -> dict[str, str]:
    """Why a reconciliation compared nothing."""
    return {
        "feed_empty": _("The processor has no lines yet: nothing was ever paid in."),
        "feed_incomplete": _(
            "The processor did not tell all that it has. If another try fails too, whoever runs"
            " this market looks at its key and its state."
        ),
    }


def invariants() -> dict[str, str]:
    """What each says; the API's English is `domain.audit.SENTENCES`."""
    return {
        "I1": _("Every entry balances, is unchanged and named after its cause; all sum to zero"),
        "I2": _("Every kept balance equals the sum of its lines"),
        "I3": _("No guarded account is below zero"),
        "I4": _(
            "What is reserved for a batch is what its open slots cost, as task-service counts them"
        ),
        "I5": _("Every accepted submission has one entry, at the published terms"),
        "I6": _("Nothing is reserved for a closed batch, but what accepted work still needs"),
        "I7": _("Our books of the processor's balance equal its lines and its own figure"),
        "I8": _("Every line of the processor and of a bank is booked once, none without its line"),
        "I9": _("What we hold covers what we owe to requesters and workers"),
        "I10": _("Every payout line's money is reserved, given back, paid or under way, once"),
        "I11": _(
            "Nothing is under way for a day, or in suspense for five, without being asked after"
        ),
        "I12": _("No entry was booked into a closed period"),
        "I13": _("The chain of seals over the journal verifies"),
        "I14": _(
            "Events are published and read soon, none was given up on, and the processor is heard"
        ),
        "I15": _("No worker was paid more than was earned"),
        "I16": _(
            "Every period balances, and all of them, the daily balances and the closes say the same"
        ),
        "I17": _("Every entry by hand was made by one person and approved by another"),
    }


def flows() -> dict[str, str]:
    """What an entry is for."""
    return {
        "topup": _("Top-up"),
        "settle": _("Became available"),
        "suspense": _("Unidentified line"),
        "publish": _("Reserved for a batch"),
        "accept": _("Accepted work"),
        "mature": _("Hold time over"),
        "release": _("Slot closed"),
        "cancel": _("Slots withdrawn"),
        "close": _("Batch closed"),
        "payout_reserve": _("Payout reserved"),
        "payout_void": _("Payout refused"),
        "payout_post": _("Payout booked"),
        "gift_redeem": _("Gift code redeemed"),
        "hold": _("Earnings held"),
        "unhold": _("Earnings released"),
        "manual": _("Entry by hand"),
        "correction": _("Correction"),
        "sweep": _("Paid out to our bank"),
        "sweep_in": _("Arrived at our bank"),
        "fund": _("Our own money to the processor"),
        "stripe_fee": _("Fee of the processor"),
        "bank_opening": _("Opening balance of a bank account"),
        "bank_suspense": _("Unidentified bank line"),
        "bank_topup": _("Funds by bank transfer"),
        "bank_other": _("Bank line"),
        "bank_unmatch": _("Match of a bank line taken back"),
        "payout_return": _("Payout sent back by the bank"),
        "return_unmatch": _("Return of a payout taken back"),
        "resolution": _("Resolution of an exception"),
        "write_off": _("Write-off"),
        "refund_reserve": _("Asked back to the card"),
        "refund_void": _("Refund not sent"),
        "refund_post": _("Refund sent"),
        "refund_return": _("Refund came back"),
    }


def wallet_flows() -> dict[str, str]:
    """What moved a requester's free funds, in the requester's words."""
    return {
        "topup": _("Paid in by card"),
        "bank_topup": _("Paid in by bank transfer"),
        "publish": _("Reserved for a batch"),
        "release": _("Came back from a batch: slot closed"),
        "cancel": _("Came back from a batch: slots withdrawn"),
        "close": _("Came back from a batch: it is over"),
        "bonus": _("Bonus, with its fee"),
        "overturn": _("Paid for an answer accepted after all"),
        "refund_reserve": _("Asked back to the card"),
        "refund_void": _("Refund not sent: free again"),
        "refund_return": _("Refund came back from the bank"),
        "manual": _("Entry by finance"),
        "correction": _("Correction by finance"),
    }


def references() -> dict[str, str]:
    """What entries and exceptions name: objects, and what is known of them."""
    return {
        "run": _("payout run"),
        "item": _("line of a run"),
        "batch": _("batch"),
        "requester": _("requester"),
        "worker": _("worker"),
        "assignment": _("assignment"),
        "top_up": _("top-up"),
        "stripe_txn": _("processor's line"),
        "bank_line": _("bank line"),
        "bank_statement": _("bank statement"),
        "bank_account": _("bank account"),
        "sweep": _("processor's payout to us"),
        "fault": _("what is wrong"),
        "text": _("its text"),
        "counterparty": _("counterparty"),
        "account": _("account"),
        "reconciliation": _("reconciliation"),
        "posted_entry": _("entry"),
        "code": _("processor's code"),
        "reason": _("processor's words"),
        "attempt": _("attempt"),
        "hold": _("hold"),
        "refund": _("refund"),
        "approval": _("approval"),
        "maker": _("proposed by"),
        "checker": _("approved by"),
        "corrects": _("corrects"),
        "exception": _("exception"),
        "source": _("processor's object"),
        "line_kind": _("kind of line"),
        "since": _("since"),
        "on": _("day"),
        "difference": _("difference"),
        "vat": _("VAT: country and basis points"),
    }


def account(path: str) -> str:
    """What an account holds."""
    known: dict[str, str] = {
        "wallet": _("free funds of a requester"),
        "escrow": _("reserved for a batch"),
        "refunding": _("on the way back to a requester's card"),
        "clearing": _("worker's rewards inside the hold time"),
        "payable": _("payable to a worker"),
        "held": _("held of a worker's earnings"),
        "payout": _("payout on its way"),
        "gift": _("gift credit that nobody has redeemed"),
        "tax": _("owed to a tax office"),
        "income:fee": _("our fees"),
        "asset:stripe": _("held at the processor"),
        "asset:bank": _("at our bank"),
        "asset:transit": _("on its way between processor and bank"),
        "asset:suspense": _("lines nobody could identify"),
        "expense:stripe": _("what the processor charges"),
    }
    return known.get(chart.kind_of(path), "")


def account_status() -> dict[str, tuple[str, str]]:
    """(word, tone) of a worker's account at the processor."""
    return {
        "active": (_("Ready"), "good"),
        "pending": (_("Not finished"), "wait"),
        "restricted": (_("More is needed"), "wait"),
    }


def hindrances(minimum: Money) -> dict[str, str]:
    """Why a worker cannot ask for a payout now."""
    return {
        "under_way": _("A payout is under way. You can ask for the next one when it is over."),
        "no_account": _("Set up your payout account first: it says where to send the money."),
        "account_pending": _("Your payout account is not finished yet."),
        "account_restricted": _(
            "Your payout account cannot receive money yet: the processor asks for more there."
        ),
        "bank_restricted": _(
            "The bank sent your last payout back. Give your bank details again, right or new."
        ),
        "too_little": _("The smallest payout is %(amount)s.", amount=isolated(minimum)),
        "less_than_fee": _(
            "The fee of a payout leaves nothing to send yet. It grows with your work."
        ),
    }


def isolated(amount: Money) -> str:
    """Kept from the direction of the text around, where no element can do it."""
    return f"\N{LEFT-TO-RIGHT ISOLATE}{money_text(amount)}\N{POP DIRECTIONAL ISOLATE}"
