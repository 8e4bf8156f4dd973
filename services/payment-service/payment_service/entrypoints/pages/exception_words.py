"""The exceptions queue in the reader's words: states, severities, ages, and what to do."""

from flask_babel import gettext as _

from payment_service.domain.exceptions import ExceptionState, Severity

STATE_TONES = {
    ExceptionState.OPEN: "wait",
    ExceptionState.ASSIGNED: "move",
    ExceptionState.PENDING_RESOLUTION: "wait",
    ExceptionState.ESCALATED: "bad",
    ExceptionState.RESOLVED: "good",
    ExceptionState.WRITTEN_OFF: "quiet",
}
SEVERITY_TONES = {"low": "quiet", "normal": "wait", "high": "bad", "critical": "bad"}


def states() -> dict[str, str]:
    return {
        "waiting": _("all that wait"),
        ExceptionState.OPEN: _("Open"),
        ExceptionState.ASSIGNED: _("Assigned"),
        ExceptionState.PENDING_RESOLUTION: _("Resolution proposed"),
        ExceptionState.ESCALATED: _("Escalated"),
        ExceptionState.RESOLVED: _("Resolved"),
        ExceptionState.WRITTEN_OFF: _("Written off"),
        "all": _("all"),
    }


def severities() -> dict[str, str]:
    """Worst first."""
    return {
        Severity.CRITICAL.word: _("Critical"),
        Severity.HIGH.word: _("High"),
        Severity.NORMAL.word: _("Normal"),
        Severity.LOW.word: _("Low"),
    }


def ages() -> dict[str, str]:
    return {
        "0-1": _("0-1 days"),
        "2-3": _("2-3 days"),
        "4-7": _("4-7 days"),
        "8-30": _("8-30 days"),
        "31+": _("over 30 days"),
    }


def resolutions() -> dict[str, str]:
    """What a person may propose, and what the service says by itself."""
    return {
        "explained": _("Explained: both sides are right"),
        "corrected": _("Corrected by an entry"),
        "suspense_cleared": _("Cleared from suspense by an entry"),
        "timing": _("Only a matter of time"),
        "recovered": _("The money came back"),
    }


def ends() -> dict[str, str]:
    return {
        **resolutions(),
        "written_off": _("Written off as a loss"),
        "no_longer_differs": _("Both sides agree again"),
        "paid": _("Paid after all"),
        "matched": _("Matched after all"),
        "refused": _("Refused by the processor"),
        "cancelled": _("Given up"),
        "settled": _("Settled after all"),
        "started_again": _("Payouts were started again"),
    }


def acts() -> dict[str, str]:
    """What was done about one."""
    return {
        "comment": _("said"),
        "assigned": _("assigned it"),
        "pending_resolution": _("proposed how to settle it"),
        "turned_down": _("turned the proposal down"),
        "escalated": _("escalated it"),
        "resolved": _("resolved it"),
        "written_off": _("wrote it off"),
        "reopened": _("opened it again"),
        "approved": _("agreed to the proposal"),
    }


def evidence() -> dict[str, str]:
    return {
        "entry": _("Journal entry"),
        "processor": _("Processor's object"),
        "event": _("Event"),
        "bank_line": _("Bank line"),
        "run": _("Payout run"),
        "ticket": _("Letter or ticket"),
        "approval": _("Proposal"),
    }


def what_to_do(kind: str) -> str:
    known: dict[str, str] = {
        "payout_failed": _("Open the run: send the line again, or give it up."),
        "unknown_outcome": _(
            "Nothing yet: we keep asking the processor, and the money stays reserved until it "
            "answers. Never pay it another way meanwhile."
        ),
        "unidentified_line": _(
            "Find out what the line is about at the processor, then propose the entry that takes "
            "it from suspense to where it belongs."
        ),
        "suspense_aged": _("Nothing may stay in suspense. Settle the lines that stand on it."),
        "invariant_broken": _(
            "Look at the audit: it names what does not hold. The daily audit settles this once it "
            "holds again."
        ),
        "control_differs": _(
            "Accepted work and what tasks report differ. Let events arrive; if it stays, look at "
            "the batch's entries."
        ),
        "unmatched_bank_line": _(
            "Look at the bank line. Match it with what it is for, or propose the entry that takes "
            "it from suspense to where it belongs."
        ),
        "missing_in_ledger": _("Look the line up at the processor, then reconcile again."),
        "missing_at_processor": _(
            "Look at the entry and its references; the processor does not know the line."
        ),
        "duplicate": _("Two transfers for one line. Have the second one reversed."),
        "fingerprint_conflict": _(
            "The same event came twice with other content. The first one stands; compare both."
        ),
    }
    usual = _("Compare both sides by the references below, then reconcile again.")
    return known.get(kind, str(usual))
