"""The policy of routing: looked at, tried on the claims of the last hours, and set."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import BatchId, WorkerId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX

from matching_service.application.ports import (
    Decision,
    PolicyChange,
    PolicySetting,
    Reader,
    RecentWork,
    Session,
    Store,
)
from matching_service.domain.batches import Batch
from matching_service.domain.policy import Policy

TRIED_ON_MAX = 500
CLAIMS_TRIED_MAX = 2_000
_CHANGES_SHOWN_MAX = 50


class PolicyChanged(Conflict):
    """Somebody set another policy since this one was looked at."""

    code = "policy_changed"


@dataclass(frozen=True)
class Shift:
    """How often a batch came first under the policy of then, and would under the other."""

    batch_id: BatchId
    batch: Batch | None
    before: int
    after: int


@dataclass(frozen=True)
class Refusals:
    """How many of the last claims, and of the wishes for more time about them, the caps would have
    refused.
    """

    claim_count: int
    refused_claims: int
    wish_count: int
    refused_wishes: int


@dataclass(frozen=True)
class DryRun:
    """`changed_count` of `decision_count` choices would have been other ones."""

    decision_count: int
    changed_count: int
    shifts: list[Shift]
    refusals: Refusals


class SetPolicy:
    """Every change is in the audit log: who, when, from what to what, and why."""

    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def current(self) -> PolicySetting:
        return self._reader.policies.current()

    def changes(self) -> list[PolicyChange]:
        return self._reader.policies.changes(_CHANGES_SHOWN_MAX)

    def try_on(self, weights: Mapping[str, int]) -> DryRun:
        """What this policy would have chosen among several batches, and what its caps would
        have refused. Raises InvalidInput.

        Only the order is tried again: what a choice would have changed for the next one is not.
        """
        policy = replace(self.current().policy, **weights).checked()
        decisions = self._reader.asks.decisions(TRIED_ON_MAX)
        before = Counter(one.options[0].batch_id for one in decisions)
        chosen = [_first(one, policy) for one in decisions]
        after = Counter(chosen)
        changed = sum(
            one.options[0].batch_id != other for one, other in zip(decisions, chosen, strict=True)
        )
        names = sorted({*before, *after}, key=lambda name: -max(before[name], after[name]))
        get = self._reader.batches.get
        shifts = [Shift(name, get(name), before[name], after[name]) for name in names]
        refusals = refusals_of(self._reader.assignments.recent(CLAIMS_TRIED_MAX), policy)
        return DryRun(len(decisions), changed, shifts, refusals)

    def __call__(
        self, staff_id: str, *, weights: Mapping[str, int], version: int, reason: str
    ) -> PolicySetting:
        """Set weights over the policy of `version`. Raises InvalidInput, PolicyChanged."""
        now = self.current()
        policy = replace(now.policy, **weights).checked()
        if not 0 < len(reason.strip()) <= REASON_CHARACTERS_MAX:
            raise InvalidInput("Say why", errors={"reason": ["Say why, for those who ask later."]})
        change = PolicyChange(
            change_id=self._ids.new("request"),
            changed_at=self._clock.now(),
            changed_by=staff_id,
            before=now.policy,
            after=policy,
            reason=reason.strip(),
        )

        def work(session: Session) -> bool:
            if not session.policies.put(policy, version=version):
                return False
            session.policies.add_change(change)
            return True

        if now.version != version or not self._store.run(work):
            raise PolicyChanged("Somebody changed it meanwhile: look at it again", **asdict(policy))
        return self.current()


def refusals_of(recent: Sequence[RecentWork], policy: Policy) -> Refusals:
    """`recent` has the newest first. What is refused is not held beside the next claim; what was
    sent back is nobody's claim, and takes no place.
    """
    claims = [one for one in reversed(recent) if not one.is_rework]
    held: defaultdict[WorkerId, list[RecentWork]] = defaultdict(list)
    refused = 0
    for one in claims:
        still = [
            other
            for other in held[one.worker_id]
            if other.finished_at is None or other.finished_at > one.claimed_at
        ]
        is_refused = len(still) >= policy.held_max
        refused += is_refused
        held[one.worker_id] = still if is_refused else [*still, one]
    return Refusals(
        claim_count=len(claims),
        refused_claims=refused,
        wish_count=sum(one.prolonged_count for one in recent),
        refused_wishes=sum(max(0, one.prolonged_count - policy.extensions_max) for one in recent),
    )


def _first(decision: Decision, policy: Policy) -> BatchId:
    """The one that scores most; of equals the one that was tried first."""
    return max(decision.options, key=lambda option: policy.score(option.parts)).batch_id
