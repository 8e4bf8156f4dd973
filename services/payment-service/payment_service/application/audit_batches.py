"""I4 to I6: what is reserved for each batch and was paid of it, beside what task-service counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from crowdloom.kernel.ids import BatchId

from payment_service.application.audit_tally import Tally
from payment_service.domain.audit import NO_WORK, BatchWorks, Finding, expected_escrow, found
from payment_service.domain.batches import BatchBook
from payment_service.domain.chart import kind_of


@dataclass(frozen=True)
class TotalsCompared:
    """How many totals were told; where accepted work differs, and where slots to pay for do."""

    count: int
    work: Sequence[str]
    slots: Sequence[str]


def of_batches(
    tally: Tally,
    batches: Sequence[BatchBook],
    works: BatchWorks,
    told: TotalsCompared,
) -> list[Finding]:
    funded = [book for book in batches if book.terms is not None]
    reserved = _escrow_by_batch(tally)
    open_wrong, accept_wrong, closed_wrong = [], [], []
    for book in funded:
        terms, work = book.terms, works.get(book.batch_id, NO_WORK)
        assert terms is not None  # noqa: S101 - chosen so above; for the type checker
        held = reserved.pop(book.batch_id, 0)
        settled = tally.accepts[book.batch_id]
        paid = tally.accept_units[book.batch_id]
        expected = expected_escrow(book, settled_units=paid)
        if held != expected or held < terms.slot_cost.units * work.waiting_count:
            open_wrong.append(f"{book.batch_id}: {held} reserved, {expected} expected")
        booked = settled + tally.overturns[book.batch_id]
        if not booked == work.settled_count == book.settled_count:
            accept_wrong.append(f"{book.batch_id}: {booked} booked, {work.settled_count} settled")
        if book.batch_id in tally.off_terms or (
            book.batch_id not in tally.price and paid != terms.slot_cost.units * settled
        ):
            accept_wrong.append(f"{book.batch_id}: not at the published terms")
        if book.closed and held != terms.slot_cost.units * work.waiting_count:
            closed_wrong.append(f"{book.batch_id}: {held} reserved though closed")
    open_wrong += [f"{batch}: {units} reserved, no terms" for batch, units in reserved.items()]
    known = {book.batch_id for book in funded}
    accept_wrong += [f"{each}: no terms" for each in tally.accepts if BatchId(each) not in known]
    accept_wrong += told.work
    open_wrong += told.slots
    compared = f", {told.count} totals told" if told.count else ""
    closed = sum(book.closed for book in funded)
    return [
        found("I4", f"{len(funded)} batches{compared}", open_wrong),
        found("I5", f"{sum(tally.accepts.values())} accepted{compared}", accept_wrong),
        found("I6", f"{closed} closed batches", closed_wrong),
    ]


def _escrow_by_batch(tally: Tally) -> dict[str, int]:
    reserved: dict[str, int] = defaultdict(int)
    for path, units in tally.sums.items():
        if kind_of(path) == "escrow" and units:
            reserved[path.split(":")[4]] -= units
    return reserved
