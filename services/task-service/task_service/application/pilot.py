"""A pilot: a draft's first rows go out alone, the rest waits until their answers were looked at."""

from crowdloom.kernel import IdFactory

from task_service.application.batches import Batches
from task_service.application.ports import Reader, Session, Store
from task_service.domain.batches import AddedTable, Addition, AdditionStatus, Batch, BatchStatus
from task_service.domain.errors import NothingToPublish, WrongBatchStatus

PILOT_TASKS = 10


class Pilots:
    """The rows that wait are an addition like any other: asked for, they join the same batch, so
    that there is one set of results and one whole to merge.
    """

    def __init__(self, *, store: Store, reader: Reader, batches: Batches, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._batches = batches
        self._ids = ids

    def pilot(self, batch: Batch) -> Batch:
        """Publish a draft's first PILOT_TASKS rows. A draft whose rest waits already is published
        as it is. Raises WrongBatchStatus, NothingToPublish where there are no more rows than that.
        """
        batch.check_status(BatchStatus.DRAFT)
        if batch.addition is not None:
            return self._batches.publish(batch)
        if batch.table_id is None or batch.task_count <= PILOT_TASKS:
            raise NothingToPublish(
                "A pilot needs more than %(count_min)s rows", count_min=PILOT_TASKS
            )
        return self._batches.publish(self._hold_back(batch, batch.table_id))

    def _hold_back(self, batch: Batch, table_id: str) -> Batch:
        """The rows beyond the pilot's move to a table of their own, and count there."""
        tasks = self._reader.tasks
        rest = (task.cells for task in tasks.all(table_id) if task.number > PILOT_TASKS)
        waiting_id = self._ids.new("request")
        waiting = AddedTable(waiting_id, tasks.add(waiting_id, rest), held_back=True)
        terms = batch.terms
        addition = Addition(
            AdditionStatus.DRAFT,
            version=1,
            redundancy=terms.redundancy,
            reward=terms.reward,
            fee=terms.fee,
            tables=(waiting,),
        )

        def work(session: Session) -> bool:
            return session.batches.hold_back(batch, PILOT_TASKS, addition)

        if not self._store.run(work):
            tasks.forget(waiting_id)
            raise WrongBatchStatus("The batch changed meanwhile; look at it and try again")
        tasks.forget(table_id, after=PILOT_TASKS)
        return self._batches.get(batch.requester_id, batch.batch_id)
