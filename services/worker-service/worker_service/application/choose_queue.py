"""A worker hides, watches, and has a filter remembered: what the queue shows this worker."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, RequesterId, WorkerId

from worker_service.application.ports import Readers, Session, Store
from worker_service.domain.queue_choices import QueueChoices, QuietHours, Watch


class ChooseQueue:
    """Each change is one small transaction; making it again changes nothing."""

    def __init__(self, store: Store[Session], readers: Readers, clock: Clock) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock

    def get(self, worker_id: WorkerId) -> QueueChoices:
        return self._readers.choices.get(worker_id)

    def remember(self, worker_id: WorkerId, asked: Mapping[str, str]) -> None:
        """The filter to come back to; none where `asked` is empty."""
        if dict(self.get(worker_id).filter) != dict(asked):
            self._change(worker_id, lambda before: replace(before, filter=dict(asked)))

    def hide_batch(self, worker_id: WorkerId, batch_id: BatchId) -> str:
        """Returns the batch's title. Raises NotFound."""
        card = self._readers.batches.get(batch_id)
        if card is None or card.terms is None:
            raise NotFound("There is no such batch", batch_id=batch_id)
        title = card.terms.title
        self._change(worker_id, lambda before: before.hiding_batch(batch_id, title))
        return title

    def hide_requester(self, worker_id: WorkerId, requester_id: RequesterId) -> str:
        """Returns the requester's name. Raises NotFound."""
        name = self._name_of(requester_id)
        self._change(worker_id, lambda before: before.hiding_requester(requester_id, name))
        return name

    def show(self, worker_id: WorkerId, hidden_id: str) -> None:
        """A batch or a requester again."""
        self._change(worker_id, lambda before: before.showing(hidden_id))

    def watch_requester(self, worker_id: WorkerId, requester_id: RequesterId) -> None:
        """Raises NotFound, InvalidInput."""
        watch = Watch(requester_id=requester_id, name=self._name_of(requester_id))
        self._change(worker_id, lambda before: before.watching(watch))

    def watch_words(self, worker_id: WorkerId, words: str) -> None:
        """Raises InvalidInput."""
        watch = Watch(words=" ".join(words.split()))
        self._change(worker_id, lambda before: before.watching(watch))

    def stop_watching(self, worker_id: WorkerId, key: str) -> None:
        self._change(worker_id, lambda before: before.not_watching(key))

    def set_alerts(self, worker_id: WorkerId, *, sound: bool, quiet: QuietHours) -> None:
        self._change(worker_id, lambda before: replace(before, sound=sound, quiet=quiet))

    def looked(self, worker_id: WorkerId) -> None:
        """The worker has seen what the watches found up to now."""
        now = self._clock.now()
        self._change(worker_id, lambda before: replace(before, seen_at=now))

    def _name_of(self, requester_id: RequesterId) -> str:
        name = self._readers.batches.requester_name(requester_id)
        if name is None:
            raise NotFound("There is no such requester", requester_id=requester_id)
        return name

    def _change(self, worker_id: WorkerId, changed: Callable[[QueueChoices], QueueChoices]) -> None:
        def work(session: Session) -> None:
            before = session.choices.get(worker_id)
            after = changed(before)
            if after != before:
                session.choices.put(after)

        self._store.run(work)
