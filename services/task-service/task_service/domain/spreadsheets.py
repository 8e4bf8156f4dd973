"""Cells that no spreadsheet runs as a formula: the rule of OWASP's CSV injection page."""

import re

_RISKY = re.compile(r"'*[=+\-@\t\r]")


def defused(cell: str) -> str:
    """The cell, after an apostrophe where a spreadsheet would run it.

    What looks defused already gets one more, so that the way back is certain: of a cell that is
    apostrophes before one of `= + - @`, a tab or a carriage return, the first one is ours.
    """
    return f"'{cell}" if _RISKY.match(cell) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
