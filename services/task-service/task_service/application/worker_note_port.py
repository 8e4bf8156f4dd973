"""What notes about workers need to be kept."""

from typing import Protocol

from crowdloom.kernel.ids import Pseudonym, RequesterId

from task_service.domain.workers import Standing, WorkerNote


class WorkerNotes(Protocol):
    def put(self, note: WorkerNote) -> None:
        """One a worker; in place of the one before."""
        ...

    def get(self, requester_id: RequesterId, pseudonym: Pseudonym) -> WorkerNote | None: ...

    def remove(self, requester_id: RequesterId, pseudonym: Pseudonym) -> None: ...

    def of_requester(self, requester_id: RequesterId) -> list[WorkerNote]:
        """Newest first."""
        ...

    def pseudonyms(self, requester_id: RequesterId, standing: Standing) -> list[Pseudonym]: ...

    def count(self, requester_id: RequesterId) -> int: ...
