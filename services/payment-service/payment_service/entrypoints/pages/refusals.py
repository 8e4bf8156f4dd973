"""Why a payout was refused, in plain words, and what to do: for its worker, and for finance."""

from dataclasses import dataclass

from flask_babel import gettext as _


@dataclass(frozen=True)
class Reason:
    """`yours` says that the worker can mend it in the payout account."""

    what: str
    for_worker: str
    for_finance: str
    yours: bool = False


def reason(code: str | None) -> Reason:
    """The reason behind a processor's code; a general one where the code is not known."""
    return _known().get(code or "", _unknown())


def _known() -> dict[str, Reason]:
    return _account_reasons() | _our_reasons()


def _account_reasons() -> dict[str, Reason]:
    mend = _("Open your payout account, finish what it asks for, then ask again.")
    ask = _("The worker has to finish the account. Then send again, or give the line up.")
    inactive = Reason(
        _("The payout account cannot receive money at present."), mend, ask, yours=True
    )
    closed = Reason(_("The payout account was closed."), mend, ask, yours=True)
    refused = Reason(
        _("The processor does not allow transfers to this account."), mend, ask, yours=True
    )
    return {
        "insufficient_capabilities_for_transfer": inactive,
        "account_inactive": inactive,
        "account_closed": closed,
        "account_invalid": closed,
        "no_account": closed,
        "transfers_not_allowed": refused,
    }


def _our_reasons() -> dict[str, Reason]:
    return {
        "balance_insufficient": Reason(
            _("Too little was available at the processor."),
            _("This is on our side. Ask again; nothing is lost."),
            _("Wait until more is available, or fund the account. Then send again."),
        ),
        "bank_file_void": Reason(
            _("The bank transfer was not made."),
            _("This is on our side. Ask again; nothing is lost."),
            _("The file was not used. Send again with a new one, or give the line up."),
        ),
        "payout_returned": Reason(
            _("The bank sent the payout back."),
            _("Correct or confirm your bank details. It is payable once somebody has checked."),
            _("The amount is held. Once the worker has looked at the bank details, release it."),
            yours=True,
        ),
        "earnings_held": Reason(
            _("These earnings are held."),
            _("Nothing is lost. Somebody of this market looks into it; ask again later."),
            _("Release what is held, then send again, or give the line up."),
        ),
        "worker_suspended": Reason(
            _("Payouts to this account are suspended."),
            _("Nothing is lost. Somebody of this market looks into it; ask again later."),
            _("The worker is suspended. Lift that, then send again, or give the line up."),
        ),
        "insufficient_payable": Reason(
            _("Less was payable than the payout was for."),
            _("Ask again: the new payout is for what is payable then."),
            _("Give the line up. The worker can ask again."),
        ),
    }


def _unknown() -> Reason:
    return Reason(
        _("The processor refused the payout."),
        _("The money is still yours. Check your payout account, then ask again."),
        _("Look the line up at the processor. Then send again, or give the line up."),
        yours=True,
    )
