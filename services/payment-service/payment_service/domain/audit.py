"""The invariants of the books (money.md section 8): what each says, and what was found of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId

from payment_service.domain.batches import BatchBook

BROKEN_SHOWN_MAX = 20
SENTENCES: Mapping[str, str] = {
    "I1": "Every entry balances, is unchanged and named after its cause; all sum to zero",
    "I2": "Every kept balance equals the sum of its lines",
    "I3": "No guarded account is below zero",
    "I4": "What is reserved for a batch is what its open slots cost, as task-service counts them",
    "I5": "Every accepted submission has one entry, at the published terms",
    "I6": "Nothing is reserved for a closed batch, but what accepted work still needs",
    "I7": "Our books of the processor's balance equal its lines and its own figure",
    "I8": "Every line of the processor and of a bank is booked once, none without its line",
    "I9": "What we hold covers what we owe to requesters and workers",
    "I10": "Every payout line's money is reserved, given back, paid or under way, once",
    "I11": "Nothing is under way for a day, or in suspense for five, without being asked after",
    "I12": "No entry was booked into a closed period",
    "I13": "The chain of seals over the journal verifies",
    "I14": "Events are published and read soon, none was given up on, and the processor is heard",
    "I15": "No worker was paid more than was earned",
    "I16": "Every period balances, and all of them, the daily balances and the closes say the same",
    "I17": "Every entry by hand was made by one person and approved by another",
}


@dataclass(frozen=True)
class Finding:
    """One invariant. `figure` is what was looked at; `broken` names the first that do not hold."""

    invariant: str
    figure: str
    broken: tuple[str, ...] = ()
    broken_count: int = 0

    @property
    def holds(self) -> bool:
        return self.broken_count == 0


@dataclass(frozen=True)
class LineKept:
    """A processor's line as it is mirrored. `entry_key` is None where it moves nothing."""

    transaction_id: str
    entry_key: str | None
    fee: Money
    net: Money
    settled: bool


@dataclass(frozen=True)
class BankLineKept:
    """A line of a bank statement that is in the journal, and the bank's account there."""

    line_id: str
    account: str
    units: int


@dataclass(frozen=True)
class BatchWork:
    """What is known of a batch's accepted submissions, and what task-service said of them."""

    accepted_count: int = 0
    settled_count: int = 0
    waiting_count: int = 0


@dataclass(frozen=True)
class Decision:
    """An approved proposal: who made it and who approved it."""

    made_by: str
    decided_by: str | None


@dataclass(frozen=True)
class ClosedPeriod:
    """When a period was closed for good, and the balances that its close stored, by account."""

    closed_at: datetime
    trial: Mapping[str, int]


@dataclass(frozen=True)
class Consumer:
    """The events process: when it was heard of, how many events it has not read (None where it has
    not looked yet), and how long before that it had looked.
    """

    seen_at: datetime
    lag: int | None
    lag_age_seconds: float | None


NO_WORK = BatchWork()


def expected_escrow(book: BatchBook, *, settled_units: int) -> int:
    """Units that must be reserved for a batch: its cost, less what was settled and given back."""
    cost = book.cost.units if book.cost else 0
    return cost - settled_units - book.released_units


def found(invariant: str, figure: str, broken: list[str]) -> Finding:
    return Finding(invariant, figure, tuple(broken[:BROKEN_SHOWN_MAX]), len(broken))


def differing(one: Mapping[str, int], other: Mapping[str, int]) -> list[str]:
    """The names under which the two differ, with both figures; absent is 0."""
    return [
        f"{name}: {one.get(name, 0)} is not {other.get(name, 0)}"
        for name in sorted({*one, *other})
        if one.get(name, 0) != other.get(name, 0)
    ]


BatchWorks = Mapping[BatchId, BatchWork]
