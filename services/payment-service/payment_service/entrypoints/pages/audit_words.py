"""What an audit looked at, in the reader's words: its own English is what programs read."""

import re
from collections.abc import Mapping

from crowdloom.ui.formats import language
from crowdloom.ui.languages import in_own_digits
from flask_babel import gettext as _

# "USD 12.3400", several beside each other; amounts keep their digits, as everywhere.
_AMOUNTS = re.compile(r"[A-Z]{3} -?\d+\.\d+(?:, [A-Z]{3} -?\d+\.\d+)*")
# A count, or a day with its time.
_NUMBER = re.compile(r"\d[\d :-]*\d|\d")
_BETWEEN = re.compile(r"([;,] )")


def figure(text: str) -> str:
    """A part that nobody has put into words yet stays as it is."""
    amounts = _AMOUNTS.findall(text)
    parts = _BETWEEN.split(_AMOUNTS.sub("@", text))
    known = _templates()
    return "".join(_worded(part, known, amounts) for part in parts)


def _worded(part: str, known: Mapping[str, str], amounts: list[str]) -> str:
    number = _NUMBER.search(part)
    word = known.get(_NUMBER.sub("#", part, count=1), part)
    if number is not None:
        word = word.replace("#", in_own_digits(number[0], language()))
    return word.replace("@", amounts.pop(0)) if "@" in word else word


def _templates() -> Mapping[str, str]:
    return {
        "; ": _("; "),
        ", ": _(", "),
        "# entries": _("# entries"),
        "# balances": _("# balances"),
        "# batches": _("# batches"),
        "# accepted": _("# accepted"),
        "# closed batches": _("# closed batches"),
        "# totals told": _("# totals told"),
        "never reconciled": _("never reconciled"),
        "reconciled #": _("reconciled #"),
        "# processor lines": _("# processor lines"),
        "# bank lines": _("# bank lines"),
        "@ of our own": _("@ of our own"),
        "nothing of our own": _("nothing of our own"),
        "nothing": _("nothing"),
        "# payout lines": _("# payout lines"),
        "# in flight": _("# in flight"),
        "suspense @": _("suspense @"),
        "suspense nothing": _("suspense nothing"),
        "# closed periods": _("# closed periods"),
        "# sealed entries": _("# sealed entries"),
        "oldest event waits # s": _("oldest event waits # s"),
        "# to read": _("# to read"),
        "unknown to read": _("unknown to read"),
        "# paid workers": _("# paid workers"),
        "# periods": _("# periods"),
        "# closings": _("# closings"),
        "# by day": _("# by day"),
        "# entries by hand": _("# entries by hand"),
    }


def acts() -> Mapping[str, str]:
    """What the log of privileged actions calls each of them, in the reader's words."""
    return {
        "approval.propose": _("Proposed something"),
        "approval.approved": _("Approved a proposal"),
        "approval.rejected": _("Rejected a proposal"),
        "bank_account.put": _("Changed a bank account"),
        "bank_file.download": _("Downloaded a bank file"),
        "bank_statement.confirm": _("Confirmed a bank statement"),
        "exception.assigned": _("Gave an exception to somebody"),
        "exception.escalated": _("Escalated an exception"),
        "exception.evidence": _("Added evidence to an exception"),
        "exception.pending_resolution": _("Proposed how an exception ends"),
        "exception.reopened": _("Opened an exception again"),
        "exception.resolved": _("Settled an exception"),
        "exception.turned_down": _("Turned down how an exception should end"),
        "exception.written_off": _("Wrote an exception off"),
        "hold.place": _("Held a worker's earnings"),
        "journal.export": _("Exported the journal"),
        "payout_item.cancel": _("Gave up a payout line"),
        "payout_item.retry": _("Had a payout line sent again"),
        "payout_run.approve": _("Approved a payout run"),
        "payout_run.cancel": _("Cancelled a payout run"),
        "payout_run.draft": _("Drafted a payout run"),
        "payout_run.freeze": _("Froze a payout run"),
        "payout_run.remove_item": _("Took a line out of a payout run"),
        "payouts.start": _("Let payouts go on"),
        "payouts.stop": _("Stopped all payouts"),
        "period.closed": _("Closed a month"),
        "period.open": _("Opened a month that was closed softly"),
        "period.reopened": _("Opened a closed month again"),
        "period.soft_closed": _("Closed a month softly"),
        "reconciliation.ask": _("Asked for a reconciliation"),
        "refund.decline": _("Declined a refund"),
        "staff.add": _("Added a member of staff"),
        "staff.enrol": _("Enrolled"),
        "staff.link": _("Made an enrolment link"),
        "staff.passkey_add": _("Added a passkey"),
        "staff.passkey_remove": _("Removed a passkey"),
        "staff.session_end": _("Ended a session"),
        "staff.sign_in": _("Signed in"),
        "staff.sign_in_failed": _("Failed to sign in"),
        "worker.reinstate": _("Lifted a worker's suspension"),
        "worker.suspend": _("Suspended a worker"),
    }
