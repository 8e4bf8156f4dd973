"""An account is handed over to its owner as files, or closed by its owner for good."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId

from worker_service.application.ports import Readers, Session, Store
from worker_service.application.talk_ports import TalkAnswer
from worker_service.application.translate import account_closed
from worker_service.domain.appeals import Appeal
from worker_service.domain.qualifications import Held, Record, Tries
from worker_service.domain.queue_choices import QueueChoices
from worker_service.domain.workers import Worker

TALK_MAX = 100_000


@dataclass(frozen=True)
class Belongings:
    """What is kept about a worker, but for the work items, of which there may be many."""

    worker: Worker
    appeals: Sequence[Appeal]
    held: Sequence[Held]
    tries: Sequence[Tries]
    talk: Sequence[TalkAnswer]
    record: Record
    choices: QueueChoices


class ShowBelongings:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, worker_id: WorkerId) -> Belongings:
        """Raises NotFound."""
        worker = self._readers.workers.get(worker_id)
        if worker is None:
            raise NotFound("There is no such worker", worker_id=worker_id)
        return Belongings(
            worker,
            self._readers.appeals.of_worker(worker_id),
            self._readers.held.of_worker(worker_id),
            self._readers.held.tries_of_worker(worker_id),
            self._readers.talk_answers.of_worker(worker_id, TALK_MAX),
            self._readers.records.get(worker_id),
            self._readers.choices.get(worker_id),
        )


class CloseAccount:
    """The key, the languages and whatever else the worker said are deleted. What was done and
    earned stays under the bare id, since others' books refer to it.
    """

    def __init__(self, store: Store[Session], clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __call__(self, worker_id: WorkerId) -> None:
        """Closing what is closed changes nothing."""

        def work(session: Session) -> None:
            if session.workers.remove(worker_id):
                session.held.forget(worker_id)
                session.records.forget(worker_id)
                session.talk_answers.forget(worker_id)
                session.choices.forget(worker_id)
                session.emit(account_closed(worker_id, self._clock.now()))

        self._store.run(work)
