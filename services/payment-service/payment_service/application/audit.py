"""Audit the books: invariants I1 to I17 of money.md section 8, a line and a figure each.

The journal is read once, entry by entry; what is kept of it is a sum per account, per batch, per
payout item and per processor line. The processor itself is not asked: I7 compares with its mirrored
lines, and with what the newest reconciliation said of its balance.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from crowdloom.kernel import Clock, Currency

from payment_service.application.age_exceptions import is_late
from payment_service.application.audit_batches import TotalsCompared, of_batches
from payment_service.application.audit_tally import Tally, tally_of
from payment_service.application.journal import JournalEntry
from payment_service.application.seal_journal import SealReport
from payment_service.domain.audit import (
    BankLineKept,
    BatchWorks,
    ClosedPeriod,
    Consumer,
    Decision,
    Finding,
    LineKept,
    differing,
    found,
)
from payment_service.domain.batches import BatchBook
from payment_service.domain.chart import is_guarded, kind_of
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem

_SUSPENSE_DAYS = timedelta(days=5)
_UNBOOKED = timedelta(hours=1)
_OUTBOX_SECONDS = timedelta(seconds=60)
_SILENCE = timedelta(seconds=90)
_LAG_MAX = 5_000
FEED_SILENCE = timedelta(minutes=15)
_OWED = frozenset(
    {"wallet", "escrow", "refunding", "clearing", "payable", "held", "payout", "gift", "tax"}
)


class AuditBooks(Protocol):
    """What an audit reads, outside of transactions. Iterators hold a page, never all."""

    def entries(self) -> Iterator[JournalEntry]:
        """The whole journal, oldest first."""
        ...

    def kept_balances(self) -> Iterator[tuple[str, int]]:
        """Guarded accounts with the units that are kept for them."""
        ...

    def mirrors(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Workers' own balances off the books: as they are kept, and what their memos add up to."""
        ...

    def batches(self) -> Iterator[BatchBook]: ...

    def works(self) -> BatchWorks: ...

    def items(self) -> Iterator[PayoutItem]: ...

    def lines(self) -> Iterator[LineKept]: ...

    def bank_lines(self) -> Iterator[BankLineKept]:
        """Lines of statements that are to be in the journal."""
        ...

    def unbooked_statements(self) -> Mapping[str, datetime]:
        """Statements that are not wholly in the journal, with when they were confirmed."""
        ...

    def decisions(self) -> Mapping[str, Decision]:
        """Approved proposals by id."""
        ...

    def open_exceptions(self) -> frozenset[str]:
        """Keys of what is in the exceptions queue."""
        ...

    def newest_reconciliation(self) -> Mapping[str, Any] | None: ...

    def oldest_unpublished(self) -> datetime | None:
        """When the oldest event that is not published yet was written."""
        ...

    def closed_periods(self) -> Mapping[str, ClosedPeriod]:
        """The periods that are closed, with what their closes stored."""
        ...

    def totals_apart(self) -> TotalsCompared:
        """task-service's control totals beside what its events said."""
        ...

    def processor_read_to(self) -> datetime | None:
        """Up to when all of the processor's lines were read, where they ever were."""
        ...

    def consumer(self) -> Consumer | None:
        """The events process, where it was ever heard of."""
        ...

    def dead_letters(self) -> int:
        """Events that were given up on and not replayed."""
        ...

    def counted_before(self) -> str:
        """The day before which the daily balances have counted everything; empty for none."""
        ...

    def counted(self, before: str) -> Mapping[str, int]:
        """Account -> debit minus credit of what they counted as booked before a day."""
        ...


class Seals(Protocol):
    def __call__(self) -> SealReport:
        """Verify the whole chain."""
        ...


class AuditMoney:
    """Reads everything and changes nothing."""

    def __init__(self, books: AuditBooks, *, seals: Seals, clock: Clock) -> None:
        self._books = books
        self._seals = seals
        self._clock = clock

    def __call__(self) -> Sequence[Finding]:
        """Every invariant in order. Blocks for as long as it takes to read the journal."""
        now = self._clock.now()
        day = self._books.counted_before()
        derived = self._books.counted(day)
        closed = self._books.closed_periods()
        tally = tally_of(self._books.entries(), counted_before=day)
        batches = list(self._books.batches())
        works = self._books.works()
        items = list(self._books.items())
        keys = self._books.open_exceptions()
        return [
            _i1(tally),
            *_guarded(tally, dict(self._books.kept_balances()), self._books.mirrors()),
            *of_batches(tally, batches, works, self._books.totals_apart()),
            *_of_lines(
                tally,
                list(self._books.lines()),
                self._books.newest_reconciliation(),
                _of_banks(tally, self._books, now),
            ),
            _i9(tally),
            _i10(tally, items),
            _i11(tally, items, keys, now),
            _i12(tally, closed),
            _i13(self._seals()),
            _i14(self._books, now),
            _i15(tally),
            _i16(tally, closed, derived),
            _i17(tally, self._books.decisions()),
        ]


def _i1(tally: Tally) -> Finding:
    sums: dict[str, int] = defaultdict(int)
    for path, units in tally.sums.items():
        sums[path.rpartition(":")[2]] += units
    apart = [f"{code}: {units}" for code, units in sums.items() if units]
    return found("I1", f"{tally.count} entries", [*tally.unbalanced, *apart])


def _guarded(
    tally: Tally, kept: Mapping[str, int], mirrors: tuple[Mapping[str, int], Mapping[str, int]]
) -> list[Finding]:
    summed = {path: -units for path, units in tally.sums.items() if is_guarded(path)}
    below = [f"{path}: {units}" for path, units in {**summed, **kept}.items() if units < 0]
    return [
        found("I2", f"{len(kept)} balances", [*differing(kept, summed), *differing(*mirrors)]),
        found("I3", f"{len(kept)} balances", below),
    ]


def _of_lines(
    tally: Tally,
    lines: Sequence[LineKept],
    newest: Mapping[str, Any] | None,
    banks: tuple[int, list[str]],
) -> list[Finding]:
    bank_count, wrong_at_banks = banks
    booked, wrong = dict(tally.booked), [*tally.doubled, *wrong_at_banks]
    mirrored: dict[str, int] = defaultdict(int)
    for line in lines:
        state = "available" if line.settled else "pending"
        mirrored[f"asset:stripe:{state}:{line.net.currency.code}"] += line.net.units
        entry = booked.pop(line.transaction_id, None)
        wanted = (line.entry_key, line.net.units, line.fee.units) if line.entry_key else None
        if entry != wanted:
            wrong.append(f"{line.transaction_id}: booked as {entry}, is {wanted}")
    wrong += [f"{line_id}: {entry[0]} has no line" for line_id, entry in booked.items()]
    ours = {path: units for path, units in tally.sums.items() if path.startswith("asset:stripe:")}
    apart = differing(ours, mirrored)
    if newest is not None and newest["journal"] != newest["processor"]:
        apart.append(f"reconciled: {newest['journal']} here, {newest['processor']} there")
    said = (
        "never reconciled" if newest is None else f"reconciled {newest['ended_at']:%Y-%m-%d %H:%M}"
    )
    return [
        found("I7", f"{_minor(ours)}; {said}", apart),
        found("I8", f"{len(lines)} processor lines, {bank_count} bank lines", wrong),
    ]


def _of_banks(tally: Tally, books: AuditBooks, now: datetime) -> tuple[int, list[str]]:
    """How many lines banks told of, and what is wrong with them."""
    kept = {f"{line.line_id} on {line.account}": line.units for line in books.bank_lines()}
    late = [
        f"{statement_id}: not booked since {confirmed_at:%Y-%m-%d %H:%M}"
        for statement_id, confirmed_at in books.unbooked_statements().items()
        if now - confirmed_at > _UNBOOKED
    ]
    return len(kept), [*differing(kept, tally.bank), *late]


def _minor(sums: Mapping[str, int]) -> str:
    """What the amounts are together, by currency."""
    totals: dict[str, int] = defaultdict(int)
    for path, units in sums.items():
        totals[path.rpartition(":")[2]] += units
    shown = [f"{code} {_plain(units, code)}" for code, units in sorted(totals.items())]
    return ", ".join(shown) or "nothing"


def _plain(units: int, code: str) -> str:
    scale = Currency.of(code).scale
    digits = f"{abs(units):0{scale + 1}d}"
    return f"{'-' if units < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def _i9(tally: Tally) -> Finding:
    """All we hold at the processor, in banks and under way, less all that is owed to others."""
    cover: dict[str, int] = defaultdict(int)
    for path, units in tally.sums.items():
        ours = path.startswith(("asset:stripe:", "asset:bank:", "asset:transit:"))
        if ours or (path.startswith("liability:") and _owed(path)):
            cover[path] += units
    totals: dict[str, int] = defaultdict(int)
    for path, units in cover.items():
        totals[path.rpartition(":")[2]] += units
    short = [f"{code}: {_plain(units, code)}" for code, units in totals.items() if units < 0]
    return found("I9", f"{_minor(cover)} of our own", short)


def _owed(path: str) -> bool:
    return kind_of(path) in _OWED


def _i10(tally: Tally, items: Sequence[PayoutItem]) -> Finding:
    wrong = []
    for item in items:
        name, amount = item.item_id, item.gross.units
        in_flight = tally.reserved[name] - tally.voided[name] - tally.posted[name]
        expected = amount if item.state in IN_FLIGHT else 0
        back = item.returnable.units if item.state is ItemState.RETURNED else 0
        paid = amount if item.state in {ItemState.PAID, ItemState.RETURNED} else 0
        facts = (in_flight, tally.posted[name], tally.returned[name])
        if facts != (expected, paid, back):
            wrong.append(f"{name}: {item.state}, {in_flight} in flight, {tally.posted[name]} paid")
        on_account = -tally.sums.get(f"liability:payout:{name}:{item.currency.code}", 0)
        if on_account != in_flight:
            wrong.append(f"{name}: {on_account} on its account, {in_flight} in flight")
    known = {item.item_id for item in items}
    wrong += [f"{name}: no such line" for name in tally.reserved if name not in known]
    wrong += [f"{name}: paid without a line" for name in tally.posted if name not in known]
    return found("I10", f"{len(items)} payout lines", wrong)


def _i11(
    tally: Tally, items: Sequence[PayoutItem], open_keys: frozenset[str], now: datetime
) -> Finding:
    """What is in flight for a day is in the queue, and suspense comes to nothing in five days."""
    late = [
        f"{item.item_id}: {item.state} and nobody knows"
        for item in items
        if item.state in IN_FLIGHT
        and is_late(item, now)
        and f"unknown:{item.item_id}" not in open_keys
    ]
    suspense = {p: n for p, n in tally.sums.items() if p.startswith("asset:suspense:") and n}
    late += [
        f"{path}: {suspense[path]} since {since:%Y-%m-%d}"
        for path, since in tally.suspense_since.items()
        if path in suspense and now - since > _SUSPENSE_DAYS
    ]
    in_flight = sum(item.state in IN_FLIGHT for item in items)
    return found("I11", f"{in_flight} in flight, suspense {_minor(suspense)}", late)


def _i12(tally: Tally, closed: Mapping[str, ClosedPeriod]) -> Finding:
    late = [
        f"{month}: an entry of {tally.newest_of_period[month]:%Y-%m-%d %H:%M}"
        for month, period in closed.items()
        if month in tally.newest_of_period and tally.newest_of_period[month] > period.closed_at
    ]
    return found("I12", f"{len(closed)} closed periods", late)


def _i13(report: SealReport) -> Finding:
    late = f"{report.sealed_count} sealed of {report.due_count} due"
    wrong = [] if report.holds else [report.broken or late]
    return found("I13", f"{report.sealed_count} sealed entries", wrong)


def _i14(books: AuditBooks, now: datetime) -> Finding:
    oldest, consumer, given_up = books.oldest_unpublished(), books.consumer(), books.dead_letters()
    age = timedelta() if oldest is None else now - oldest
    late = []
    if oldest and age > _OUTBOX_SECONDS:
        late.append(f"an event waits since {oldest:%Y-%m-%d %H:%M}")
    if given_up:
        late.append(f"{given_up} events were given up on")
    figure = f"oldest event waits {int(age.total_seconds())} s"
    if consumer is not None:
        looked = now - consumer.seen_at + timedelta(seconds=consumer.lag_age_seconds or 0)
        if looked > _SILENCE:
            late.append(f"nobody has looked for events since {consumer.seen_at:%Y-%m-%d %H:%M}")
        if consumer.lag is not None and consumer.lag > _LAG_MAX:
            late.append(f"{consumer.lag} events are not read")
        figure += f", {'unknown' if consumer.lag is None else consumer.lag} to read"
    read_to = books.processor_read_to()
    if read_to is not None and now - read_to > FEED_SILENCE:
        late.append(f"the processor was last read {read_to:%Y-%m-%d %H:%M}")
    return found("I14", figure, late)


def _i15(tally: Tally) -> Finding:
    over = [
        f"{worker}: paid {units}, earned {tally.earned[worker]}"
        for worker, units in tally.paid.items()
        if units > tally.earned[worker]
    ]
    return found("I15", f"{len(tally.paid)} paid workers", over)


def _i16(tally: Tally, closed: Mapping[str, ClosedPeriod], derived: Mapping[str, int]) -> Finding:
    """Each period balances by itself, and all movements together are the balances; the balances
    by day say the same, and so does what each close stored.
    """
    wrong = [
        f"{period}: {code} is {units} apart"
        for period, sums in tally.by_period.items()
        for code, units in _by_currency(sums).items()
        if units
    ]
    moved: dict[str, int] = defaultdict(int)
    for month in sorted({*tally.by_period, *closed}):
        for path, units in tally.by_period.get(month, {}).items():
            moved[path] += units
        if month in closed:
            apart = differing(closed[month].trial, moved)
            wrong += [f"closing of {month}, {each}" for each in apart]
    wrong += differing(moved, tally.sums)
    wrong += [f"by day, {each}" for each in differing(derived, tally.counted)]
    figure = f"{len(tally.by_period)} periods, {len(closed)} closings, {len(derived)} by day"
    return found("I16", figure, wrong)


def _by_currency(sums: Mapping[str, int]) -> Mapping[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for path, units in sums.items():
        totals[path.rpartition(":")[2]] += units
    return totals


def _i17(tally: Tally, decisions: Mapping[str, Decision]) -> Finding:
    wrong = []
    for key, refs in tally.manual:
        decision = decisions.get(refs.get("approval", ""))
        if decision is None:
            wrong.append(f"{key}: nobody approved it")
        elif decision.decided_by in {None, decision.made_by}:
            wrong.append(f"{key}: made and approved by {decision.made_by}")
    return found("I17", f"{len(tally.manual)} entries by hand", wrong)
