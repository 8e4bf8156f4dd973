"""The whole of a large batch is merged by a job, kept as a file, and given out from there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from crowdloom.kernel import Clock
from crowdloom.kernel.clock import to_milliseconds
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, RequesterId

from task_service.application.batches import Batches
from task_service.application.ports import Reader
from task_service.application.source_ports import Files, StoredFile
from task_service.application.split_source import MergeSource
from task_service.domain.batches import Batch
from task_service.domain.errors import NotMerged

_ROWS_AT_ONCE = 20_000
"""Tasks and answers: so many are read within two seconds, on an embedded engine as well."""
_LEASE = timedelta(minutes=3)
"""So long whoever merges may be silent."""
_NOTED_EVERY = timedelta(seconds=1)
_TRIES_MAX = 3
_ASKED_AGE_MAX = timedelta(days=1)
UNDER_WAY_MAX = timedelta(seconds=10)
"""An answer is there at most that long after the instant it carries."""


class MergeState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class MergedFile:
    """What was kept under the digest, and how many pieces are marked in it."""

    digest: str
    media_type: str
    ending: str
    missing: int
    contested: int


@dataclass(frozen=True)
class MergeJob:
    """One a batch, the latest. `read` counts its answers so far, of `answers` that there were when
    it was asked for. `began_at` is when the last try began to read, of a batch that had
    `task_count` tasks in that table; `reason` says why it failed.
    """

    batch_id: BatchId
    requester_id: RequesterId
    asked_at: datetime
    answers: int
    state: MergeState = MergeState.WAITING
    read: int = 0
    tries: int = 0
    began_at: datetime | None = None
    table_id: str | None = None
    task_count: int = 0
    file: MergedFile | None = None
    reason: str = ""


class MergeJobs(Protocol):
    """All blocking; idempotent but for `take`."""

    def ask(self, job: MergeJob) -> MergeJob:
        """In place of the batch's earlier one, unless that waits. Returns the one that is there."""
        ...

    def get(self, batch_id: BatchId) -> MergeJob | None: ...

    def take(self, now: datetime, until: datetime) -> MergeJob | None:
        """One that waits and that nobody works on until then; it begins now."""
        ...

    def note(self, job: MergeJob, until: datetime) -> bool:
        """Write down how it stands; False where another try took its place."""
        ...


class _OvertakenError(Exception):
    """Somebody else took it up meanwhile."""


class MergeLater:
    """Asked for, and done as a job: called again and again, it merges one whole a call.

    Whoever asks says when he did so first. A file that was begun since then is his, though the
    batch changed again; one of before is, as long as nothing changed since it was begun. So nobody
    gets an old file, and nobody waits for ever for a batch that is being answered.
    """

    def __init__(
        self,
        *,
        jobs: MergeJobs,
        reader: Reader,
        batches: Batches,
        files: Files,
        merge_source: MergeSource,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._reader = reader
        self._batches = batches
        self._files = files
        self._merge_source = merge_source
        self._clock = clock

    def is_long(self, batch: Batch) -> bool:
        """Whether merging it may take longer than somebody should wait for an answer."""
        return batch.task_count + self._answers(batch) > _ROWS_AT_ONCE

    def since(self, asked_at: datetime | None) -> datetime:
        """The instant that counts: now, where none was told, or one that cannot be meant."""
        now = self._clock.now()
        return to_milliseconds(max(min(asked_at or now, now), now - _ASKED_AGE_MAX))

    def ask(self, batch: Batch, since: datetime, *, having: str = "") -> MergeJob:
        """Asks for it where that is not done yet; the file of a digest that somebody has a part of
        is good in any case. Raises NotMerged where it failed.
        """
        job = self.of(batch, since, having=having)
        if job is None:
            fresh = MergeJob(batch.batch_id, batch.requester_id, since, self._answers(batch))
            job = self._jobs.ask(fresh)
        if job.state is MergeState.FAILED:
            raise NotMerged(
                "The file could not be merged: %(reason)s. Ask for it anew", reason=job.reason
            )
        return job

    def of(self, batch: Batch, since: datetime, *, having: str = "") -> MergeJob | None:
        """The one that made, makes or failed to make what was asked for at that instant; None where
        it is still to be asked for.
        """
        job = self._jobs.get(batch.batch_id)
        if job is None or job.state is MergeState.WAITING:
            return job
        if job.state is MergeState.FAILED:
            return job if job.asked_at >= since else None
        return job if self._is_good(job, batch, since, having) else None

    def open(self, job: MergeJob) -> StoredFile | None:
        """None where its file is not there, or not any more."""
        return self._files.open(job.requester_id, job.file.digest) if job.file else None

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

    def _is_good(self, job: MergeJob, batch: Batch, since: datetime, having: str) -> bool:
        if job.began_at is None or job.file is None or self.open(job) is None:
            return False
        if job.began_at >= since or job.file.digest == having:
            return True
        if (job.table_id, job.task_count) != (batch.table_id, batch.task_count):
            return False
        submissions = self._reader.submissions
        return not submissions.changed_since(batch.batch_id, job.began_at - UNDER_WAY_MAX)

    def _answers(self, batch: Batch) -> int:
        tally = self._reader.submissions.tally(batch.batch_id)
        return tally.submitted + tally.accepted

    def _done(self, job: MergeJob) -> MergeJob:
        if job.tries > _TRIES_MAX:
            return replace(job, state=MergeState.FAILED, reason="it took too long")
        try:
            return self._merged(job)
        except NotFound as refusal:
            return replace(job, state=MergeState.FAILED, reason=str(refusal))

    def _merged(self, job: MergeJob) -> MergeJob:
        batch = self._batches.get(job.requester_id, job.batch_id)
        project = self._batches.project_of(batch)
        merged = self._merge_source.merged(batch, project, told=self._telling(job))
        content = b"".join(merged.content)
        # Used by nothing: it goes some days after it was last made so.
        digest = self._files.keep(job.requester_id, content, merged.media_type)
        return replace(
            job,
            state=MergeState.DONE,
            read=job.answers,
            table_id=batch.table_id,
            task_count=batch.task_count,
            file=MergedFile(
                digest,
                merged.media_type,
                merged.ending,
                missing=len(merged.missing),
                contested=len(merged.contested),
            ),
        )

    def _telling(self, job: MergeJob) -> Callable[[int], None]:
        noted_at = self._clock.now()

        def told(read: int) -> None:
            nonlocal noted_at
            now = self._clock.now()
            if now - noted_at >= _NOTED_EVERY:
                noted_at = now
                self._note(replace(job, read=read))

        return told

    def _note(self, job: MergeJob) -> None:
        if not self._jobs.note(job, self._clock.now() + _LEASE):
            raise _OvertakenError
