"""The log of a requester: written after each change, read by the team's owner."""

from dataclasses import dataclass, replace
from typing import Protocol

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId, SubmissionId

from task_service.application.ports import Reader
from task_service.domain.deeds import Deed


class Deeds(Protocol):
    """Blocking; forgets deeds after DEEDS_LIFETIME."""

    def add(self, deed: Deed) -> None: ...

    def page(
        self,
        requester_id: RequesterId,
        *,
        project_id: ProjectId | None,
        before: str | None,
        count_max: int,
    ) -> list[Deed]:
        """Newest first, ids below `before`."""
        ...


@dataclass(frozen=True)
class Done:
    """What was just done, as far as the call said it."""

    action: str
    way: str
    project_id: str | None = None
    batch_id: str | None = None
    submission_id: str | None = None
    subject: str | None = None


class KeepLog:
    def __init__(self, *, deeds: Deeds, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._deeds = deeds
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def note(self, requester_id: RequesterId, person_id: RequesterId, done: Done) -> None:
        """After the change took effect: what could not be done leaves no line."""
        deed = Deed(
            deed_id=self._ids.new("request"),
            requester_id=requester_id,
            person_id=person_id,
            way=done.way,
            action=done.action,
            done_at=self._clock.now(),
            project_id=ProjectId(done.project_id) if done.project_id else None,
            batch_id=BatchId(done.batch_id) if done.batch_id else None,
            subject=done.submission_id or done.subject,
        )
        self._deeds.add(self._placed(deed, done))

    def _placed(self, deed: Deed, done: Done) -> Deed:
        """With the batch of the answer, and the project of the batch."""
        batch_id = deed.batch_id
        if batch_id is None and done.submission_id:
            answer = self._reader.submissions.get(SubmissionId(done.submission_id))
            batch_id = answer.batch_id if answer else None
        batch = self._reader.batches.get(batch_id) if batch_id else None
        if batch is None:
            return deed
        return replace(deed, batch_id=batch.batch_id, project_id=batch.project_id)

    def page(
        self,
        requester_id: RequesterId,
        *,
        project_id: ProjectId | None = None,
        before: str | None = None,
        count_max: int = 50,
    ) -> list[Deed]:
        return self._deeds.page(
            requester_id, project_id=project_id, before=before, count_max=count_max
        )
