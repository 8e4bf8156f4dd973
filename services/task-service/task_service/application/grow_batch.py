"""More of a published batch: rows, answers per item, or a higher reward.

What is wanted is kept beside the batch as an addition, and changes nothing for workers before its
cost is reserved. Declined, it is a draft again and the batch goes on as it was.
"""

from dataclasses import replace

from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import BatchFundingRequested, BatchGrown
from crowdloom.kernel import Clock, IdFactory, Money
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.money import WrongCurrency

from task_service.application.batches import Batches
from task_service.application.ports import Reader, Session, Store
from task_service.domain.batches import (
    LIVE,
    AddedTable,
    Addition,
    AdditionStatus,
    Batch,
    BatchStatus,
    check_terms,
)
from task_service.domain.errors import AdditionUnderWay, NothingToAdd, WrongBatchStatus
from task_service.domain.tables import Table, in_columns

_GROWING = (BatchStatus.OPEN, BatchStatus.PAUSED)


class GrowBatch:
    def __init__(
        self, *, store: Store, reader: Reader, batches: Batches, clock: Clock, ids: IdFactory
    ) -> None:
        self._store = store
        self._reader = reader
        self._batches = batches
        self._clock = clock
        self._ids = ids

    def add_rows(self, batch: Batch, table: Table) -> Batch:
        """Put rows into the addition, after those that it has: all of them, or none. Raises
        WrongBatchStatus, AdditionUnderWay, RowsAreSplit, FaultyRows for other columns.
        """
        before = self._draft_of(batch)
        self._batches.check_can_follow(batch)
        rows = in_columns(table, batch.columns)
        table_id = self._ids.new("request")
        count = self._reader.tasks.add(table_id, rows, lead=before.task_count)
        added = AddedTable(table_id, count)
        try:
            self._put(batch, replace(before, tables=(*before.tables, added), declined=None))
        except WrongBatchStatus:
            self._reader.tasks.forget(table_id)
            raise
        return self._batches.get(batch.requester_id, batch.batch_id)

    def ask(
        self, batch: Batch, *, reward: Money | None = None, redundancy: int | None = None
    ) -> Batch:
        """Ask for the funds of the addition, with the reward and the answers per item that are to
        hold for the whole batch; what is left out stays. Raises WrongBatchStatus, AdditionUnderWay,
        NothingToAdd, WrongCurrency, InvalidInput.
        """
        addition = self.planned(batch, reward=reward, redundancy=redundancy)
        grown = (
            addition.task_count,
            addition.redundancy - batch.terms.redundancy,
            (addition.reward - batch.terms.reward).units,
        )
        if min(grown) < 0 or not any(grown):
            raise NothingToAdd(
                "Add rows, answers per item or a higher reward; nothing can be made less"
            )
        asked = replace(
            addition, status=AdditionStatus.ASKED, version=addition.version + 1, declined=None
        )

        def work(session: Session) -> bool:
            revision = session.batches.ask_addition(batch, asked)
            if revision is None:
                return False
            tasks = batch.task_count + asked.task_count
            session.emit(
                BatchFundingRequested(
                    batch_id=batch.batch_id,
                    requester_id=batch.requester_id,
                    revision=revision,
                    slot_count=tasks * asked.redundancy,
                    reward=asked.reward,
                    fee=asked.fee,
                    title=batch.title,
                    vat=asked.fee.share(batch.terms.vat_basis_points),
                )
            )
            return True

        if not self._store.run(work):
            raise AdditionUnderWay("The batch changed meanwhile; look at it and try again")
        return self._batches.get(batch.requester_id, batch.batch_id)

    def planned(
        self, batch: Batch, *, reward: Money | None = None, redundancy: int | None = None
    ) -> Addition:
        """The addition as `ask` would ask for it. Raises what `ask` raises of single terms."""
        before = self._draft_of(batch)
        wanted = batch.terms.reward if reward is None else reward
        if wanted.currency is not batch.terms.reward.currency:
            raise WrongCurrency("A batch keeps its currency", currency=wanted.currency.code)
        terms = replace(
            batch.terms,
            reward=wanted,
            fee=slot_fee(wanted),
            redundancy=batch.terms.redundancy if redundancy is None else redundancy,
        )
        check_terms(terms)
        return replace(before, redundancy=terms.redundancy, reward=terms.reward, fee=terms.fee)

    def cost(self, batch: Batch, addition: Addition) -> Money:
        """About what it reserves: exact but for what is decided at this moment."""
        used = self._reader.submissions.tally(batch.batch_id).used_slots
        return batch.growth_cost(addition, used)

    def drop(self, requester_id: RequesterId, batch: Batch) -> Batch:
        """Forget the addition, as long as it is a draft. Raises AdditionUnderWay."""
        addition = batch.addition
        if addition is not None:
            if batch.grows or not self._store.run(lambda s: s.batches.set_addition(batch, None)):
                raise AdditionUnderWay("Its funds are asked for already")
            for table in addition.tables:
                self._reader.tasks.forget(table.table_id)
        return self._batches.get(requester_id, batch.batch_id)

    def _draft_of(self, batch: Batch) -> Addition:
        batch.check_status(*_GROWING)
        if batch.grows or batch.released_chunk_count < batch.chunk_count:
            raise AdditionUnderWay("What was asked for before is not all in place yet")
        terms = batch.terms
        return batch.addition or Addition(
            AdditionStatus.DRAFT,
            version=0,
            redundancy=terms.redundancy,
            reward=terms.reward,
            fee=terms.fee,
        )

    def _put(self, batch: Batch, addition: Addition) -> None:
        changed = replace(addition, version=addition.version + 1)
        if not self._store.run(lambda session: session.batches.set_addition(batch, changed)):
            raise WrongBatchStatus("The batch changed meanwhile; look at it and try again")


class JoinAdditions:
    """A job: let what was funded be part of its batch. Rows are moved outside of any transaction
    and count only when the batch names them; picks up where it was stopped.
    """

    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many batches grew."""
        return sum(
            self._join(batch, batch.addition)
            for batch in self._reader.batches.with_status(*LIVE)
            if batch.addition is not None and batch.addition.status is AdditionStatus.FUNDED
        )

    def _join(self, batch: Batch, addition: Addition) -> bool:
        after = 0
        for table in addition.tables:
            self._reader.tasks.adopt(batch, table.table_id, after=after)
            after += table.task_count
        now, then = batch.terms.slot_cost, batch.slot_cost_of(addition)
        event = BatchGrown(
            batch_id=batch.batch_id,
            requester_id=batch.requester_id,
            revision=batch.revision,
            reward=addition.reward,
            task_count=batch.task_count + addition.task_count,
            redundancy=addition.redundancy,
            grown_at=self._clock.now(),
        )

        def work(session: Session) -> bool:
            earlier = (now - then) * session.submissions.tally(batch.batch_id).accepted
            joined = session.batches.join_addition(batch, earlier_units=earlier.units)
            if joined:
                if not all(table.held_back for table in addition.tables):
                    session.sources.forget(batch.table_id or "")
                session.emit(event)
            return joined

        return self._store.run(work)
