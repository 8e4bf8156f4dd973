"""The journal as files for others: accountants, their packages, auditors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.journal import JournalEntry
from payment_service.application.ports import Session


@dataclass(frozen=True)
class Period:
    """Both days belong to it; they are the entries' effective dates."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.since == date.min or self.until == date.max:
            raise InvalidInput(
                "A day before the first one and after the last one",
                errors={"since": ["Later"], "until": ["Earlier"]},
            )
        if self.until < self.since:
            raise InvalidInput(
                "The last day is before the first one", errors={"until": ["Before the first day"]}
            )

    @property
    def day_after(self) -> date:
        return self.until + timedelta(days=1)


class Books(Protocol):
    """Blocks; reads in pieces, so that a long journal never is in memory."""

    def between(self, since: date, until: date) -> Iterator[JournalEntry]:
        """Entries effective on these days, by day and id."""
        ...

    def balances_before(self, day: date) -> Mapping[str, int]:
        """Account -> debit minus credit of all that was effective before the day."""
        ...


Write = Callable[[Books, Period], Iterator[bytes]]


@dataclass(frozen=True)
class Format:
    """One kind of file. `write` gives it piece by piece."""

    name: str
    suffix: str
    media_type: str
    write: Write


@dataclass(frozen=True)
class Export:
    file_name: str
    media_type: str
    pieces: Iterator[bytes]


class ExportJournal:
    def __init__(
        self, store: Store[Session], books: Books, *, formats: Mapping[str, Format]
    ) -> None:
        self._store = store
        self._books = books
        self.formats = formats

    def __call__(self, who: StaffId, name: str, period: Period) -> Export:
        """Who took the books away is noted first. Raises NotFound for an unknown format."""
        wanted = self.formats.get(name)
        if wanted is None:
            raise NotFound("There is no such export")
        since, until = period.since.isoformat(), period.until.isoformat()
        self._store.run(
            lambda session: session.audit.note(
                who=who, what="journal.export", subject=name, since=since, until=until
            )
        )
        return Export(
            file_name=f"crowdloom-{name}-{since}-{until}.{wanted.suffix}",
            media_type=wanted.media_type,
            pieces=wanted.write(self._books, period),
        )
