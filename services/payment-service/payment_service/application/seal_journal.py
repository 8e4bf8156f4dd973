"""Numbering and chaining the journal, off the hot path: one writer, some seconds behind.

No posting waits for a counter, and still nobody can change, remove or slip in an entry unseen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from crowdloom.kernel import Clock

from payment_service.domain.seals import BEGINNING, Seal, hash_of, next_seal

# Longer than a transaction may take: whatever is older has been committed.
TRAILING = timedelta(seconds=30)
ENTRIES_TOGETHER = 500


class SealedJournal(Protocol):
    """The journal as the sealer sees it. Blocks; entries are documents as they are stored."""

    def last_seal(self) -> Seal | None: ...

    def unsealed(self, until: datetime, count_max: int) -> Sequence[Mapping[str, Any]]:
        """Entries booked before, in the order of their ids, that have no seal."""
        ...

    def keep(self, seals: Sequence[Seal], at: datetime) -> None:
        """All of them, or none where another writer was first."""
        ...

    def sealed_entries(self, after: int = 0) -> Iterator[tuple[Seal, Mapping[str, Any] | None]]:
        """Every seal after a number in order, with its entry; None where that is gone."""
        ...

    def count_booked(self, until: datetime) -> int: ...


class SealJournal:
    """A job; returns how many entries were sealed."""

    def __init__(self, journal: SealedJournal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    def __call__(self) -> int:
        now = self._clock.now()
        entries = self._journal.unsealed(now - TRAILING, ENTRIES_TOGETHER)
        seals: list[Seal] = []
        last = self._journal.last_seal() if entries else None
        for entry in entries:
            last = next_seal(last, entry)
            seals.append(last)
        if seals:
            self._journal.keep(seals, now)
        return len(seals)


@dataclass(frozen=True)
class SealReport:
    """`head` is the last hash; `broken` says what is wrong first, None where nothing is. What is
    due is counted for the whole chain alone, and 0 where one looked at a part of it.
    """

    sealed_count: int
    due_count: int
    head: str
    broken: str | None

    @property
    def holds(self) -> bool:
        return self.broken is None and self.sealed_count >= self.due_count


class VerifySeals:
    """Walk the chain beside the journal, in bounded memory."""

    def __init__(self, journal: SealedJournal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._seen = (0, BEGINNING)

    def __call__(self) -> SealReport:
        """The whole of it."""
        # What the sealer had one turn to do: twice its delay.
        due_count = self._journal.count_booked(self._clock.now() - 2 * TRAILING)
        return self._walk(0, BEGINNING, due_count)

    def on(self, count: int = 0, head: str = BEGINNING) -> SealReport:
        """From a seal that was verified before, or from where the last walk of this process ended,
        whichever is later: for a look, not for a proof.
        """
        return self._walk(*max(self._seen, (count, head)))

    def since(self, count: int, head: str) -> SealReport:
        """From a seal that was verified before: the next one must follow it."""
        return self._walk(count, head)

    def _walk(self, count: int, head: str, due_count: int = 0) -> SealReport:
        for seal, entry in self._journal.sealed_entries(count):
            broken = _fault(seal, entry, previous=head, number=count + 1)
            if broken:
                return SealReport(count, due_count, head, broken)
            head, count = seal.hash, count + 1
        self._seen = (count, head)
        return SealReport(count, due_count, head, None)


def _fault(
    seal: Seal, entry: Mapping[str, Any] | None, *, previous: str, number: int
) -> str | None:
    if seal.number != number or seal.previous != previous:
        return f"seal {number} is missing or does not follow the one before"
    if entry is None:
        return f"entry {seal.entry_id} is gone"
    if hash_of(previous, entry) != seal.hash:
        return f"entry {seal.entry_id} was changed"
    return None
