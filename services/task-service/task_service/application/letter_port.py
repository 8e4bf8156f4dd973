"""What is kept of what requesters wrote to single workers."""

from collections.abc import Mapping
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
