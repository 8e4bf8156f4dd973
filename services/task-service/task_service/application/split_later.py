"""A whole that takes long to split is split by a job, with its progress to be asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import DomainError, NotFound
from crowdloom.kernel.ids import BatchId, RequesterId

from task_service.application.batches import Batches
from task_service.application.source_ports import Files, Sources, Splitter
from task_service.application.split_source import SplitSource, Upload
from task_service.domain.batches import Batch, BatchStatus
from task_service.domain.errors import FaultyRows, WrongBatchStatus
from task_service.domain.splitting.pieces import Wish, not_splittable
from task_service.domain.uploads import check_kind

_LEASE = timedelta(minutes=3)
"""So long whoever splits may be silent: most of it is hearing a long recording through."""
_NOTED_EVERY = timedelta(seconds=1)
_TRIES_MAX = 3


class SplitState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class SplitJob:
    """One a batch, the latest. `seen` is the batch's table when it was asked for; `made` counts the
    pieces so far; `faults` say why it was refused.
    """

    batch_id: BatchId
    requester_id: RequesterId
    digest: str
    name: str
    media_type: str
    wish: Wish
    asked_at: datetime
    seen: str | None = None
    state: SplitState = SplitState.WAITING
    made: int = 0
    tries: int = 0
    faults: Sequence[Mapping[str, Any]] = ()


class SplitJobs(Protocol):
    """All blocking; idempotent but for `take`."""

    def put(self, job: SplitJob) -> None:
        """In place of the batch's earlier one."""
        ...

    def get(self, batch_id: BatchId) -> SplitJob | None: ...

    def take(self, now: datetime, until: datetime) -> SplitJob | None:
        """One that waits and that nobody works on until then."""
        ...

    def note(self, job: SplitJob, until: datetime) -> bool:
        """Write down how it stands; False where another took its place."""
        ...


class _OvertakenError(Exception):
    """The batch was given another file meanwhile."""


class SplitLater:
    """Asked for, and done as a job: called again and again, it does one whole a call."""

    def __init__(
        self,
        *,
        jobs: SplitJobs,
        batches: Batches,
        files: Files,
        sources: Sources,
        split_source: SplitSource,
        splitters: Mapping[str, Splitter],
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._batches = batches
        self._files = files
        self._sources = sources
        self._split_source = split_source
        self._splitters = splitters
        self._clock = clock

    def is_long(self, content: bytes, wish: Wish) -> bool:
        """Whether splitting it so may take longer than somebody should wait for an answer. What
        cannot be read is not: it is refused at once.
        """
        try:
            check_kind(content, wish.kind)
            return self._splitters[wish.kind].is_long(content, wish)
        except FaultyRows:
            return False

    def ask(self, batch: Batch, upload: Upload, wish: Wish) -> SplitJob:
        """Raises WrongBatchStatus."""
        batch.check_status(BatchStatus.DRAFT)
        digest = self._files.keep(batch.requester_id, upload.content, upload.media_type)
        job = SplitJob(
            batch.batch_id,
            batch.requester_id,
            digest,
            upload.name,
            upload.media_type,
            wish,
            asked_at=self._clock.now(),
            seen=batch.table_id,
        )
        self._jobs.put(job)
        return job

    def of(self, batch: Batch) -> SplitJob | None:
        """The batch's latest one; None as well once it was given something else."""
        job = self._jobs.get(batch.batch_id)
        if job is None or job.state is SplitState.DONE or job.seen == batch.table_id:
            return job
        # Its own tasks are there a moment before that is noted, or for good where it was stopped
        # between the two.
        source = self._sources.get(batch.table_id) if batch.table_id else None
        if source is None or source.digest != job.digest:
            return None
        return replace(job, state=SplitState.DONE, made=batch.task_count, faults=())

    def __call__(self) -> int:
        """Returns how many wholes were looked at."""
        now = self._clock.now()
        job = self._jobs.take(now, now + _LEASE)
        if job is None:
            return 0
        try:
            self._note(self._done(job))
        except _OvertakenError:
            return 1
        return 1

    def _done(self, job: SplitJob) -> SplitJob:
        try:
            if job.tries > _TRIES_MAX:
                raise not_splittable("it took too long: make several files of it")
            made = self._split(job)
        except FaultyRows as refusal:
            faults: Any = refusal.facts["faults"]
            return replace(job, state=SplitState.REFUSED, faults=tuple(faults))
        except (NotFound, WrongBatchStatus) as refusal:
            return replace(job, state=SplitState.REFUSED, faults=(_fault(refusal),))
        return replace(job, state=SplitState.DONE, made=made)

    def _split(self, job: SplitJob) -> int:
        """Returns how many tasks it made."""
        batch = self._batches.get(job.requester_id, job.batch_id)
        file = self._files.open(job.requester_id, job.digest)
        if file is None:
            raise NotFound("There is no such file", digest=job.digest)
        if batch.table_id != job.seen:
            raise WrongBatchStatus("The batch was given another table meanwhile")
        upload = Upload(job.name, file.read(), job.media_type)
        return self._split_source.split(batch, upload, job.wish, told=self._telling(job)).task_count

    def _telling(self, job: SplitJob) -> Callable[[int], None]:
        noted_at = self._clock.now()

        def told(made: int) -> None:
            nonlocal noted_at
            now = self._clock.now()
            if now - noted_at >= _NOTED_EVERY:
                noted_at = now
                self._note(replace(job, made=made))

        return told

    def _note(self, job: SplitJob) -> None:
        if not self._jobs.note(job, self._clock.now() + _LEASE):
            raise _OvertakenError


def _fault(refusal: DomainError) -> Mapping[str, Any]:
    return {"line": 1, "column": None, "reason": str(refusal)}
