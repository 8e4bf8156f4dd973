"""In which order batches are tried for a worker, and what is kept of the choice."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from crowdloom.chassis.kept import Kept
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.ids import WorkerId

from matching_service.application.eligibility import Eligibility
from matching_service.application.open_work import OpenWork
from matching_service.application.ports import Decision, Option, Reader, UnmetAsk
from matching_service.domain.batches import Batch
from matching_service.domain.policy import Parts, parts_of
from matching_service.domain.requirements import WorkerProfile

SHORT_LIST_MAX = 16
_SAMPLED_EVERY = timedelta(seconds=1)
_REASONS_KEPT_MAX = 8
_NOTED_EVERY = 10
"""As often as anything else is read again, times this."""
_NOTED_MAX = 20_000


class ChooseBatch:
    """A claim looks at the first batches of a ranking made at most a second ago, so that what it
    costs does not grow with the batches that are open.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        work: OpenWork,
        eligibility: Eligibility,
        clock: Clock,
        ids: IdFactory,
        randomness: random.Random,
        kept: timedelta,
    ) -> None:
        self._reader = reader
        self._work = work
        self._eligibility = eligibility
        self._clock = clock
        self._ids = ids
        self._chance = randomness
        self._sampled_at: datetime | None = None
        # Whoever asks and asks is noted now and then, not each time.
        self._noted: Kept[WorkerId, None] = Kept(
            clock=clock, age_max=kept * _NOTED_EVERY, count_max=_NOTED_MAX
        )

    def __call__(
        self, worker_id: WorkerId, batch: Batch | None, device: str | None
    ) -> Iterator[Batch]:
        """The batch he asks for, or those that fit, the best first."""
        profile = self._work.profile(worker_id)
        if batch is not None:
            if not self._eligibility.reasons(batch, worker_id, profile, device):
                yield batch
            return
        fitting: list[Batch] = []
        for one in self._work.ranked():
            if not self._eligibility.reasons(one, worker_id, profile, device):
                fitting.append(one)
            if len(fitting) == SHORT_LIST_MAX:
                yield from self._ordered(fitting, profile)
                fitting = []
        yield from self._ordered(fitting, profile)

    def note_nothing(self, worker_id: WorkerId, batch: Batch | None, device: str | None) -> None:
        """Keep why somebody was given nothing, for operators who ask why workers are idle."""
        self._noted.get(worker_id, lambda: self._note(worker_id, batch, device))

    def _note(self, worker_id: WorkerId, batch: Batch | None, device: str | None) -> None:
        profile = self._work.profile(worker_id)
        looked_at = [batch] if batch else self._work.ranked()[:SHORT_LIST_MAX]
        reasons = {
            one.batch_id: found[0].code
            for one in looked_at
            if (found := self._eligibility.reasons(one, worker_id, profile, device))
        }
        kept = dict(sorted(reasons.items())[:_REASONS_KEPT_MAX])
        self._reader.asks.put_unmet(UnmetAsk(worker_id, self._clock.now(), len(looked_at), kept))

    def _ordered(self, fitting: list[Batch], profile: WorkerProfile) -> list[Batch]:
        if len(fitting) < 2:  # noqa: PLR2004 - there is nothing to choose
            return fitting
        now, policy = self._clock.now(), self._work.policy()
        scored = [(parts_of(batch, now, profile), batch) for batch in fitting]
        scored.sort(key=lambda one: (-policy.score(one[0]), self._chance.random()))
        self._sample(now, scored)
        return [batch for _, batch in scored]

    def _sample(self, now: datetime, scored: list[tuple[Parts, Batch]]) -> None:
        """One choice a second is kept, for the dry run of another policy."""
        if self._sampled_at is not None and now - self._sampled_at < _SAMPLED_EVERY:
            return
        self._sampled_at = now
        options = tuple(Option(batch.batch_id, parts) for parts, batch in scored)
        self._reader.asks.put_decision(Decision(self._ids.new("request"), now, options))
