"""Banks in the reader's words: states of a line, what it was for, and why a file was refused."""

from typing import Any

from crowdloom import ui
from crowdloom.kernel import DomainError, Money
from crowdloom.ui.formats import money_text
from flask_babel import gettext as _

from payment_service.domain.bank_statements import (
    BankLineState,
    OtherAccount,
    StatementDoesNotAddUp,
    StatementKnown,
    StatementMissing,
    UnreadableStatement,
)

LINE_TONES = {
    BankLineState.WAITING: "move",
    BankLineState.UNMATCHED: "bad",
    BankLineState.PROPOSED: "wait",
    BankLineState.MATCHED: "good",
}


def line_states() -> dict[str, str]:
    return {
        BankLineState.WAITING: _("Being booked"),
        BankLineState.UNMATCHED: _("In suspense"),
        BankLineState.PROPOSED: _("Waits for approval"),
        BankLineState.MATCHED: _("Matched"),
    }


def kinds() -> dict[str, str]:
    """What a line is for, and what is wrong where nobody can tell."""
    return {
        "payout_item": _("Payout to a worker"),
        "payout_return": _("A payout that came back"),
        "sweep": _("Paid out by the processor"),
        "sweeps": _("Several payouts of the processor"),
        "bank_file": _("A whole bank file of payouts"),
        "bank_top_up": _("Funds of a requester"),
        "account": _("An account of ours"),
        "unmatched_bank_line": _("Goes to suspense"),
        "ambiguous": _("Fits more than one; goes to suspense"),
        "duplicate": _("Paid before; goes to suspense"),
        "status_mismatch": _("Not expected now; goes to suspense"),
        "currency_mismatch": _("Other currency; goes to suspense"),
        "amount_mismatch": _("Other amount; goes to suspense"),
        "payout_returned": _("Only a part of a payout came back; goes to suspense"),
    }


def rules() -> dict[str, str]:
    return {
        "reference": _("by its reference"),
        "amount_and_day": _("by amount and day"),
        "by_hand": _("by hand"),
        "group": _("as a group"),
        "tolerance": _("within a tolerance"),
    }


def rule_kinds() -> dict[str, str]:
    return {
        "line": _("A whole line, such as a fee"),
        "sweep_fee": _("What is missing of the processor's payout"),
    }


def refusal(error: DomainError) -> str:
    """What is wrong with a file, and what to do."""
    facts = error.facts
    if isinstance(error, UnreadableStatement):
        return _unreadable(facts)
    if isinstance(error, StatementMissing) and facts["overlaps"]:
        overlaps: str = _(
            "It begins on %(day)s and opens with %(opening)s, but the books of this account go to "
            "%(last)s already and closed with %(closing)s. Ask the bank for the days after that.",
            day=facts["begins_on"],
            opening=_money(facts["opening"]),
            last=facts["last_closed_on"],
            closing=_money(facts["last_closing"]),
        )
        return overlaps
    if isinstance(error, StatementMissing):
        missing: str = _(
            "It opens with %(opening)s, but statement %(last)s of %(day)s closed with %(closing)s. "
            "A statement between them is missing: upload that one first.",
            opening=_money(facts["opening"]),
            closing=_money(facts["last_closing"]),
            last=facts["last_reference"],
            day=facts["last_closed_on"],
        )
        return missing
    known: dict[type[DomainError], str] = {
        StatementDoesNotAddUp: _(
            "Opening balance and lines are not the closing balance. Fetch the statement from the "
            "bank again; if it is the same, ask the bank."
        ),
        StatementKnown: _("This statement is in the books already. There is nothing to do."),
        OtherAccount: _("This statement is of another account. Choose that account."),
    }
    return known.get(type(error), ui.worded(error))


def _unreadable(facts: Any) -> str:
    sentence: str = _reasons().get(str(facts["reason"]), "")
    if facts["value"]:
        sentence = _("%(sentence)s It says: %(value)s", sentence=sentence, value=facts["value"])
    if facts["line"]:
        sentence = _("Line %(num)s: %(sentence)s", num=facts["line"], sentence=sentence)
    return sentence


def _reasons() -> dict[str, str]:
    again = _("The file may be cut off: fetch it from the bank again.")
    return {
        "amount": _("This is no amount."),
        "balance": _("The running balance does not follow from the line before."),
        "closing": _("There is no closing balance.") + " " + again,
        "cells": _("This line has more cells than the heading. Change the account's mapping."),
        "column_twice": _("A column of the mapping is there twice. Rename one in the file."),
        "columns": _("A column of the mapping is not there. Change the account's mapping."),
        "currency": _("The currency is not the account's."),
        "date": _("This is no date of the mapping's form. Change the account's mapping."),
        "future": _(
            "This day has not come. Look for a slip in the year, and at the form of dates."
        ),
        "dtd": _("A document type or an entity is not allowed in a statement."),
        "empty": _("There is no statement in it."),
        "encoding": _("These bytes are no text. Save it in UTF-8, or change the mapping."),
        "entry": _("An entry misses its amount, its date or its direction."),
        "format": _("We read camt.053, MT940, OFX and CSV."),
        "mapping": _("Say first how this account's CSV is read: open the account."),
        "opening": _("There is no opening balance. For a CSV, type both balances."),
        "syntax": again,
        "too_fine": _("The amount is finer than the smallest unit of its currency."),
        "too_large": _("The file is larger than 8 MB. Ask the bank for shorter periods."),
        "too_many": _("It has more than 20,000 lines. Ask the bank for shorter periods."),
    }


def _money(wire: Any) -> str:
    return (
        f"\N{LEFT-TO-RIGHT ISOLATE}{money_text(Money.from_wire(wire))}\N{POP DIRECTIONAL ISOLATE}"
    )
