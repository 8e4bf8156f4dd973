"""The results file in Mechanical Turk's form, streamed."""

import csv
import io
from collections.abc import Iterator, Sequence

from crowdloom.kernel import Clock

from task_service.application.results import Results
from task_service.domain import mturk_results as mturk
from task_service.domain.batches import Batch
from task_service.domain.projects import Project
from task_service.domain.spreadsheets import defused


class MturkResults:
    """One row an answer; those that were sent back have none, as that market knows no such."""

    def __init__(self, *, results: Results, clock: Clock) -> None:
        self._results = results
        self._clock = clock

    def __call__(self, batch: Batch, project: Project) -> Iterator[str]:
        """Lines of CSV, every cell quoted; cells that a spreadsheet would run are defused."""
        fields = self._results.fields(batch)
        # At once: the rates of workers need every answer read before the first row.
        yield _line(mturk.header(batch.columns, fields))
        survey = mturk.Survey.of(filter(mturk.is_listed, self._results.submissions(batch)))
        now = self._clock.now()
        shared = mturk.batch_cells(batch, project)
        for task, submissions in self._results.by_task(batch):
            for one in filter(mturk.is_listed, submissions):
                own = mturk.answer_cells(one, survey.rates(one.pseudonym, now))
                yield _line(mturk.row({**shared, **own}, task.cells, one, fields))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([defused(cell) for cell in cells])
    return text.getvalue()
