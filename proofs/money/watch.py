"""What must hold after every commit. It keeps sums of its own and looks at what changed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import PayoutItemId, RequesterId, WorkerId
from crowdloom.testkit.memory_collection import Change
from payment_service.domain import chart
from payment_service.domain.chart import is_debit_side, is_guarded

from proofs.money.batches import Batches

_NOT_BEGUN = {"planned", "approved", "failed"}
_IN_FLIGHT = {"reserved", "sending", "unknown", "filed", "sent"}
_OPEN_PARTS = {"approved", "sending", "unknown", "sent"}


class Broken(AssertionError):
    """An invariant does not hold."""


def require(held: bool, sentence: str) -> None:
    """Raises Broken."""
    if not held:
        raise Broken(sentence)


@dataclass(frozen=True)
class Item:
    """A payout line as it was committed last: `units` are all that was taken for it, `kept_units`
    what is not given back where its bank sends it back.
    """

    state: str
    units: int
    worker_id: str
    rail: str = "stripe"
    kept_units: int = 0

    @property
    def in_flight(self) -> int:
        return self.units if self.state in _IN_FLIGHT else 0

    @property
    def posted(self) -> int:
        return self.units if self.state in {"paid", "returned"} else 0

    @property
    def returned(self) -> int:
        return self.units - self.kept_units if self.state == "returned" else 0


@dataclass(frozen=True)
class Refund:
    """As it was committed last."""

    requester_id: RequesterId
    status: str
    units: int


@dataclass(frozen=True)
class RefundPart:
    refund_id: str
    state: str
    units: int


class Watch:
    """Fed by the database with each commit's changes."""

    def __init__(self, batches: Batches, currency: Currency) -> None:
        self._batches = batches
        self._currency = currency
        self.sums: dict[str, int] = defaultdict(int)
        self.kept: dict[str, int] = {}
        self.accepts: dict[str, set[str]] = defaultdict(set)
        self.overturns: dict[str, set[str]] = defaultdict(set)
        self.items: dict[str, Item] = {}
        self.refunds: dict[str, Refund] = {}
        self.parts: dict[str, RefundPart] = {}
        self.holds: dict[str, tuple[str, int]] = {}
        self.held: set[str] = set()
        self.suspended: set[str] = set()
        self.posted: dict[str, int] = defaultdict(int)
        self.returned: dict[str, int] = defaultdict(int)
        self.booked: dict[str, str] = {}
        self.lines: dict[str, str | None] = {}
        self.line_units = 0
        self.own: dict[str, int] = defaultdict(int)
        self.keys: set[str] = set()
        self.given: dict[str, int] = defaultdict(int)
        self.commits = 0
        self.codes: Counter[str] = Counter()

    def look(self, changes: Sequence[Change]) -> None:
        """Raises Broken. I1 to I8 and I10 for all that the commit touched."""
        self.commits += 1
        by: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by[change.collection].append(change)
        for change in by["journal"]:
            self._entry(change)
        for change in by["accounts"]:
            self.kept[change.key] = (change.after or {}).get("posted", 0)
        for change in by["stripe_bt"]:
            self._line(change)
        for change in by["payout_items"]:
            self._item(change)
        self._note_suspensions(by["suspensions"])
        self._note_holds(by["holds"])
        self._note_refunds(by["refunds"], by["refund_parts"])
        touched = {line["a"] for c in by["journal"] if c.after for line in c.after["lines"]}
        for worker_id in {path.split(":")[2] for path in touched if ":held:" in path}:
            self._check_held(worker_id)
        self._check_accounts(touched | {change.key for change in by["accounts"]})
        self._check_lines(by["journal"], by["stripe_bt"])
        self._check_items({c.key for c in by["payout_items"]} | _items_of(by["journal"]))

    def _note_suspensions(self, changes: Sequence[Change]) -> None:
        for change in changes:
            row = change.after or {}
            if row["lifted_at"] is None:
                self.suspended.add(row["worker_id"])
            else:
                self.suspended.discard(row["worker_id"])

    def _note_holds(self, changes: Sequence[Change]) -> None:
        """What is held of a worker is what its open holds say, and nothing else."""
        for change in changes:
            row = change.after or {}
            self.holds.pop(change.key, None)
            if row["released_at"] is None:
                self.holds[change.key] = (row["worker_id"], Money.from_wire(row["amount"]).units)
        if changes:
            self.held = {worker for worker, _ in self.holds.values()}

    def _check_held(self, worker_id: str) -> None:
        held = -self.sums[chart.held(WorkerId(worker_id), self._currency)]
        wanted = sum(units for worker, units in self.holds.values() if worker == worker_id)
        require(held == wanted, f"{worker_id}: {held} is held, its holds say {wanted}")

    def _note_refunds(self, refunds: Sequence[Change], parts: Sequence[Change]) -> None:
        for change in refunds:
            row = change.after or {}
            units = Money.from_wire(row["amount"]).units
            self.refunds[change.key] = Refund(row["requester_id"], row["status"], units)
        for change in parts:
            row = change.after or {}
            units = Money.from_wire(row["amount"]).units
            self.parts[change.key] = RefundPart(row["refund_id"], row["state"], units)
        named = {change.key for change in refunds}
        named |= {self.parts[change.key].refund_id for change in parts}
        for requester_id in {self.refunds[name].requester_id for name in named}:
            self._check_refunding(requester_id)

    def _check_refunding(self, requester_id: RequesterId) -> None:
        """I10 for refunds: what is on the way back is what is asked for, or approved and open."""
        path = chart.refunding(requester_id, self._currency)
        mine = {n: r for n, r in self.refunds.items() if r.requester_id == requester_id}
        asked = sum(each.units for each in mine.values() if each.status == "asked")
        under_way = sum(
            part.units
            for part in self.parts.values()
            if part.refund_id in mine and part.state in _OPEN_PARTS
        )
        held = -self.sums[path]
        require(held == asked + under_way, f"I10 {path}: {held}, not {asked} + {under_way}")

    def _entry(self, change: Change) -> None:
        entry = change.after
        require(change.before is None and entry is not None, f"{change.key} was changed")
        assert entry is not None  # noqa: S101 - so above; for the type checker
        debits = sum(line["dr"] for line in entry["lines"])
        credits_ = sum(line["cr"] for line in entry["lines"])
        require(debits == credits_ == entry["total"], f"I1 {entry['key']}: unbalanced")
        require(entry["key"] not in self.keys, f"{entry['key']}: posted twice")
        self.keys.add(entry["key"])
        for line in entry["lines"]:
            self.sums[line["a"]] += line["dr"] - line["cr"]
            if line["a"].startswith("liability:worker:"):
                self.own[line["a"].split(":")[2]] += line["cr"] - line["dr"]
        self._note(entry)

    def _note(self, entry: Mapping[str, Any]) -> None:
        refs, code = entry["refs"], entry["code"]
        self.codes[code] += 1
        if code == "accept":
            self.accepts[refs["batch"]].add(refs["assignment"])
        elif code == "overturn":
            self.overturns[refs["batch"]].add(refs["assignment"])
        elif code == "payout_post":
            self.posted[refs["item"]] += entry["total"]
        elif code == "bank_unmatch" and "item" in refs:
            self.posted[refs["item"]] -= entry["total"]
        elif code in {"payout_return", "return_unmatch"}:
            back = 1 if code == "payout_return" else -1
            self.returned[refs["item"]] += back * entry["total"]
        elif code in {"manual", "correction", "bonus"}:
            for line in entry["lines"]:
                if ":payable:" in line["a"]:
                    self.given[line["a"].split(":")[2]] += line["cr"] - line["dr"]
        if "stripe_txn" in refs and code != "settle":
            line_id = refs["stripe_txn"]
            require(line_id not in self.booked, f"I8 {line_id}: booked twice")
            self.booked[line_id] = entry["key"]

    def _line(self, change: Change) -> None:
        row = change.after or {}
        if change.before is None:
            self.lines[change.key] = row["entry_key"]
            self.line_units += Money.from_wire(row["net"]).units

    def _item(self, change: Change) -> None:
        if change.after is None:
            self.items.pop(change.key, None)
            return
        row = change.after
        fee = row["fee_units"]
        amount = Money.from_wire(row["amount"]).units + fee + row["withheld_units"]
        before = change.before or {"state": "planned"}
        begun = before["state"] in _NOT_BEGUN and row["state"] == "reserved"
        barred = begun and row["worker_id"] in self.suspended | self.held
        require(not barred, f"{change.key}: begun for a worker who is suspended or held")
        self.items[change.key] = Item(
            row["state"], amount, row["worker_id"], row["rail"], kept_units=fee
        )

    def _check_accounts(self, paths: set[str]) -> None:
        for path in paths:
            if not is_guarded(path):
                continue
            natural = self.sums[path] if is_debit_side(path) else -self.sums[path]
            kept = self.kept.get(path, 0)
            require(kept == natural, f"I2 {path}: {kept} is not {natural}")
            require(kept >= 0, f"I3 {path}: {kept}")

    def _check_lines(self, entries: Sequence[Change], lines: Sequence[Change]) -> None:
        for change in lines:
            if change.before is None:
                key = self.lines[change.key]
                booked = self.booked.get(change.key)
                require(booked == key, f"I8 {change.key}: line and entry differ")
        for change in entries:
            refs = (change.after or {}).get("refs", {})
            known = refs.get("stripe_txn") in {None, *self.lines}
            require(known, f"I8 {change.key}: an entry without its line")
        stripe = sum(n for path, n in self.sums.items() if path.startswith("asset:stripe:"))
        require(
            stripe == self.line_units,
            f"I7 {stripe} at the processor, its lines say {self.line_units}",
        )

    def _check_items(self, items: set[str]) -> None:
        for item_id in items:
            item = self.items.get(item_id, Item("gone", 0, ""))
            path = chart.payout_item(PayoutItemId(item_id), self._currency)
            facts = (-self.sums[path], self.posted[item_id], self.returned[item_id])
            expected = (item.in_flight, item.posted, item.returned)
            require(
                facts == expected,
                f"I10 {item_id}: {item.state} with {facts}",
            )

    def check_batches(self) -> None:
        """I4, I5 and I6, against what was taken in. Raises Broken."""
        for batch in self._batches.all.values():
            path = chart.escrow(batch.requester_id, batch.batch_id, self._currency)
            held = -self.sums[path]
            expected = batch.escrow_units
            name = "I6" if batch.completed else "I4"
            require(
                held == expected,
                f"{name} {batch.batch_id}: {held}, not {expected}",
            )
            for entries, wanted in (
                (self.accepts[batch.batch_id], batch.settled),
                (self.overturns[batch.batch_id], batch.upheld),
            ):
                require(entries == wanted, f"I5 {batch.batch_id}: {entries ^ wanted} differ")

    def check_workers(self) -> None:
        """Whatever was earned is in clearing, payable, held, in flight or paid. Raises Broken."""
        earned, sent = self._batches.earned(), self.sent()
        for worker in {*earned, *self.given, *sent}:
            facts = self.own[worker] + sent.get(worker, 0)
            total = earned.get(worker, 0) + self.given[worker]
            require(facts == total, f"I15 {worker}: {facts} of {total}")

    def check_cover(self) -> None:
        """I9. Raises Broken."""
        ours = ("asset:stripe:", "asset:bank:", "asset:transit:", "liability:")
        cover = sum(n for path, n in self.sums.items() if path.startswith(ours))
        require(cover >= 0, f"I9 {-cover} units short of what is owed")

    def sent(self) -> Mapping[str, int]:
        """By worker: in flight and paid."""
        sent: dict[str, int] = defaultdict(int)
        for item in self.items.values():
            sent[item.worker_id] += item.posted - item.returned + item.in_flight
        return sent


def _items_of(entries: Sequence[Change]) -> set[str]:
    refs = [(change.after or {}).get("refs", {}) for change in entries]
    return {ref["item"] for ref in refs if "item" in ref}
