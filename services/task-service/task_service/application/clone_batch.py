"""A new draft with the terms and the rows of a batch that is there."""

from task_service.application.batches import Batches
from task_service.application.ports import Reader
from task_service.domain.batches import Batch
from task_service.domain.tables import Table


class CloneBatch:
    """Of a batch in any state. The copy is a draft like any other: nothing of its source's answers,
    funds or reviews comes with it.
    """

    def __init__(self, *, reader: Reader, batches: Batches) -> None:
        self._reader = reader
        self._batches = batches

    def __call__(self, batch: Batch) -> Batch:
        """Raises NotFound where its project is gone."""
        draft = self._batches.draft(
            self._batches.project_of(batch),
            title=batch.title,
            redundancy=batch.terms.redundancy,
            reward=batch.terms.reward,
            lease_seconds=batch.terms.lease_seconds,
            auto_accept_seconds=batch.terms.auto_accept_seconds,
            wanted_seconds=batch.terms.wanted_seconds,
            requirements=batch.requirements,
        )
        if batch.table_id is None:
            return draft
        rows = tuple(task.cells for task in self._reader.tasks.all(batch.table_id))
        filled = self._batches.set_table(draft, Table(batch.columns, rows))
        if not batch.has_marks:
            return filled
        self._reader.known_answers.copy(batch.batch_id, draft.batch_id)
        self._reader.batches.note_marks(draft.batch_id)
        return self._batches.get(draft.requester_id, draft.batch_id)
