"""Decisions in a file: Mechanical Turk's results file with marks in it, or the tidy form."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crowdloom.kernel.limits import REASON_CHARACTERS_MAX

from task_service.domain import mturk_results as mturk
from task_service.domain.tables import RowFault, refused, row_faults

SUBMISSION, DECISION, REASON, REOPEN = "submission_id", "decision", "reason", "reopen"
_TIDY = (SUBMISSION, DECISION, REASON, REOPEN)
_YES = ("true", "yes", "1")


@dataclass(frozen=True)
class Mark:
    """What one line decides about the answer that `answer_id` names."""

    line: int
    answer_id: str
    accept: bool
    reason: str = ""
    reopen: bool | None = None


@dataclass
class Marks:
    """All lines of a file. `by_assignment`: ids are those of assignments, not of submissions."""

    by_assignment: bool
    marks: list[Mark] = field(default_factory=list)
    unmarked: int = 0
    faults: list[RowFault] = field(default_factory=list)


def read_marks(columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Marks:
    """Raises FaultyRows where the header is of neither form; what is wrong below it is in the
    result.
    """
    theirs = {mturk.ASSIGNMENT, mturk.APPROVE, mturk.REJECT} <= set(columns)
    if not theirs and not {SUBMISSION, DECISION} <= set(columns):
        raise refused([RowFault(1, None, "neither AssignmentId, Approve, Reject, nor decisions")])
    read = (mturk.ASSIGNMENT, mturk.APPROVE, mturk.REJECT) if theirs else _TIDY
    twice = [name for name in read if columns.count(name) > 1]
    if twice:  # one of the two would be left out, with the marks in it
        raise refused([RowFault(1, name, "this column is there twice") for name in twice])
    found = Marks(by_assignment=theirs)
    for line, cells in rows:
        faults = row_faults(line, cells, columns)
        if not faults:
            named = dict(zip(columns, cells, strict=True))
            faults = _take(found, line, named)
        found.faults += faults
    found.faults += _contradictions(found.marks)
    return found


def _take(found: Marks, line: int, named: Mapping[str, str]) -> list[RowFault]:
    """Note what the line decides; returns what is wrong with it."""
    read = _theirs if found.by_assignment else _tidy
    mark = read(line, named)
    if isinstance(mark, RowFault):
        return [mark]
    if mark is None:
        found.unmarked += 1
    elif not mark.accept and not 0 < len(mark.reason) <= REASON_CHARACTERS_MAX:
        column = mturk.REJECT if found.by_assignment else REASON
        limit = f"a reason has 1 to {REASON_CHARACTERS_MAX} characters"
        return [RowFault(line, column, limit)]
    else:
        found.marks.append(mark)
    return []


def _theirs(line: int, named: Mapping[str, str]) -> Mark | RowFault | None:
    approve, reject = named[mturk.APPROVE].strip(), named[mturk.REJECT].strip()
    if approve and reject:
        return RowFault(line, mturk.APPROVE, "both Approve and Reject are filled")
    if approve and approve.lower() != mturk.MARK:
        return RowFault(line, mturk.APPROVE, "write x, or leave it empty")
    if not approve and not reject:
        return None
    return Mark(line, mturk.id_of(named[mturk.ASSIGNMENT]), accept=bool(approve), reason=reject)


def _tidy(line: int, named: Mapping[str, str]) -> Mark | RowFault | None:
    decision = named[DECISION].strip().lower()
    if not decision:
        return None
    if decision not in ("accept", "reject"):
        return RowFault(line, DECISION, "write accept or reject, or leave it empty")
    reopen = named.get(REOPEN, "").strip().lower()
    return Mark(
        line,
        named[SUBMISSION].strip(),
        accept=decision == "accept",
        reason=named.get(REASON, "").strip(),
        reopen=reopen in _YES if reopen else None,
    )


def _contradictions(marks: Sequence[Mark]) -> list[RowFault]:
    first: dict[str, Mark] = {}
    return [
        RowFault(mark.line, None, f"line {first[mark.answer_id].line} decides this answer as well")
        for mark in marks
        if first.setdefault(mark.answer_id, mark) is not mark
    ]
