"""Periods and their checklist in the reader's words."""

from flask_babel import gettext as _

from payment_service.domain.periods import PeriodState

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
        "processor_feed": _(
            "The processor's books were read to the end of the month, and compared"
        ),
        "processor_proof": _("Ledger and processor agree; unexplained, in minor units:"),
        "bank_feed": _("Bank statements reach the end of the month"),
        "trial_balance": _("The trial balance is zero"),
        "kept_balances": _("Kept balances are the sums of their lines; apart:"),
        "task_totals": _("Accepted work is what tasks report; totals compared:"),
        "exceptions": _("Exceptions are explained; not yet:"),
        "escalated": _("Escalated, and told to somebody:"),
        "outbox": _("Every event is published; waiting:"),
        "unsettled": _("All accepted work is settled; waiting:"),
        "dead_letters": _("No event was given up on; open:"),
        "seals": _("All of its entries are in the chain of seals, which verifies"),
    }
