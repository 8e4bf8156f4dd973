"""A requester says what the right answer to a row is: answers to it are scored from then on."""

from collections.abc import Collection, Sequence
from itertools import chain

from crowdloom.contracts.task import TasksMarked
from crowdloom.kernel.answer_keys import AnswerKey
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import TaskId
from crowdloom.kernel.limits import ROW_CHARACTERS_MAX

from task_service.application.ports import Reader, Session, Store, Task
from task_service.domain.batches import Batch, BatchStatus
from task_service.domain.known_answers import answer_key, is_asked

OPEN_TO_MARKS = (BatchStatus.DRAFT, BatchStatus.FUNDING, BatchStatus.OPEN, BatchStatus.PAUSED)


class MarkKnown:
    def __init__(self, *, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    def key_of(self, batch: Batch, number: int) -> AnswerKey:
        """What is known of row `number`, empty where nothing is. Raises NotFound."""
        task = self._task(batch, number)
        return answer_key(
            batch.columns, task.cells, self._reader.known_answers.get(batch.batch_id, number)
        )

    def __call__(
        self, batch: Batch, number: int, key: AnswerKey, *, fields: Collection[str]
    ) -> AnswerKey:
        """An empty key takes the marks away; a `gold:` column of the table stays. Answers that came
        before are not scored, nor perhaps those of the first seconds after a batch's first mark
        (AnswerTask remembers batches so long). `fields` are those that the form asks, empty where
        nobody can say.

        Raises WrongBatchStatus for a batch that is over, NotFound, InvalidInput.
        """
        batch.check_status(*OPEN_TO_MARKS)
        strange = [name for name in key if not is_asked(name, fields)]
        if strange:
            errors = {f"answer_key.{name}": ["The form asks no such field."] for name in strange}
            raise InvalidInput("The form asks no such field", errors=errors)
        if sum(map(len, (*key, *chain.from_iterable(key.values())))) > ROW_CHARACTERS_MAX:
            sentence = f"At most {ROW_CHARACTERS_MAX} characters in all."
            raise InvalidInput("The known answer is too long", errors={"answer_key": [sentence]})
        task = self._task(batch, number)
        known = bool(answer_key(batch.columns, task.cells, key))

        def work(session: Session) -> None:
            session.known_answers.put(batch.batch_id, number, key)
            session.batches.note_marks(batch.batch_id)
            # A draft's marks are told of as its tasks are released.
            if batch.status is not BatchStatus.DRAFT:
                session.emit(TasksMarked(batch.batch_id, (task.task_id,), known))

        self._store.run(work)
        return self.key_of(batch, number)

    def _task(self, batch: Batch, number: int) -> Task:
        inside = batch.table_id is not None and 1 <= number <= batch.task_count
        found = (
            self._reader.tasks.page(batch.table_id or "", after=number - 1, count_max=1)
            if inside
            else []
        )
        if not found:
            raise NotFound("There is no such row", number=number)
        return found[0]


def known_tasks(reader: Reader, batch: Batch, task_ids: Sequence[TaskId]) -> list[TaskId]:
    """Those of a chunk of the batch, whose rows follow each other, whose answer is known."""
    first = reader.tasks.get(task_ids[0]) if batch.has_known and task_ids else None
    if first is None:
        return []
    marked = reader.known_answers.numbers(batch.batch_id)
    tasks = reader.tasks.page(batch.table_id or "", after=first.number - 1, count_max=len(task_ids))
    return [
        task.task_id
        for task in tasks
        if task.number in marked or answer_key(batch.columns, task.cells)
    ]
