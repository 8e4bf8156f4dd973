"""Who may work on which batch, with the facts that the question needs."""

from dataclasses import dataclass

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import WorkerId

from matching_service.application.ports import Reader
from matching_service.domain.batches import Batch, explain
from matching_service.domain.pseudonyms import pseudonym_of
from matching_service.domain.requirements import Asker, Reason, WorkerProfile, turns_left


@dataclass(frozen=True)
class Turns:
    """Names of the turns that a claim of a capped batch takes; each is taken by at most one claim
    (a unique index), so that a cap holds however many claims come at the same moment.
    """

    whole: str | None = None
    today: str | None = None


class Eligibility:
    """Reads no more than the batch asks about."""

    def __init__(self, *, reader: Reader, clock: Clock, pseudonym_key: bytes) -> None:
        self._reader = reader
        self._clock = clock
        self._pseudonym_key = pseudonym_key

    def reasons(
        self, batch: Batch, worker_id: WorkerId, profile: WorkerProfile, device: str | None = None
    ) -> list[Reason]:
        """Why this worker may not be given work of the batch; none where he may."""
        return explain(batch, self._asker(batch, worker_id, profile, device))

    def turns(self, batch: Batch, worker_id: WorkerId) -> Turns | None:
        """Free turns of a capped batch; None where none is left. An uncapped one needs none."""
        total = batch.requirements.answers_per_worker_max
        daily = batch.requirements.answers_per_worker_a_day_max
        whole, today = f"{batch.batch_id}:{worker_id}", self._of_today(batch, worker_id)
        free_whole = total and self._free(whole, total)
        free_today = daily and self._free(today, daily)
        if free_whole == "" or free_today == "":
            return None
        return Turns(free_whole or None, free_today or None)

    def _free(self, name: str, count_max: int) -> str:
        left = turns_left(self._reader.assignments.turns_taken(name), count_max)
        return f"{name}:{left[0]}" if left else ""

    def _asker(
        self, batch: Batch, worker_id: WorkerId, profile: WorkerProfile, device: str | None
    ) -> Asker:
        asked, taken = batch.requirements, self._reader.assignments.turns_taken
        name = f"{batch.batch_id}:{worker_id}"
        return Asker(
            profile=profile,
            now=self._clock.now(),
            device=device,
            pseudonym=pseudonym_of(self._pseudonym_key, batch.requester_id, worker_id)
            if asked.names_workers
            else None,
            given_count=len(taken(name)) if asked.answers_per_worker_max else 0,
            given_today_count=len(taken(self._of_today(batch, worker_id)))
            if asked.answers_per_worker_a_day_max
            else 0,
        )

    def _of_today(self, batch: Batch, worker_id: WorkerId) -> str:
        return f"{batch.batch_id}:{worker_id}:{self._clock.now():%Y-%m-%d}"
