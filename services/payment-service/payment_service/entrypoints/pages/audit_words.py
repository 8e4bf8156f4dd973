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
