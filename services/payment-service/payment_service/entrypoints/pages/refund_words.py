"""Refunds in the reader's words."""

from flask_babel import gettext as _

from payment_service.domain.refunds import PartState, RefundStatus

TONES = {
    RefundStatus.ASKED: "wait",
    RefundStatus.APPROVED: "move",
    RefundStatus.SETTLED: "good",
    RefundStatus.DECLINED: "bad",
    RefundStatus.TAKEN_BACK: "quiet",
}


def states() -> dict[str, str]:
    return {
        RefundStatus.ASKED: _("Being checked"),
        RefundStatus.APPROVED: _("Being sent"),
        RefundStatus.SETTLED: _("Sent to the card"),
        RefundStatus.DECLINED: _("Not sent"),
        RefundStatus.TAKEN_BACK: _("Taken back"),
    }


def parts() -> dict[str, tuple[str, str]]:
    """(word, tone) of what goes back to one card payment."""
    return {
        PartState.PLANNED: (_("Planned"), "quiet"),
        PartState.APPROVED: (_("Approved"), "move"),
        PartState.SENDING: (_("Being sent"), "move"),
        PartState.UNKNOWN: (_("Outcome unknown"), "wait"),
        PartState.SENT: (_("Sent, not booked yet"), "move"),
        PartState.SETTLED: (_("Sent to the card"), "good"),
        PartState.FAILED: (_("Not sent"), "bad"),
    }


def reason(code: str | None) -> str:
    """Why a part was not sent; nothing where there is no code."""
    known: dict[str, str] = {
        "charge_disputed": _("Its payer disputes this payment, so the bank decides."),
        "charge_used_up": _("The processor says that less of this payment is left."),
        "charge_already_refunded": _("The processor says that less of this payment is left."),
        "balance_insufficient": _("Too little was available at the processor."),
        "card_refused": _("The card's bank did not take it."),
    }
    return known.get(code, _("The processor refused it.")) if code else ""
