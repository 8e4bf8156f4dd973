"""Batches: drafted, filled with tasks, published, paused, cancelled, and looked at."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import (
    BatchCancelled,
    BatchFundingRequested,
    BatchPaused,
    BatchResumed,
)
from crowdloom.kernel import Clock, IdFactory, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from crowdloom.kernel.money import Currency, WrongCurrency

from task_service.application.know_deeds import note_made
from task_service.application.ports import Reader, Session, Store, Task
from task_service.application.source_ports import Source
from task_service.domain.batches import Batch, BatchStatus, Terms, check_terms, chunks_of
from task_service.domain.errors import RowsAreSplit, WrongBatchStatus
from task_service.domain.projects import Project, checked_title
from task_service.domain.requirements import Requirements, check_requirements
from task_service.domain.splitting.pieces import is_whole_table
from task_service.domain.tables import Table, in_columns
from task_service.domain.tallies import Tally

_ADDING_MAX = timedelta(minutes=10)
"""No call lives that long: whoever holds a batch's rows longer was stopped."""


@dataclass(frozen=True)
class BatchView:
    """A batch with its project and how many submissions are in each status."""

    batch: Batch
    project: Project
    tally: Tally


class Batches:
    """`currency` is the one that this market settles in."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        clock: Clock,
        ids: IdFactory,
        currency: Currency,
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids
        self._currency = currency

    @property
    def currency(self) -> Currency:
        return self._currency

    def draft(
        self,
        project: Project,
        *,
        title: str | None,
        redundancy: int,
        reward: Money,
        lease_seconds: int,
        auto_accept_seconds: int,
        wanted_seconds: int | None = None,
        requirements: Requirements | None = None,
    ) -> Batch:
        """Raises InvalidInput, WrongCurrency."""
        if reward.currency is not self._currency:
            raise WrongCurrency(
                "This market pays in %(pays_in)s",
                pays_in=self._currency.code,
                currency=reward.currency.code,
            )
        terms = Terms(
            redundancy=redundancy,
            reward=reward,
            fee=slot_fee(reward),
            lease_seconds=lease_seconds,
            auto_accept_seconds=auto_accept_seconds,
            wanted_seconds=wanted_seconds,
        )
        check_terms(terms)
        if requirements is not None:
            check_requirements(requirements)
        batch = Batch(
            batch_id=BatchId(self._ids.new("batch")),
            project_id=project.project_id,
            requester_id=project.requester_id,
            title=checked_title(title) if title and title.strip() else project.title,
            terms=terms,
            status=BatchStatus.DRAFT,
            created_at=self._clock.now(),
            requirements=requirements,
        )
        note_made(project_id=batch.project_id, batch_id=batch.batch_id)
        self._store.run(lambda session: session.batches.add(batch))
        return batch

    def set_requirements(self, batch: Batch, asked: Requirements | None) -> Batch:
        """Say whom a draft is for; None for anybody. Raises WrongBatchStatus, InvalidInput."""
        batch.check_status(BatchStatus.DRAFT)
        if asked is not None:
            check_requirements(asked)
        if not self._store.run(
            lambda s: s.batches.set_requirements(batch.batch_id, asked, status=BatchStatus.DRAFT)
        ):
            raise WrongBatchStatus("The batch was published meanwhile")
        return self.get(batch.requester_id, batch.batch_id)

    def get(self, requester_id: RequesterId, batch_id: BatchId) -> Batch:
        """Raises NotFound, for somebody else's as well."""
        batch = self._reader.batches.get(batch_id)
        if batch is None or batch.requester_id != requester_id:
            raise NotFound("There is no such batch", batch_id=batch_id)
        return self._priced([batch])[0]

    def view(self, requester_id: RequesterId, batch_id: BatchId) -> BatchView:
        """Raises NotFound."""
        batch = self.get(requester_id, batch_id)
        return BatchView(batch, self.project_of(batch), self._reader.submissions.tally(batch_id))

    def project_of(self, batch: Batch) -> Project:
        project = self._reader.projects.get(batch.project_id)
        if project is None:
            raise NotFound("There is no such project", project_id=batch.project_id)
        return project

    def page(
        self,
        project_id: ProjectId,
        *,
        before: str | None = None,
        count_max: int = 50,
        archived: bool | None = None,
    ) -> list[Batch]:
        """Newest first; None for those put away and those not."""
        found = self._reader.batches.page(
            project_id, before=before, count_max=count_max, archived=archived
        )
        return self._priced(found)

    def newest(self, requester_id: RequesterId, count_max: int = 20) -> list[Batch]:
        return self._priced(self._reader.batches.of_requester(requester_id, count_max))

    def _priced(self, found: list[Batch]) -> list[Batch]:
        """All of one requester. A draft's VAT is that of today, as if it were published now."""
        drafts = [batch for batch in found if batch.status is BatchStatus.DRAFT]
        rate = self._reader.requesters.vat_basis_points(drafts[0].requester_id) if drafts else 0
        return [
            replace(batch, terms=replace(batch.terms, vat_basis_points=rate))
            if batch.status is BatchStatus.DRAFT
            else batch
            for batch in found
        ]

    def tasks(self, batch: Batch, *, after: int = 0, count_max: int = 20) -> list[Task]:
        """The batch's tasks in the table's order, numbers above `after`."""
        if batch.table_id is None:
            return []
        return self._reader.tasks.page(batch.table_id, after=after, count_max=count_max)

    def set_table(
        self, batch: Batch, table: Table, *, source_of: Callable[[str], Source] | None = None
    ) -> Batch:
        """Give a draft its tasks, in place of any it had. All of them, or none: they count only
        once the batch names their table. `source_of` makes the note of the whole that the rows are
        pieces of, given the table's id. Raises WrongBatchStatus.
        """
        batch.check_status(BatchStatus.DRAFT)
        table_id = self._ids.new("request")
        count = self._reader.tasks.add(table_id, table.rows)
        if source_of is not None:
            self._reader.sources.add(source_of(table_id))
        named = self._store.run(lambda s: _name_table(s, batch.batch_id, table_id, table, count))
        waiting = [added.table_id for added in batch.addition.tables] if batch.addition else []
        superseded = [batch.table_id, *waiting] if named else [table_id]
        for old in filter(None, superseded):
            self._reader.tasks.forget(old)
        if not named:
            raise WrongBatchStatus("The batch was published meanwhile")
        return self.get(batch.requester_id, batch.batch_id)

    def add_rows(self, batch: Batch, table: Table) -> Batch:
        """Give a draft these tasks after those it has: all of them, or none. Raises
        WrongBatchStatus, RowsAreSplit, FaultyRows where the table has other columns.
        """
        batch.check_status(BatchStatus.DRAFT)
        if batch.table_id is None:
            return self.set_table(batch, table)
        came_from_file = self.check_can_follow(batch)
        rows = in_columns(table, batch.columns)
        call, now = self._ids.new("request"), self._clock.now()
        until = now + _ADDING_MAX
        if not self._reader.batches.begin_adding(batch, call, now=now, until=until):
            raise WrongBatchStatus("The batch changed, or other rows are just being added to it")
        # What an earlier call left behind when it was stopped: it never counted.
        self._reader.tasks.forget(batch.table_id, after=batch.task_count)
        count = self._reader.tasks.add(
            batch.table_id, rows, after=batch.task_count, first_chunk=batch.chunk_count
        )

        def work(session: Session) -> bool:
            if came_from_file:  # the table is longer by then: the file is its whole no more
                session.sources.forget(batch.table_id or "")
            return session.batches.end_adding(batch, call, count)

        if not self._store.run(work):
            raise WrongBatchStatus("The batch was published or got other rows meanwhile")
        return replace(
            batch,
            task_count=batch.task_count + count,
            chunk_count=batch.chunk_count + chunks_of(count),
            declined=None,
        )

    def check_can_follow(self, batch: Batch) -> bool:
        """Whether the batch's rows are those of a file. Raises RowsAreSplit where more rows cannot
        follow them.
        """
        source = self._reader.sources.get(batch.table_id or "")
        if source is not None and not is_whole_table(source.wish):
            raise RowsAreSplit("These rows are the pieces of one file; make a batch of its own")
        return source is not None

    def publish(self, batch: Batch) -> Batch:
        """Ask for the funds; the batch opens when they are reserved. Publishing again while that is
        under way, or after it, changes nothing. Raises WrongBatchStatus, NothingToPublish.
        """
        if batch.status in (BatchStatus.FUNDING, BatchStatus.OPEN):
            return batch
        batch.check_publishable()
        if batch.table_id is not None:
            # What a call that was stopped left behind never counted, and must not stand in the way
            # of rows that are added later.
            self._reader.tasks.forget(batch.table_id, after=batch.task_count)

        def work(session: Session) -> None:
            rate = session.requesters.vat_basis_points(batch.requester_id)
            revision = session.batches.begin_funding(batch.batch_id, vat_basis_points=rate)
            if revision is not None:
                session.emit(
                    BatchFundingRequested(
                        batch_id=batch.batch_id,
                        requester_id=batch.requester_id,
                        revision=revision,
                        slot_count=batch.slot_count,
                        reward=batch.terms.reward,
                        fee=batch.terms.fee,
                        title=batch.title,
                        vat=batch.terms.fee.share(rate),
                    )
                )

        self._store.run(work)
        return self.get(batch.requester_id, batch.batch_id)

    def pause(self, batch: Batch) -> Batch:
        """Raises WrongBatchStatus."""
        event = BatchPaused(batch_id=batch.batch_id)
        return self._move(batch, (BatchStatus.OPEN,), BatchStatus.PAUSED, event)

    def resume(self, batch: Batch) -> Batch:
        """Raises WrongBatchStatus."""
        event = BatchResumed(batch_id=batch.batch_id)
        return self._move(batch, (BatchStatus.PAUSED,), BatchStatus.OPEN, event)

    def cancel(self, batch: Batch) -> Batch:
        """No new claims; what is claimed or submitted is honoured, the rest goes back to the
        wallet. Raises WrongBatchStatus.
        """
        event = BatchCancelled(batch_id=batch.batch_id, cancelled_at=self._clock.now())
        live = (BatchStatus.OPEN, BatchStatus.PAUSED)
        return self._move(batch, live, BatchStatus.CANCELLED, event)

    def archive(self, batch: Batch) -> Batch:
        """Put a batch away that is a draft or over: lists leave it out, and nothing else changes.
        Raises WrongBatchStatus.
        """
        batch.check_status(BatchStatus.DRAFT, BatchStatus.CANCELLED, BatchStatus.COMPLETED)
        return self._put_away(batch, archived=True)

    def restore(self, batch: Batch) -> Batch:
        """Take it out again. Raises WrongBatchStatus."""
        return self._put_away(batch, archived=False)

    def _put_away(self, batch: Batch, *, archived: bool) -> Batch:
        if not self._store.run(lambda s: s.batches.put_away(batch, archived=archived)):
            raise WrongBatchStatus("The batch changed meanwhile; look at it and try again")
        return self.get(batch.requester_id, batch.batch_id)

    def _move(
        self,
        batch: Batch,
        before: tuple[BatchStatus, ...],
        after: BatchStatus,
        event: BatchPaused | BatchResumed | BatchCancelled,
    ) -> Batch:
        if batch.status is after:
            return batch
        batch.check_status(*before)

        def work(session: Session) -> None:
            if session.batches.move(batch.batch_id, before, after):
                session.emit(event)

        self._store.run(work)
        return self.get(batch.requester_id, batch.batch_id)


def _name_table(
    session: Session, batch_id: BatchId, table_id: str, table: Table, count: int
) -> bool:
    """What is known of the rows before is not known of these."""
    named = session.batches.set_table(batch_id, table_id, table.columns, count)
    if named:
        session.known_answers.forget(batch_id)
    return named
