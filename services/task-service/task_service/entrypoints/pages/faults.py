"""Faulty rows in the reader's language: the domain says them in English, as the API does."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdloom.ui.formats import number_text
from flask_babel import gettext as _

from task_service.domain.errors import FaultyRows

SHOWN_MAX = 100


@dataclass(frozen=True)
class Fault:
    line: int
    column: str | None
    reason: str


@dataclass(frozen=True)
class Faults:
    """The first of them, and how many there are."""

    shown: tuple[Fault, ...]
    count: int


def faults_of(refusal: FaultyRows) -> Faults:
    facts: Mapping[str, Any] = refusal.facts
    return Faults(faults_told(facts["faults"]), facts["fault_count"])


def faults_told(rows: Sequence[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """The first of them, in the reader's language."""
    return tuple(
        Fault(row["line"], row["column"], worded(row["reason"])) for row in rows[:SHOWN_MAX]
    )


def worded(reason: str) -> str:
    """In the reader's language, as far as there are words for it."""
    for pattern, words in _WORDS:
        found = re.fullmatch(pattern, reason, re.DOTALL)
        if found:
            return words(found)
    return reason


def _cells(found: int, expected: int) -> str:
    counts = {"found": number_text(found), "expected": number_text(expected)}
    if found > expected:
        words = _("%(found)s cells where the header has %(expected)s: an unquoted comma?", **counts)
    else:
        words = _("%(found)s cells where the header has %(expected)s: one is missing", **counts)
    return str(words)


_WORDS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (
        r"not a table: its rows are to follow .*",
        lambda _found: _("Not a table: its rows are to follow those of the batch"),
    ),
    (r"the file is larger than (.+)", lambda m: _("The file is larger than %(size)s", size=m[1])),
    (
        r"not UTF-8 \(byte (\w+)\).*",
        lambda m: _(
            "Not UTF-8 (byte %(byte)s): save the file as “CSV UTF-8” and try again", byte=m[1]
        ),
    ),
    (
        r"not (\S+) \(byte (\w+)\): save the file as UTF-8.*",
        lambda m: _(
            "Not %(name)s (byte %(byte)s): save the file as UTF-8, or say which encoding it has",
            name=m[1],
            byte=m[2],
        ),
    ),
    (
        r"contains (?:a NUL byte|many NUL bytes): .*",
        lambda _m: _("Contains a NUL byte: this is not a text file"),
    ),
    (
        r"this is .+; splitting by .+",
        lambda _m: _(
            "A file of this kind cannot be split so: choose a table (CSV, TSV, JSONL, XLSX), a "
            "text, a PDF, an image, a recording or a ZIP of files"
        ),
    ),
    (
        r"the file has no words.*",
        lambda _m: _("The file has no words: choose one with text in it"),
    ),
    (
        r"the PDF is locked.*",
        lambda _m: _("The PDF is locked with a password: save it without one and choose it again"),
    ),
    (
        r"not a PDF that can be read.*|the page cannot be read.*",
        lambda _m: _("The PDF cannot be read: save or print it anew"),
    ),
    (
        r"not an image that can be read.*",
        lambda _m: _("The image cannot be read: save it as PNG or JPEG"),
    ),
    (
        r"not a recording that can be read.*|a recording of kind .*",
        lambda _m: _("The recording cannot be read: use WAV, FLAC, MP3 or OGG"),
    ),
    (
        r"not a workbook that can be read.*",
        lambda _m: _("The workbook cannot be read: save it as CSV UTF-8"),
    ),
    (
        r"not a ZIP file that can be read.*",
        lambda _m: _("The ZIP file cannot be read: pack it anew"),
    ),
    (
        r"the ZIP file has a password.*",
        lambda _m: _("The ZIP file has a password: pack it without one"),
    ),
    (
        r"the (?:ZIP file|workbook) unpacks to more than ([^:]+):.*",
        lambda m: _("The file unpacks to more than %(size)s: make several of it", size=m[1]),
    ),
    (
        r"the name (.+) leads out of the archive.*",
        lambda m: _("The name %(name)s leads out of the ZIP file: pack it anew", name=m[1]),
    ),
    (
        r"(.+) is .+: put images, recordings and PDFs .*",
        lambda m: _(
            "%(name)s is no image, recording or PDF, or is too large: take it out of the ZIP file",
            name=m[1],
        ),
    ),
    (
        r"there is no image, recording or PDF in.*",
        lambda _m: _("There is no image, recording or PDF in the ZIP file"),
    ),
    (
        r"tiles have sides of at least (\d+).*",
        lambda m: _(
            "Tiles have sides of at least %(count)s pixels and share at most half of them",
            count=m[1],
        ),
    ),
    (
        r"not JSON|not an object of column names and texts",
        lambda _m: _("Not a JSON object of column names and texts"),
    ),
    (r"not a text", lambda _m: _("Not a text")),
    (r"is missing", lambda _m: _("Is missing")),
    (r"a quote is opened and never closed", lambda _m: _("A quote is opened and never closed")),
    (r"not a table: (.+)", lambda m: _("Not a table: %(problem)s", problem=m[1])),
    (
        r"the file is empty.*",
        lambda _m: _("The file is empty: its first line names the columns"),
    ),
    (
        r"there is a header and no row below it",
        lambda _m: _("There is a header and no row below it"),
    ),
    (r"this column is there twice", lambda _m: _("This column is there twice")),
    (r"column (\d+) has no name", lambda m: _("Column %(number)s has no name", number=m[1])),
    (
        r"the template needs this column.*",
        lambda _m: _("The template needs this column, and the file has none of that name"),
    ),
    (r"more than ([\d,]+) columns", lambda m: _("More than %(count)s columns", count=m[1])),
    (r"more than ([\d,]+) rows", lambda m: _("More than %(count)s rows", count=m[1])),
    (
        r"more than ([\d,]+) rows: .*",
        lambda m: _("More than %(count)s rows: make several files of it", count=m[1]),
    ),
    (
        r"more than ([\d,]+) lines: .*",
        lambda m: _("More than %(count)s lines: make several files of it", count=m[1]),
    ),
    (
        r"more than ([\d,]+) cells: .*",
        lambda m: _("More than %(count)s cells: make several files of it", count=m[1]),
    ),
    (
        r"more than ([\d,]+) objects and lists: .*",
        lambda m: _("More than %(count)s objects and lists: make several files of it", count=m[1]),
    ),
    (
        r"the table is longer than ([^:]+): .*",
        lambda m: _("The table is longer than %(size)s: make several of it", size=m[1]),
    ),
    (r"(\d+) cells where the header has (\d+)", lambda m: _cells(int(m[1]), int(m[2]))),
    (r"contains a NUL byte", lambda _m: _("Contains a NUL byte")),
    (r"contains half of a character", lambda _m: _("Contains half of a character")),
    (
        r"longer than ([\d,]+) characters",
        lambda m: _("Longer than %(count)s characters", count=m[1]),
    ),
)
