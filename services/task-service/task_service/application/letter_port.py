"""What is kept of what requesters wrote to single workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import Pseudonym, RequesterId

from task_service.domain.letters import Letter


class Letters(Protocol):
    def add(self, letter: Letter) -> None: ...

    def count_since(
        self, requester_id: RequesterId, pseudonym: Pseudonym, since: datetime
    ) -> int: ...

    def newest(self, requester_id: RequesterId, count_max: int) -> Mapping[Pseudonym, Letter]:
        """The last one to each worker, of the newest so many."""
        ...

    def note_report(self, letter_id: str, reason: str, at: datetime) -> bool:
        """The first one counts. False where there is no such letter."""
        ...

    def reported(self, count_max: int) -> Sequence[Letter]:
        """Not judged yet, the oldest report first."""
        ...

    def note_judged(self, letter_id: str, at: datetime, by: str) -> RequesterId | None:
        """Returns whose letter it is; None where nobody reported it. Once is enough."""
        ...

    def stop(self, requester_id: RequesterId, at: datetime, by: str) -> None:
        """Idempotent."""
        ...

    def allow(self, requester_id: RequesterId) -> None:
        """Idempotent."""
        ...

    def is_stopped(self, requester_id: RequesterId) -> bool: ...

    def stopped(self, count_max: int) -> Sequence[RequesterId]: ...
