"""From any cent of a payout to the work behind it and the bank line before it, and back again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from crowdloom.kernel import Clock, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, PayoutItemId, PayoutRunId, WorkerId

from payment_service.application.bank_ports import BankLines
from payment_service.application.journal import JournalEntry
from payment_service.application.memo_ports import Memos
from payment_service.application.people_ports import PayoutRuns
from payment_service.application.rows import in_pieces
from payment_service.domain import bank_flows, chart
from payment_service.domain.memos import Reached, reached
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem, PayoutRun, Rail
from payment_service.domain.processor_lines import BalanceTransaction
from payment_service.domain.trails import BankSeen, Posting, Share, Trail, trail

# One account's: a day has a payout, and a run a line.
_MEMOS_MAX = 10_000


@dataclass(frozen=True)
class RewardLife:
    """What became of one answer's reward: `payable_at` is None while it is held back; `payout` the
    state of the payout that it is in, since `payout_at`, None while it is in none.
    """

    settled_at: datetime
    payable_at: datetime | None = None
    payout: ItemState | None = None
    payout_at: datetime | None = None

    @property
    def is_paid(self) -> bool:
        return self.payout is ItemState.PAID

    @property
    def is_on_its_way(self) -> bool:
        return self.payout in IN_FLIGHT


class TrailBooks(Protocol):
    """Blocks; reads what is committed. Iterators hold a page, never all."""

    def entry(self, entry_id: str) -> JournalEntry | None: ...

    def by_keys(self, keys: Collection[str]) -> Mapping[str, JournalEntry]: ...

    def of_item(self, item_id: str) -> Sequence[JournalEntry]:
        """Oldest first."""
        ...

    def before(self, path: str, entry_id: str) -> Iterator[JournalEntry]:
        """Entries that moved the account before this one, newest first."""
        ...

    def after(self, path: str, entry_id: str) -> Iterator[JournalEntry]:
        """Entries that moved the account after this one, oldest first."""
        ...

    def balance_before(self, path: str, entry_id: str) -> int:
        """Units on the credit side when this entry had not been posted yet."""
        ...

    def line(self, transaction_id: str) -> BalanceTransaction | None:
        """The processor's line as we mirrored it."""
        ...


class Readers(Protocol):
    @property
    def payout_runs(self) -> PayoutRuns: ...
    @property
    def bank_lines(self) -> BankLines: ...
    @property
    def memos(self) -> Memos: ...


class ShowTrail:
    def __init__(self, readers: Readers, books: TrailBooks, *, clock: Clock) -> None:
        self._readers = readers
        self._books = books
        self._clock = clock

    def item(self, item_id: str) -> Trail:
        """Raises NotFound."""
        found = self._readers.payout_runs.item(PayoutItemId(item_id))
        if found is None:
            raise NotFound("There is no such payout line")
        return self._trail(found)

    def run(
        self, run_id: str, count_max: int, *, after: str = ""
    ) -> tuple[PayoutRun, Sequence[Trail], str | None]:
        """The run, a page of its trails by item, and where the next page begins. Raises NotFound"""
        run, all_items = self.items(run_id)
        items = [item for item in all_items if item.item_id > after]
        page = items[:count_max]
        following = page[-1].item_id if len(items) > count_max else None
        return run, self.of(page), following

    def items(self, run_id: str) -> tuple[PayoutRun, Sequence[PayoutItem]]:
        """The run and all of its items. Raises NotFound."""
        run = self._readers.payout_runs.get(PayoutRunId(run_id))
        if run is None:
            raise NotFound("There is no such payout run")
        return run, self._readers.payout_runs.items(run.run_id)

    def of(self, items: Sequence[PayoutItem]) -> Sequence[Trail]:
        """A trail for each: some queries every time."""
        return [self._trail(item) for item in items]

    def paid_by(self, entry_id: str) -> PayoutItemId | None:
        """The payout that an entry of work or of a bonus is in; None while it is in none yet.

        Raises NotFound.
        """
        entry = self._books.entry(entry_id)
        if entry is None:
            raise NotFound("There is no such entry")
        path = next((n.account for n in entry.lines if _is_payable(n.account)), None)
        if path is None:
            matured = f"mature:{entry.refs.get('assignment', '')}"
            entry = self._books.by_keys({matured}).get(matured)
            if entry is None:
                return None
            path = next((n.account for n in entry.lines if _is_payable(n.account)), None)
        return self._reserving(path, entry) if path is not None else None

    def reward(self, worker_id: WorkerId | None, assignment_id: AssignmentId) -> RewardLife:
        """For its worker; for an operator, who is told of no worker, where None. Raises NotFound
        where nothing was settled, for another's as well.
        """
        earned, appealed = f"accept:{assignment_id}", f"accept:{assignment_id}:appeal"
        matured = f"mature:{assignment_id}"
        found = self._books.by_keys({earned, appealed, matured})
        entry = found.get(appealed) or found.get(earned)
        if entry is None or worker_id not in (None, entry.refs.get("worker")):
            raise NotFound("There is no such reward", assignment_id=assignment_id)
        if matured not in found:
            return RewardLife(entry.booked_at)
        item_id = self.paid_by(entry.entry_id)
        item = self._readers.payout_runs.item(item_id) if item_id else None
        payable_at = found[matured].booked_at
        if item is None:
            return RewardLife(entry.booked_at, payable_at)
        return RewardLife(entry.booked_at, payable_at, item.state, item.changed_at)

    def _reserving(self, path: str, entry: JournalEntry) -> PayoutItemId | None:
        """Debits are paid by the oldest credits: this one's turn comes after those before it."""
        ahead = self._books.balance_before(path, entry.entry_id)
        for later in self._books.after(path, entry.entry_id):
            taken = sum(n.debit for n in later.lines if n.account == path)
            if taken > ahead:
                item_id = later.refs.get("item")
                return PayoutItemId(item_id) if item_id else None
            ahead -= taken
        return None

    def _trail(self, item: PayoutItem) -> Trail:
        entries = self._books.of_item(item.item_id)
        postings = [
            Posting(e.entry_id, e.key, e.code, Money(e.total, e.currency), e.booked_at)
            for e in entries
        ]
        reserves = [entry for entry in entries if entry.code == "payout_reserve"]
        shares = self._backed(self._shares(item, reserves[0])) if reserves else []
        line = self._books.line(item.transaction_id) if item.transaction_id else None
        seen = [
            BankSeen(kept.line_id, kept.line.amount, kept.line.booked_on)
            for kind in (bank_flows.PAYOUT, bank_flows.RETURN)
            for kept in self._readers.bank_lines.matched_with(kind, item.item_id)
        ]
        # One line for the whole file: this item's share of it is what was posted.
        seen += [
            BankSeen(kept.line_id, -item.amount, kept.line.booked_on)
            for kept in self._readers.bank_lines.matched_with(
                bank_flows.FILE, str(item.transfer_id)
            )
            if kept.line_id == item.transaction_id
        ]
        return trail(
            item,
            shares=shares,
            postings=postings,
            processor_line=line,
            bank_lines=seen,
            reached=self._reached(item),
            now=self._clock.now(),
        )

    def _reached(self, item: PayoutItem) -> Reached | None:
        if item.rail is not Rail.STRIPE or item.state is not ItemState.PAID:
            return None
        path = chart.connected(item.destination, item.currency)
        return reached(self._readers.memos.of_account(path, _MEMOS_MAX), item.item_id)

    def _shares(self, item: PayoutItem, reserve: JournalEntry) -> Sequence[Share]:
        """Of the first reservation: what a refusal gave back is reserved again as it was."""
        path = chart.payable(item.worker_id, item.currency)
        outstanding = self._books.balance_before(path, reserve.entry_id)
        # As many as there were unpaid answers: the oldest count, so none of them may be left out.
        given_by: list[Share] = []
        for entry in self._books.before(path, reserve.entry_id):
            if outstanding <= 0:
                break
            given = sum(n.credit for n in entry.lines if n.account == path)
            if given:
                given_by.append(_share(entry, Money(min(given, outstanding), item.currency)))
                outstanding -= given
        shares, needed = [], item.gross.units
        for share in reversed(given_by):
            part = min(share.amount.units, needed)
            if part > 0:
                shares.append(replace(share, amount=Money(part, item.currency)))
                needed -= part
        return shares

    def _backed(self, shares: Sequence[Share]) -> Sequence[Share]:
        return [each for piece in in_pieces(shares) for each in self._backed_together(piece)]

    def _backed_together(self, shares: Sequence[Share]) -> Iterator[Share]:
        keys = {key for share in shares for key in _accept_keys(share)}
        accepts = self._books.by_keys(keys) if keys else {}
        for share in shares:
            found = next((accepts[k] for k in _accept_keys(share) if k in accepts), None)
            yield replace(share, accept_id=found.entry_id if found is not None else "")


def _share(entry: JournalEntry, amount: Money) -> Share:
    return Share(
        entry_id=entry.entry_id,
        code=entry.code,
        amount=amount,
        assignment_id=entry.refs.get("assignment", ""),
        batch_id=entry.refs.get("batch", ""),
    )


def _accept_keys(share: Share) -> tuple[str, ...]:
    if share.code != "mature":
        return ()
    return (f"accept:{share.assignment_id}", f"accept:{share.assignment_id}:appeal")


def _is_payable(path: str) -> bool:
    return path.startswith("liability:worker:") and chart.kind_of(path) == "payable"
