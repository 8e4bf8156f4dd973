"""What a requester knows of workers: figures of their answers, and whom to keep out or to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.kept import Kept
from crowdloom.contracts.task import BatchAudienceChanged
from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import Pseudonym, RequesterId

from task_service.application.ports import Reader, Session, Store
from task_service.domain.batches import BatchStatus
from task_service.domain.requirements import PSEUDONYMS_MAX, excluding, letting_in
from task_service.domain.workers import (
    Standing,
    TooManyStandings,
    WorkerFigures,
    WorkerNote,
    checked_worker_note,
    figures_of,
)

SAMPLE_MAX = 1_000
_BATCHES_TOLD_MAX = 2_000
_KEPT_AGE_MAX = timedelta(seconds=10)
_KEPT_MAX = 100
_OPEN_OR_SOON = (BatchStatus.FUNDING, BatchStatus.OPEN, BatchStatus.PAUSED)


@dataclass(frozen=True)
class KnownWorkers:
    """Of the requester's newest `n` answers; `is_all` where there are no more."""

    n: int
    is_all: bool
    figures: list[WorkerFigures]


class KnowWorkers:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._kept: Kept[RequesterId, KnownWorkers] = Kept(
            clock=clock, age_max=_KEPT_AGE_MAX, count_max=_KEPT_MAX
        )

    def figures(self, requester_id: RequesterId) -> KnownWorkers:
        """As they were some seconds ago: whoever turns the pages of the list, or orders it anew,
        need not have the answers read again.
        """
        return self._kept.get(requester_id, lambda: self._figures(requester_id))

    def _figures(self, requester_id: RequesterId) -> KnownWorkers:
        found = self._reader.submissions.newest_of_requester(
            requester_id, SAMPLE_MAX, self._clock.now()
        )
        return KnownWorkers(len(found), len(found) < SAMPLE_MAX, figures_of(found))

    def notes(self, requester_id: RequesterId) -> Sequence[WorkerNote]:
        """Newest first."""
        return self._reader.worker_notes.of_requester(requester_id)

    def listed(self, requester_id: RequesterId) -> Sequence[Pseudonym]:
        return self._reader.worker_notes.pseudonyms(requester_id, Standing.LISTED)

    def excluded(self, requester_id: RequesterId) -> Sequence[Pseudonym]:
        return self._reader.worker_notes.pseudonyms(requester_id, Standing.EXCLUDED)

    def note(
        self,
        requester_id: RequesterId,
        pseudonym: Pseudonym,
        standing: Standing | None,
        *,
        note: str = "",
    ) -> WorkerNote | None:
        """None takes the standing away; saying again what holds changes nothing. What is open hears
        of who is excluded or let in again. Raises InvalidInput, TooManyStandings, NotFound for
        somebody who never answered this requester.
        """
        words = checked_worker_note(note)

        def work(session: Session) -> WorkerNote | None:
            notes = session.worker_notes
            if session.submissions.newest_of(requester_id, pseudonym) is None:
                raise NotFound("No such worker has answered you", pseudonym=pseudonym)
            known = notes.get(requester_id, pseudonym)
            was_excluded = known is not None and known.standing is Standing.EXCLUDED
            if was_excluded != (standing is Standing.EXCLUDED):
                self._tell_batches(session, requester_id, pseudonym, excluded=not was_excluded)
            if standing is None:
                notes.remove(requester_id, pseudonym)
                return None
            if known is None and notes.count(requester_id) >= PSEUDONYMS_MAX:
                raise TooManyStandings("At most %(count_max)s workers", count_max=PSEUDONYMS_MAX)
            made = WorkerNote(requester_id, pseudonym, standing, words, self._clock.now())
            notes.put(made)
            return made

        return self._store.run(work)

    def _tell_batches(
        self, session: Session, requester_id: RequesterId, pseudonym: Pseudonym, *, excluded: bool
    ) -> None:
        """Whatever is open, or about to be, goes by it from now on."""
        for batch in session.batches.of_requester(requester_id, _BATCHES_TOLD_MAX):
            if batch.status not in _OPEN_OR_SOON:
                continue
            asked = letting_in(batch.requirements, pseudonym)
            if excluded:
                asked = excluding(asked, [pseudonym])
            session.batches.set_requirements(batch.batch_id, asked, status=batch.status)
            session.emit(
                BatchAudienceChanged(
                    batch_id=batch.batch_id,
                    pseudonym=pseudonym,
                    excluded=excluded,
                    changed_at=self._clock.now(),
                )
            )
