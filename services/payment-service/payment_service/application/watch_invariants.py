"""A job: once a day the invariants are tried on the whole books, and what does not hold becomes an
exception that stays until it holds. Figures of the newest audit are there for alarms.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from crowdloom.chassis.operations import Figure
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock

from payment_service.application.ports import Session
from payment_service.domain.audit import Finding

KIND = "invariant_broken"
_KEY = f"{KIND}:"
_EVERY = timedelta(days=1)
# What did not hold is looked at again sooner: it may have been mended.
_AGAIN = timedelta(hours=1)
# How late events are has alarms of its own, and is no fault of the books.
_NOT_HERE = frozenset({"I14"})
# While money moves, collections are read at slightly different moments: look again.
_LOOKS_MAX = 3
_BROKEN_TOLD = 3


class Audits(Protocol):
    """What was found each day. Blocks."""

    def newest(self) -> Mapping[str, Any] | None: ...

    def keep(self, at: datetime, findings: Sequence[Finding]) -> None:
        """One a day: a second one of the same day takes its place."""
        ...

    def first_booked(self) -> datetime | None:
        """When the oldest entry was booked."""
        ...


class WatchInvariants:
    """Returns how many audits it made. Two processes that audit at once find the same."""

    def __init__(
        self,
        store: Store[Session],
        audits: Audits,
        *,
        audit: Callable[[], Sequence[Finding]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._audits = audits
        self._audit = audit
        self._clock = clock

    def __call__(self) -> int:
        newest = self._audits.newest()
        last = self._audits.first_booked() if newest is None else newest["at"]
        every = _AGAIN if newest is not None and newest["broken"] else _EVERY
        if last is None or self._clock.now() - last < every:
            return 0
        findings = self._settled()
        self._audits.keep(self._clock.now(), findings)
        self._store.run(lambda session: _tell(session, findings))
        return 1

    def _settled(self) -> Sequence[Finding]:
        """What does not hold at any look."""
        findings = [each for each in self._audit() if each.invariant not in _NOT_HERE]
        for _ in range(_LOOKS_MAX - 1):
            if all(each.holds for each in findings):
                break
            again = {each.invariant: each for each in self._audit()}
            findings = [each if each.holds else again[each.invariant] for each in findings]
        return findings

    def figures(self) -> Mapping[str, Figure]:
        """There are none before the first audit: empty is not zero."""
        return {
            "broken_invariants": Figure(
                "How many invariants of the books did not hold at the newest daily audit",
                lambda: self._figure(lambda newest: float(newest["broken"])),
            ),
            "audit_age_seconds": Figure(
                "Time since the newest daily audit",
                lambda: self._figure(
                    lambda newest: (self._clock.now() - newest["at"]).total_seconds()
                ),
            ),
        }

    def _figure(self, read: Callable[[Mapping[str, Any]], float]) -> float | None:
        newest = self._audits.newest()
        return None if newest is None else read(newest)


def _tell(session: Session, findings: Sequence[Finding]) -> None:
    for each in findings:
        if each.holds:
            session.exceptions.resolve(_KEY + each.invariant, resolution="no_longer_differs")
        else:
            session.exceptions.open(
                key=_KEY + each.invariant,
                kind=KIND,
                subject=each.invariant,
                facts={"reason": "; ".join(each.broken[:_BROKEN_TOLD])},
            )
