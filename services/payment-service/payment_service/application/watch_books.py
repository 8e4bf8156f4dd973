"""Figures for alarms: what the newest reconciliation could not explain, how old it is, and since
when nothing was heard of the processor.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from crowdloom.chassis.operations import Figure
from crowdloom.kernel import Clock

from payment_service.application.ports import ProcessorLines, Reconciliations

_LOOKED_AT_MAX = 20


class Readers(Protocol):
    """Repositories outside of any transaction."""

    @property
    def reconciliations(self) -> Reconciliations: ...

    @property
    def lines(self) -> ProcessorLines: ...


class WatchBooks:
    """Where nothing has happened yet there is no figure: empty is not zero."""

    def __init__(self, readers: Readers, *, clock: Clock) -> None:
        self._readers = readers
        self._clock = clock

    def figures(self) -> Mapping[str, Figure]:
        return {
            "unreconciled_minor": Figure(
                "What the newest reconciliation could not explain", self._unreconciled_minor
            ),
            "reconciliation_age_seconds": Figure(
                "Time since the newest reconciliation ended", self._age_seconds
            ),
            "processor_feed_age_seconds": Figure(
                "Time since all lines of the processor were read", self._feed_age_seconds
            ),
        }

    def _unreconciled_minor(self) -> float | None:
        newest = self.newest()
        return None if newest is None else newest["unreconciled_minor"]

    def _age_seconds(self) -> float | None:
        newest = self.newest()
        if newest is None:
            return None
        age_seconds: float = (self._clock.now() - newest["ended_at"]).total_seconds()
        return age_seconds

    def _feed_age_seconds(self) -> float | None:
        complete_to = self._readers.lines.complete_to()
        if complete_to is None:
            return None
        return (self._clock.now() - complete_to).total_seconds()

    def newest(self) -> Mapping[str, Any] | None:
        """The newest reconciliation that ended."""
        listed = self._readers.reconciliations.listed(_LOOKED_AT_MAX)
        return next((found for found in listed if found["status"] == "completed"), None)
