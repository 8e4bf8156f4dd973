"""How an upload is to be read and split, as it stands in an address; and rows as mended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from crowdloom.kernel.errors import InvalidInput
from crowdloom.ui.formats import number_text
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from task_service.domain.mending import Mends, RawTable
from task_service.domain.splitting.pieces import Wish
from task_service.domain.splitting.wishes import KINDS, parse_wish
from task_service.domain.uploads import usual_split

NAME_CHARACTERS_MAX = 200
ENCODINGS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "windows-1252",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1256",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_kr",
)
_SIZED = ("paragraph", "sentence", "words", "rows", "tile", "seconds")
_OVERLAPPING = ("words", "tile", "seconds")
_CELL = re.compile(r"cell-(\d{1,7})-(\d{1,3})")


@dataclass(frozen=True)
class Reading:
    """A wish with the name of the file; `errors` says what to mend, by field."""

    name: str
    wish: Wish
    errors: Mapping[str, str]

    @property
    def query(self) -> str:
        """As an address carries it."""
        wish = self.wish
        parts = {
            "name": self.name,
            "by": wish.kind,
            "size": wish.size,
            "overlap": wish.overlap if wish.kind in _OVERLAPPING else None,
            "language": wish.language if wish.kind == "sentence" else None,
            "encoding": wish.encoding,
            "delimiter": wish.delimiter,
        }
        return urlencode({name: value for name, value in parts.items() if value is not None})

    @property
    def sized(self) -> bool:
        return self.wish.kind in _SIZED

    @property
    def overlapping(self) -> bool:
        return self.wish.kind in _OVERLAPPING


def usual_reading(content: bytes, name: str) -> Reading:
    """For a file about which nothing was said yet."""
    return Reading(name[:NAME_CHARACTERS_MAX], parse_wish(usual_split(content, name)), {})


def read_reading(sent: Mapping[str, str], content: bytes) -> Reading:
    """What cannot be read counts as the kind's default, and is told of. A size that was chosen
    for another kind of piece does not count.
    """
    name = sent.get("name", "")[:NAME_CHARACTERS_MAX]
    kind = sent.get("by") or usual_split(content, name)
    kind = kind if kind in KINDS else usual_split(content, name)
    same = sent.get("was", kind) == kind
    size, overlap = (sent.get(field, "").strip() if same else "" for field in ("size", "overlap"))
    options: dict[str, Any] = {
        "language": sent.get("language") or "en",
        "encoding": sent.get("encoding") or None,
        "delimiter": _delimiter(sent.get("delimiter", "")),
    }
    try:
        by = f"{kind}:{size}" if size else kind
        # Digits of any script are numbers; anything else is refused as out of bounds.
        shared = (int(overlap) if overlap.isdecimal() else -1) if overlap else None
        return Reading(name, parse_wish(by, overlap=shared, **options), {})
    except InvalidInput as refusal:
        return Reading(name, parse_wish(kind, **options), _errors(refusal, kind))


def _errors(refusal: InvalidInput, kind: str) -> dict[str, str]:
    bounds = KINDS[kind]
    if "overlap" in str(refusal.facts["errors"]):
        return {
            "overlap": _(
                "Write a whole number from 0 to %(high)s.", high=number_text(bounds.overlap_max)
            ),
        }
    return {
        "size": _("Write a whole number from 1 to %(high)s.", high=number_text(bounds.size_max))
    }


def _delimiter(sent: str) -> str | None:
    """The csv module takes a single character; the form offers no other."""
    return sent if len(sent) == 1 and sent not in '\r\n"\0' else None


def read_mends(sent: MultiDict[str, str], table: RawTable) -> Mends:
    """Of the fields that a form has for every faulty row; lines that are not there are ignored."""
    before = {row.line: row for row in (table.header, *table.rows)}
    written: dict[int, dict[int, str]] = {}
    for name, value in sent.items():
        found = _CELL.fullmatch(name)
        if found and int(found[1]) in before:
            written.setdefault(int(found[1]), {})[int(found[2])] = value
    cells = {
        line: _cells(before[line].cells, changed, value_count=len(table.header.cells))
        for line, changed in written.items()
    }
    return Mends(
        cells,
        filled={int(line) for line in sent.getlist("fill") if line.isdecimal()},
        skipped={int(line) for line in sent.getlist("skip") if line.isdecimal()},
    )


def _cells(before: tuple[str, ...], changed: Mapping[int, str], *, value_count: int) -> list[str]:
    width = max(len(before), value_count)
    padded = [*before, *[""] * (width - len(before))]
    return [_typed(old, changed.get(place, old)) for place, old in enumerate(padded)]


def _typed(old: str, new: str) -> str:
    """Browsers send every line end as CR LF: a cell that was only shown stays as it was."""
    plain = new.replace("\r\n", "\n")
    return old if plain == old.replace("\r\n", "\n").replace("\r", "\n") else plain
