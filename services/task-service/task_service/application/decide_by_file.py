"""Decisions by an uploaded file: first what it would do, then all of it or nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId, SubmissionId

from task_service.application.overturn_rejection import OverturnRejection
from task_service.application.results import Results
from task_service.application.review_submissions import Decision, ReviewSubmissions
from task_service.application.source_ports import Files
from task_service.domain.batches import Batch
from task_service.domain.decision_files import Mark, Marks, read_marks
from task_service.domain.errors import FaultyRows
from task_service.domain.submissions import SubmissionStatus
from task_service.domain.tables import FAULTS_MAX, RowFault

ReadRows = Callable[[bytes], Iterator[tuple[int, list[str]]]]
"""(a table's file) -> its rows with their lines, the header first; raises FaultyRows."""

_DECIDED_AT_ONCE_MAX = 1_000
_Known = dict[str, tuple[SubmissionId, SubmissionStatus]]


@dataclass
class Plan:
    """What a file would do. `unchanged` are decided so already, `unmarked` stay as they are."""

    accept: list[Decision] = field(default_factory=list)
    reject: list[Decision] = field(default_factory=list)
    overturn: list[SubmissionId] = field(default_factory=list)
    unchanged: int = 0
    unmarked: int = 0
    faults: list[RowFault] = field(default_factory=list)

    def check(self) -> None:
        """Raises FaultyRows."""
        count = len(self.faults)
        if count:
            raise FaultyRows(
                "Faulty rows: %(fault_count)s; nothing was decided",
                faults=[fault.to_wire() for fault in self.faults[:FAULTS_MAX]],
                fault_count=count,
            )


class DecideByFile:
    def __init__(
        self,
        *,
        results: Results,
        review: ReviewSubmissions,
        overturn: OverturnRejection,
        files: Files,
        read_rows: ReadRows,
    ) -> None:
        self._results = results
        self._review = review
        self._overturn = overturn
        self._files = files
        self._read_rows = read_rows

    def plan(self, batch: Batch, content: bytes, *, reopen: bool = True) -> Plan:
        """`reopen`: whether a rejected answer's slot is somebody else's, where the file says
        nothing. Raises FaultyRows where the file is no table, or one of neither form.
        """
        rows = self._read_rows(content)
        columns = [name.strip() for name in next(rows, (1, []))[1]]
        read = read_marks(columns, rows)
        plan = Plan(unmarked=read.unmarked, faults=read.faults)
        known = self._known(batch, read)
        for mark in read.marks:
            fault = _resolve(plan, mark, known, reopen=reopen)
            if fault:
                plan.faults.append(RowFault(mark.line, None, fault))
        plan.faults.sort(key=lambda one: one.line)
        return plan

    def apply(self, requester_id: RequesterId, batch: Batch, plan: Plan) -> None:
        """Raises FaultyRows before anything is decided; AlreadyDecided where an answer was decided
        otherwise since: sending the file again does the rest.
        """
        plan.check()
        decisions = [*plan.accept, *plan.reject]
        for start in range(0, len(decisions), _DECIDED_AT_ONCE_MAX):
            chunk = decisions[start : start + _DECIDED_AT_ONCE_MAX]
            self._review.decide_all(requester_id, batch.batch_id, chunk)
        for submission_id in plan.overturn:
            self._overturn(requester_id, submission_id)

    def keep(self, requester_id: RequesterId, content: bytes) -> str:
        """Keep a file between being shown and being said yes to; `kept` finds it again."""
        return self._files.keep(requester_id, content, "application/octet-stream")

    def kept(self, requester_id: RequesterId, digest: str) -> bytes:
        """Raises NotFound, for somebody else's as well."""
        file = self._files.open(requester_id, digest)
        if file is None:
            raise NotFound("There is no such file", digest=digest)
        return file.read()

    def _known(self, batch: Batch, read: Marks) -> _Known:
        return {
            one.assignment_id if read.by_assignment else one.submission_id: (
                one.submission_id,
                one.status,
            )
            for one in self._results.submissions(batch)
        }


def _resolve(plan: Plan, mark: Mark, known: _Known, *, reopen: bool) -> str | None:
    """Add to the plan what the mark does; returns why it can do nothing."""
    if mark.answer_id not in known:
        return "there is no such answer in this batch"
    submission_id, status = known[mark.answer_id]
    match status, mark.accept:
        case SubmissionStatus.SUBMITTED, True:
            plan.accept.append(Decision(submission_id, accept=True))
        case SubmissionStatus.SUBMITTED, False:
            again = reopen if mark.reopen is None else mark.reopen
            decision = Decision(submission_id, accept=False, reason=mark.reason, reopen=again)
            plan.reject.append(decision)
        case (SubmissionStatus.ACCEPTED, True) | (SubmissionStatus.REJECTED, False):
            plan.unchanged += 1
        case SubmissionStatus.ACCEPTED, False:
            return "it was accepted before"
        case SubmissionStatus.REJECTED, True if mark.reason:
            return "it was rejected before: empty the reason to overturn that"
        case SubmissionStatus.REJECTED, True:
            plan.overturn.append(submission_id)
        case _:
            return "it was sent back to its worker"
    return None


def signature(plan: Plan) -> Sequence[int]:
    """What was shown, to see whether it is still so."""
    return [len(plan.accept), len(plan.reject), len(plan.overturn), plan.unchanged, plan.unmarked]
