"""Handlers of payment-service's and matching-service's events, and the steps that follow."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

from crowdloom.contracts import Envelope
from crowdloom.contracts import task as contract
from crowdloom.contracts.matching import BatchProgressed, SlotsWithdrawn, TicketRevoked
from crowdloom.contracts.payment import (
    BatchFunded,
    BatchFundingDeclined,
    BonusDeclined,
    BonusSettled,
    VatSet,
)
from crowdloom.contracts.task import (
    AssignmentClosed,
    BatchCompleted,
    BatchOpened,
    TasksMarked,
    TasksReleased,
)
from crowdloom.kernel import Clock, IdFactory, PoisonMessage
from crowdloom.kernel.ids import SubmissionId

from task_service.application.mark_known import known_tasks
from task_service.application.ports import Reader, Session, Store
from task_service.domain.batches import (
    LIVE,
    AdditionStatus,
    Batch,
    BatchStatus,
    Declined,
    Terms,
    Widening,
)
from task_service.domain.bonuses import BonusStatus
from task_service.domain.given_back import GivenBack
from task_service.domain.requirements import Requirements, excluding
from task_service.domain.submissions import Submission, SubmissionStatus
from task_service.domain.templates import choice_count_of, task_type_of
from task_service.domain.workers import Standing


def _said(asked: Requirements | None) -> contract.Requirements | None:
    if asked is None:
        return None
    conditions = {
        name: tuple(contract.Condition(**asdict(one)) for one in getattr(asked, name))
        for name in ("all_of", "any_of", "none_of")
    }
    return contract.Requirements(**{**vars(asked), **conditions})


def _announced(session: Session, batch: Batch) -> Requirements | None:
    """Whom it opens for: what the draft asks for, without those whom its requester excluded."""
    excluded = session.worker_notes.pseudonyms(batch.requester_id, Standing.EXCLUDED)
    asked = excluding(batch.requirements, excluded)
    if asked != batch.requirements:
        session.batches.set_requirements(batch.batch_id, asked, status=BatchStatus.OPEN)
    return asked


def _wanted_at(terms: Terms, opened_at: datetime) -> datetime | None:
    seconds = terms.wanted_seconds
    return None if seconds is None else opened_at + timedelta(seconds=seconds)


class FollowEvents:
    def __init__(self, *, clock: Clock, ids: IdFactory) -> None:
        self._clock = clock
        self._ids = ids

    def batch_funded(self, envelope: Envelope, session: Session) -> None:
        """The money is reserved: open the batch. Its tasks are released by ReleaseTasks."""
        event = envelope.of(BatchFunded)
        batch = _known(session.batches.get(event.batch_id), event.batch_id)
        if batch.revision != event.revision:
            return
        if batch.addition is not None and batch.addition.revision == event.revision:
            _note_addition(session, batch, AdditionStatus.FUNDED)
            return
        if not session.batches.move(event.batch_id, [BatchStatus.FUNDING], BatchStatus.OPEN):
            return
        project = session.projects.get(batch.project_id)
        requester = session.requesters.get(batch.requester_id)
        if project is None or requester is None:
            raise PoisonMessage(f"{batch.batch_id} has no project or no requester")
        asked = _announced(session, batch)
        session.emit(
            BatchOpened(
                batch_id=batch.batch_id,
                project_id=batch.project_id,
                requester_id=batch.requester_id,
                requester_name=requester.name,
                title=batch.title,
                description=project.description,
                language=project.language,
                reward=batch.terms.reward,
                task_count=batch.task_count,
                redundancy=batch.terms.redundancy,
                lease_seconds=batch.terms.lease_seconds,
                auto_accept_seconds=batch.terms.auto_accept_seconds,
                opened_at=self._clock.now(),
                qualifications=asked.qualifications if asked else (),
                requirements=_said(asked),
                task_type=task_type_of(project.template),
                wanted_at=_wanted_at(batch.terms, self._clock.now()),
                choice_count=choice_count_of(project.template),
            )
        )

    def funding_declined(self, envelope: Envelope, session: Session) -> None:
        event = envelope.of(BatchFundingDeclined)
        declined = Declined(code=event.code, needed=event.needed, missing=event.missing)
        batch = session.batches.get(event.batch_id)
        if batch is not None and batch.addition and batch.addition.revision == event.revision:
            _note_addition(session, batch, AdditionStatus.DRAFT, declined)
            return
        session.batches.decline(event.batch_id, event.revision, declined)

    def vat_set(self, envelope: Envelope, session: Session) -> None:
        event = envelope.of(VatSet)
        session.requesters.set_vat(event.requester_id, event.basis_points)

    def bonus_settled(self, envelope: Envelope, session: Session) -> None:
        event = envelope.of(BonusSettled)
        session.bonuses.end(event.bonus_id, BonusStatus.SETTLED)

    def bonus_declined(self, envelope: Envelope, session: Session) -> None:
        event = envelope.of(BonusDeclined)
        declined = Declined(code=event.code, needed=event.needed, missing=event.missing)
        session.bonuses.end(event.bonus_id, BonusStatus.DECLINED, declined)

    def batch_progressed(self, envelope: Envelope, session: Session) -> None:
        event = envelope.of(BatchProgressed)
        session.batches.note_progress(
            event.batch_id,
            open_slots=event.open_slot_count,
            leased=event.leased_slot_count,
            counted_at=event.counted_at,
        )

    def slots_withdrawn(self, envelope: Envelope, session: Session) -> None:
        event = envelope.of(SlotsWithdrawn)
        session.batches.note_withdrawn(event.batch_id, event.slot_count)

    def ticket_revoked(self, envelope: Envelope, session: Session) -> None:
        """Close the assignment, unless a submission was here first: then that one counts, and
        matching-service hears of it by its own event.
        """
        event = envelope.of(TicketRevoked)
        if session.submissions.of_assignment(event.assignment_id) is not None:
            return
        batch = _known(session.batches.get(event.batch_id), event.batch_id)
        now = self._clock.now()
        session.submissions.add(
            Submission(
                submission_id=SubmissionId(self._ids.new("submission")),
                assignment_id=event.assignment_id,
                task_id=event.task_id,
                batch_id=event.batch_id,
                requester_id=batch.requester_id,
                pseudonym="",  # type: ignore[arg-type] # nobody's: it only stands in the way
                answer=(),
                status=SubmissionStatus.CLOSED,
                claimed_at=now,
                submitted_at=now,
                auto_accept_at=now,
            )
        )
        session.given_back.put(
            GivenBack(
                assignment_id=event.assignment_id,
                batch_id=event.batch_id,
                task_id=event.task_id,
                reason=event.reason,
                note=event.note,
                at=now,
            )
        )
        session.emit(
            AssignmentClosed(
                assignment_id=event.assignment_id,
                task_id=event.task_id,
                batch_id=event.batch_id,
            )
        )


class ReleaseTasks:
    """Releases opened batches' tasks, one chunk a transaction; picks up where it was stopped."""

    def __init__(self, *, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    def __call__(self) -> int:
        """Returns how many chunks were released."""
        return sum(
            self._release(batch)
            # Cancelled ones too: only a slot that is known can be withdrawn and its money freed.
            for batch in self._reader.batches.with_status(*LIVE)
            if batch.widening or batch.released_chunk_count < batch.chunk_count
        )

    def _release(self, batch: Batch) -> bool:
        return self._widen(batch, batch.widening) if batch.widening else self._release_next(batch)

    def _widen(self, batch: Batch, widening: Widening) -> bool:
        """Release again, with more slots, what was released before the redundancy grew."""
        task_ids = self._reader.tasks.chunk(batch.table_id or "", widening.next_chunk)
        event = TasksReleased(
            batch_id=batch.batch_id,
            chunk=widening.next_chunk,
            redundancy=batch.terms.redundancy,
            task_ids=tuple(task_ids),
            added_redundancy=widening.by,
        )

        def work(session: Session) -> bool:
            is_next = session.batches.note_widened(batch.batch_id, widening)
            if is_next:
                session.emit(event)
            return is_next

        return self._store.run(work)

    def _release_next(self, batch: Batch) -> bool:
        chunk = batch.released_chunk_count
        task_ids = self._reader.tasks.chunk(batch.table_id or "", chunk)
        event = TasksReleased(
            batch_id=batch.batch_id,
            chunk=chunk,
            redundancy=batch.terms.redundancy,
            task_ids=tuple(task_ids),
        )
        known = tuple(known_tasks(self._reader, batch, task_ids))

        def work(session: Session) -> bool:
            is_next = session.batches.note_released(batch.batch_id, chunk)
            if is_next:
                session.emit(event)
            if is_next and known:
                session.emit(TasksMarked(batch.batch_id, known, known=True))
            return is_next

        return self._store.run(work)


class CompleteBatches:
    """Completes batches whose every slot is accepted, closed or withdrawn."""

    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many batches were completed."""
        live = self._reader.batches.with_status(*LIVE)
        return sum(self._complete(batch) for batch in live if self._is_done(batch))

    def _is_done(self, batch: Batch) -> bool:
        if batch.grows or _rows_wait(batch):
            return False
        used = self._reader.submissions.tally(batch.batch_id).used_slots
        return used + batch.withdrawn_count >= batch.slot_count

    def _complete(self, batch: Batch) -> bool:
        event = BatchCompleted(
            batch_id=batch.batch_id,
            requester_id=batch.requester_id,
            completed_at=self._clock.now(),
        )

        def work(session: Session) -> bool:
            moved = session.batches.complete(batch.batch_id)
            if moved:
                session.emit(event)
            return moved

        completed = self._store.run(work)
        if completed and batch.addition:
            for table in batch.addition.tables:
                self._reader.tasks.forget(table.table_id)
        return completed


def _note_addition(
    session: Session, batch: Batch, status: AdditionStatus, declined: Declined | None = None
) -> None:
    addition = batch.addition
    if addition is not None and addition.status is AdditionStatus.ASKED:
        told = replace(addition, status=status, version=addition.version + 1, declined=declined)
        session.batches.set_addition(batch, told)


def _rows_wait(batch: Batch) -> bool:
    """Whether rows wait to be asked for, as after a pilot: a cancelled batch gets none."""
    is_open = batch.status is not BatchStatus.CANCELLED
    return is_open and batch.addition is not None and batch.addition.task_count > 0


def _known(batch: Batch | None, batch_id: str) -> Batch:
    if batch is None:
        raise PoisonMessage(f"{batch_id} is not known here")
    return batch
