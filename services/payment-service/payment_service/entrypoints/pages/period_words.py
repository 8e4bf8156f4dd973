"""Periods and their checklist in the reader's words."""

import re

from crowdloom.ui.formats import language
from crowdloom.ui.languages import in_own_digits
from flask_babel import gettext as _

from payment_service.domain.periods import PeriodState

# Digits of a name are no figure.
_FIGURE = re.compile(r"(?<!\w)\d[\d.:/-]*(?!\w)")
_CURRENCY = re.compile(r"\b[A-Z]{3}\b")
TONES = {
    PeriodState.OPEN: "quiet",
    PeriodState.SOFT_CLOSED: "wait",
    PeriodState.CLOSED: "good",
    PeriodState.REOPENED: "move",
}


def states() -> dict[str, str]:
    return {
        PeriodState.OPEN: _("Open"),
        PeriodState.SOFT_CLOSED: _("Softly closed"),
        PeriodState.CLOSED: _("Closed"),
        PeriodState.REOPENED: _("Opened again"),
    }


def checks() -> dict[str, str]:
    """What each line of the checklist says where it holds."""
    return {
        "ended": _("The month has ended"),
        "earlier": _("The months before are closed"),
        "processor_feed": _("The processor's books were read and compared after the month's end"),
        "processor_proof": _("Nothing is unexplained between ledger and processor (minor units)"),
        "bank_feed": _("Bank statements reach the end of the month"),
        "trial_balance": _("The trial balance is zero"),
        "kept_balances": _("No kept balance differs from its lines"),
        "task_totals": _("Accepted work is what tasks report (totals compared)"),
        "exceptions": _("No exception is left unexplained"),
        "escalated": _("Exceptions that were escalated, with a reason"),
        "outbox": _("No event waits to be published"),
        "unsettled": _("No accepted work waits to be settled"),
        "dead_letters": _("No event was given up on"),
        "seals": _("All of its entries are in the chain of seals, which verifies"),
    }


def figure(text: str) -> str:
    """What was looked at, in the reader's digits; amounts keep theirs, as everywhere."""
    if _CURRENCY.search(text):
        return text
    return _FIGURE.sub(lambda found: in_own_digits(found[0], language()), text)
