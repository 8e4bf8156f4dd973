"""A next step: a draft whose rows are what the answers of a batch say."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from task_service.application.batches import Batches
from task_service.application.ports import Reader
from task_service.application.results import Results
from task_service.application.source_ports import Source
from task_service.domain.batches import Batch
from task_service.domain.consensus import joined, majority
from task_service.domain.known_answers import PREFIX, shown_inputs
from task_service.domain.projects import Project
from task_service.domain.submissions import Submission
from task_service.domain.tables import Table, checked_table

CANDIDATES_MAX = 9
_FIRST_ROW = 2


@dataclass(frozen=True)
class NextStep:
    """`missing` are rows without an answer, `contested` those where two values have as many."""

    draft: Batch
    missing: int
    contested: int


class ChainBatch:
    """Transcribe, then proofread, then vote: each step has its own project and its own answers. The
    whole that the first step's rows are pieces of stays the whole of every later one.
    """

    def __init__(self, *, reader: Reader, results: Results, batches: Batches) -> None:
        self._reader = reader
        self._results = results
        self._batches = batches

    def __call__(self, batch: Batch, project: Project) -> NextStep:
        """A draft of `project` with the batch's terms. Its columns are the batch's own, then for
        each field `answer.<field>` with what most say, and `answer.<field>.1` and on with each
        different answer. Where the template needs one column that is not there and the answers have
        one field, that gets its name. Raises FaultyRows where the template needs more.
        """
        fields = self._reader.submissions.answer_fields(batch.batch_id)
        rows, missing, contested = [], 0, 0
        for cells, submissions in self._answered(batch):
            found = majority(one.answer for one in submissions)
            missing += not found
            contested += any(one.tied for one in found.values())
            row = list(cells)
            for name in fields:
                row.append(found[name].value if name in found else "")
                row += _candidates(submissions, name, _candidate_count(batch))
            rows.append(tuple(row))
        columns = _columns(batch, fields, project)
        table = checked_table(
            columns, list(enumerate(rows, start=_FIRST_ROW)), needed=project.columns
        )
        return NextStep(self._draft(batch, project, table), missing, contested)

    def _answered(self, batch: Batch) -> Iterator[tuple[Sequence[str], list[Submission]]]:
        for task, submissions in self._results.by_task(batch):
            yield (
                list(shown_inputs(batch.columns, task.cells).values()),
                [one for one in submissions if one.counts],
            )

    def _draft(self, batch: Batch, project: Project, table: Table) -> Batch:
        draft = self._batches.draft(
            project,
            title=None,
            redundancy=batch.terms.redundancy,
            reward=batch.terms.reward,
            lease_seconds=batch.terms.lease_seconds,
            auto_accept_seconds=batch.terms.auto_accept_seconds,
            wanted_seconds=batch.terms.wanted_seconds,
        )
        return self._batches.set_table(draft, table, source_of=self._same_whole(batch))

    def _same_whole(self, batch: Batch) -> Callable[[str], Source] | None:
        source = self._reader.sources.get(batch.table_id or "")
        if source is None:
            return None
        return lambda table_id: replace(source, table_id=table_id)


def _columns(batch: Batch, fields: Sequence[str], project: Project) -> tuple[str, ...]:
    # What is known of an answer to this form says nothing about an answer to the next one.
    columns = [name for name in batch.columns if not name.startswith(PREFIX)]
    first_answer = len(columns)
    for name in fields:
        columns.append(f"answer.{name}")
        columns += [f"answer.{name}.{number}" for number in range(1, _candidate_count(batch) + 1)]
    lacking = [name for name in project.columns if name not in columns]
    if len(lacking) == 1 and len(fields) == 1:
        columns[first_answer] = lacking[0]
    return tuple(columns)


def _candidate_count(batch: Batch) -> int:
    return min(batch.terms.redundancy, CANDIDATES_MAX)


def _candidates(submissions: Sequence[Submission], name: str, room: int) -> list[str]:
    """Each different answer once, in the order they came; empty cells where there are fewer."""
    given = dict.fromkeys(
        value for one in submissions if (value := joined(one.answer).get(name)) is not None
    )
    return [*list(given)[:room], *[""] * (room - len(given))]
