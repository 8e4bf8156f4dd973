"""Cases: `template.html`, `input.csv` and `expected_answers.csv` of a folder each."""

import csv
import io
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "Answer."
_ROW = "input_row"
# Input cells hold whole documents.
csv.field_size_limit(min(sys.maxsize, 10_000_000))


@dataclass(frozen=True)
class Recorded:
    """What one worker answered to one row (counted from 0), as the recording has it."""

    row: int
    fields: dict[str, str]


@dataclass(frozen=True)
class Case:
    name: str
    template: str
    table: bytes
    rows: list[dict[str, str]]
    recorded: list[Recorded]


def read_cases(
    folder: Path, *, skip: int = 0, limit: int = 0, only: Collection[str] = ()
) -> Iterator[Case]:
    """The case folders below `folder` in the order of their names: without the first `skip`, at
    most `limit` (0: all), and only those whose name begins with one of `only`, where it has any.
    """
    folders = sorted(path.parent for path in folder.glob("*/template.html"))
    if only:
        folders = [path for path in folders if path.name.startswith(tuple(only))]
    for path in folders[skip : skip + limit if limit else None]:
        yield _read_case(path)


def _read_case(folder: Path) -> Case:
    table = (folder / "input.csv").read_bytes()
    answers = (folder / "expected_answers.csv").read_bytes()
    return Case(
        name=folder.name,
        template=(folder / "template.html").read_bytes().decode("utf-8-sig"),
        table=table,
        rows=_dicts(table),
        recorded=[_recorded(line) for line in _dicts(answers)],
    )


def _dicts(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def _recorded(line: dict[str, str]) -> Recorded:
    fields = {
        name.removeprefix(_PREFIX): "" if value == "{}" else value
        for name, value in line.items()
        if name.startswith(_PREFIX)
    }
    return Recorded(int(line[_ROW]), fields)
