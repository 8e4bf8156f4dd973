"""Whether a worker's next item of a batch is to be one whose answer is known."""

import random
from dataclasses import dataclass

from crowdloom.kernel.ids import WorkerId

from matching_service.application.ports import Reader, Session
from matching_service.domain.batches import Batch
from matching_service.domain.errors import Overtaken
from matching_service.domain.known_items import Tally


@dataclass(frozen=True)
class Turn:
    """One claim's place in the schedule of its worker."""

    project: str
    worker_id: WorkerId
    tally: Tally
    wanted: bool

    def note(self, session: Session, *, known: bool) -> None:
        """In the claim's transaction. Raises Overtaken where another claim had this place."""
        after = self.tally.counting(wanted=self.wanted, known=known)
        if not session.tallies.put(self.project, self.worker_id, after, given=self.tally.given):
            raise Overtaken


class ScheduleKnown:
    def __init__(self, *, reader: Reader, randomness: random.Random) -> None:
        self._reader = reader
        self._random = randomness

    def __call__(self, batch: Batch, worker_id: WorkerId) -> Turn | None:
        """None for a batch of which nothing is known: its claims cost no read and no write more."""
        if not batch.known_count:
            return None
        tally = self._reader.tallies.get(batch.project, worker_id)
        return Turn(batch.project, worker_id, tally, tally.wants_known(self._random))
