"""How a preview is looked at: which row, how wide, in which theme and direction. All of it stands
in the address, so that it works without script and survives a reload.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

WIDTHS = ("desktop", "phone")
SCHEMES = ("light", "dark")
DIRECTIONS = ("ltr", "rtl")
_ROW_DIGITS_MAX = 9


@dataclass(frozen=True)
class View:
    """The choices of one preview; `source` is the address of its frame."""

    row: int
    rows: int
    width: str
    scheme: str
    direction: str
    source: str


def view(source: str, rows: int, **more: str) -> View:
    """What the page's address asks for; what cannot be read is as usual. `more` goes into the
    frame's address.
    """
    row = row_asked(rows)
    width, scheme, direction = (
        _chosen("width", WIDTHS),
        _chosen("scheme", SCHEMES),
        _chosen("direction", DIRECTIONS),
    )
    # The theme always: without it the page in the frame follows the reader's own.
    asked = {"row": str(row), "scheme": scheme, **more}
    if direction != DIRECTIONS[0]:
        asked["direction"] = direction
    return View(row, rows, width, scheme, direction, f"{source}?{urlencode(asked)}")


def told() -> dict[str, str]:
    """Of a frame's address: what the script in the frame is to do about theme and direction."""
    choices = {"scheme": SCHEMES, "direction": DIRECTIONS}
    asked = {name: request.args.get(name, "") for name in choices}
    return {name: value for name, value in asked.items() if value in choices[name]}


def _chosen(name: str, choices: tuple[str, ...]) -> str:
    asked = request.args.get(name, "")
    return asked if asked in choices else choices[0]


def row_asked(rows: int) -> int:
    """From 1; what cannot be read is the first one."""
    asked = request.args.get("row", "")
    number = int(asked) if asked.isdecimal() and len(asked) <= _ROW_DIGITS_MAX else 1
    return max(1, min(number, rows))
