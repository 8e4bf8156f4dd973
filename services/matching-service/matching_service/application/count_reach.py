"""How many of those who were here lately a batch fits, for the requester who prepares it.

Only bands leave this module, with edges that are the same for all, and nothing that a requester
hands out himself is counted: he could else ask for what a single worker holds, or nine of his own
and one worker, and learn by the count what else holds for him. See docs/decisions/0036.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from crowdloom.chassis.kept import Kept
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import PREFIXES, WorkerId

from matching_service.application.ports import Reader
from matching_service.domain.requirements import (
    Asker,
    Condition,
    Requirements,
    WorkerProfile,
    unmet,
)

LATELY = timedelta(days=30)
COUNTED_MIN = 10
"""Fewer are not told apart from nobody."""
_CLAIMS_LOOKED_AT_MAX = 20_000
_WORKERS_MAX = 5_000


_EDGES = (COUNTED_MIN, 20, 50, 100, 200, 500, 1_000, 2_000, _WORKERS_MAX)


@dataclass(frozen=True)
class Band:
    """From `least` to `most`; without end at the top."""

    least: int
    most: int | None


@dataclass(frozen=True)
class Reach:
    """`here` lately, and `fitting` of these; None for fewer than COUNTED_MIN."""

    here: Band | None
    fitting: Band | None


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
        """`asked` without pseudonyms and caps: these are of one requester and of one moment. What
        requesters hand out is left out.
        """
        now, asked = self._clock.now(), without_own(asked)
        profiles = self._profiles.get("lately", self._lately)
        fitting = sum(
            next(unmet(asked, language, Asker(profile, now), task_type), None) is None
            for profile in profiles
        )
        return Reach(band_of(len(profiles)), band_of(fitting))

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


def band_of(count: int) -> Band | None:
    """None for fewer than COUNTED_MIN."""
    place = bisect_right(_EDGES, count)
    if not place:
        return None
    return Band(_EDGES[place - 1], _EDGES[place] - 1 if place < len(_EDGES) else None)


def is_own(condition: Condition) -> bool:
    """Whether requesters hand it out, and not the market."""
    return condition.qualification.startswith(f"{PREFIXES['qualification']}_")


def without_own(asked: Requirements) -> Requirements:
    def kept(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
        return tuple(one for one in conditions if not is_own(one))

    return replace(
        asked,
        all_of=kept(asked.all_of),
        any_of=kept(asked.any_of),
        none_of=kept(asked.none_of),
    )
