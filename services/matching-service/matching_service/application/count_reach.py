"""How many of those who were here lately a batch fits, for the requester who prepares it.

Only rounded counts leave this module. A requester hands out qualifications of his own, and could
else ask for one that a single worker holds, and learn by a count of one what else holds for him.
"""

from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.kept import Kept
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import WorkerId

from matching_service.application.ports import Reader
from matching_service.domain.requirements import Asker, Requirements, WorkerProfile, unmet

LATELY = timedelta(days=30)
COUNTED_MIN = 10
"""Fewer are not told apart from nobody."""
_CLAIMS_LOOKED_AT_MAX = 20_000
_WORKERS_MAX = 5_000


@dataclass(frozen=True)
class Reach:
    """Rounded down, None for fewer than COUNTED_MIN: `here` lately, and `fitting` of these."""

    here: int | None
    fitting: int | None

    @property
    def share(self) -> float | None:
        """Of those who were here."""
        return self.fitting / self.here if self.here and self.fitting else None


class CountReach:
    """Reads at most _WORKERS_MAX profiles, and believes them for `kept`."""

    def __init__(self, *, reader: Reader, clock: Clock, kept: timedelta) -> None:
        self._reader = reader
        self._clock = clock
        self._profiles: Kept[str, list[WorkerProfile]] = Kept(
            clock=clock, age_max=kept, count_max=1
        )

    def __call__(
        self, asked: Requirements, language: str | None, task_type: str | None = None
    ) -> Reach:
        """`asked` without pseudonyms and caps: these are of one requester and of one moment."""
        now = self._clock.now()
        profiles = self._profiles.get("lately", self._lately)
        fitting = sum(
            next(unmet(asked, language, Asker(profile, now), task_type), None) is None
            for profile in profiles
        )
        return Reach(rounded(len(profiles)), rounded(fitting))

    def _lately(self) -> list[WorkerProfile]:
        """Of everybody who registered, claimed, or asked for work in vain."""
        since = self._clock.now() - LATELY
        claims = self._reader.assignments.recent(_CLAIMS_LOOKED_AT_MAX)
        in_vain = self._reader.asks.unmet_since(since, _WORKERS_MAX)
        found = dict.fromkeys(one.worker_id for one in claims if one.claimed_at >= since)
        found.update(dict.fromkeys(one.worker_id for one in in_vain))
        found.update(dict.fromkeys(self._reader.workers.registered(since, _WORKERS_MAX)))
        return self._open_profiles(list(found)[:_WORKERS_MAX])

    def _open_profiles(self, worker_ids: list[WorkerId]) -> list[WorkerProfile]:
        known = self._reader.workers.of_ids(worker_ids)
        profiles = (known.get(worker_id, WorkerProfile()) for worker_id in worker_ids)
        return [profile for profile in profiles if not profile.closed]


def rounded(count: int) -> int | None:
    """Down to two digits and a zero at the end; None for fewer than COUNTED_MIN."""
    if count < COUNTED_MIN:
        return None
    step: int = max(10, 10 ** (len(str(count)) - 2))
    return count // step * step
