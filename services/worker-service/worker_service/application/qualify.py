"""A worker looks at what can be had, sees how far off it is, and takes tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, WorkerId

from worker_service.application.granting import grant
from worker_service.application.ports import Readers, Session, Store
from worker_service.domain.batches import BatchTerms
from worker_service.domain.qualifications import (
    GrantedBy,
    HasNoTest,
    Held,
    Qualification,
    Record,
    Test,
    TestNotOpen,
    Tries,
)

OFFERED_MAX = 200
OPENS_SHOWN_MAX = 20
_BATCHES_MAX = 500


@dataclass(frozen=True)
class Entry:
    """A qualification beside what this worker has of it. `open_batch_count` batches ask for it now;
    `held` may have ended; `opens_at` is when the test can be tried next, None where at once.
    """

    qualification: Qualification
    open_batch_count: int
    held: Held | None
    is_held: bool
    tries_left: int | None = None
    opens_at: datetime | None = None
    last_score: int | None = None

    @property
    def may_try(self) -> bool:
        test = self.qualification.test
        wanted = test is not None and not self.is_held and not self.qualification.closed
        taken_back = self.held is not None and self.held.is_taken_back
        return wanted and not taken_back and bool(self.tries_left) and self.opens_at is None


@dataclass(frozen=True)
class Catalogue:
    """What there is, the worker's record, and the days since the account was made."""

    entries: Sequence[Entry]
    record: Record
    age_days: int


@dataclass(frozen=True)
class TestResult:
    score: int
    passed: bool
    tries_left: int
    opens_at: datetime | None


class Qualify:
    def __init__(
        self,
        store: Store[Session],
        readers: Readers,
        clock: Clock,
        market: Sequence[Qualification],
    ) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock
        self._market = {one.code: one for one in market}

    def catalogue(self, worker_id: WorkerId) -> Catalogue:
        """The market's own, then requesters', the newest first. A requester's that is given by hand
        alone is shown to whoever has it, and where open work asks for it. Raises NotFound.
        """
        worker = self._readers.workers.get(worker_id)
        if worker is None:
            raise NotFound("There is no such worker", worker_id=worker_id)
        held = {one.code: one for one in self._readers.held.of_worker(worker_id)}
        tries = {one.code: one for one in self._readers.held.tries_of_worker(worker_id)}
        counts = self._open_counts()
        entries = [
            self._entry(
                one, held.get(one.code), tries.get(one.code), counts.get(one.code, 0), worker_id
            )
            for one in self._known([*held, *counts])
        ]
        age = self._clock.now() - worker.registered_at
        return Catalogue(
            [entry for entry in entries if _is_shown(entry)],
            self._readers.records.get(worker_id),
            age // timedelta(days=1),
        )

    def entry(self, worker_id: WorkerId, code: str) -> Entry:
        """Raises NotFound."""
        held = self._readers.held.get(worker_id, code)
        tries = self._readers.held.tries(worker_id, code)
        one = self._existing(self._readers, code)
        return self._entry(one, held, tries, self._open_counts().get(code, 0), worker_id)

    def opens(self, code: str) -> Mapping[BatchId, BatchTerms]:
        """The open batches that ask for it, the newest first, at most OPENS_SHOWN_MAX."""
        asking = {
            card.batch_id: card.terms
            for card in self._readers.batches.listed(_BATCHES_MAX)
            if card.terms and code in card.terms.qualifications
        }
        return dict(list(asking.items())[:OPENS_SHOWN_MAX])

    def find(self, code: str) -> Qualification | None:
        """One that there is: of the market's own without a read, else by a point read."""
        return self._market.get(code) or self._readers.qualifications.get(code)

    def record(self, worker_id: WorkerId) -> Record:
        """What was decided about the worker's work so far; point read."""
        return self._readers.records.get(worker_id)

    def take_test(
        self, worker_id: WorkerId, code: str, answers: Iterable[tuple[str, str]]
    ) -> TestResult:
        """Score one try, and grant where it passes. Raises NotFound, HasNoTest, TestNotOpen, and
        InvalidInput where a question is not answered: that is no try.
        """
        given = list(answers)

        def work(session: Session) -> TestResult:
            if session.workers.get(worker_id) is None:
                raise NotFound("There is no such worker", worker_id=worker_id)
            qualification = self._existing(session, code)
            test = _open_test(qualification)
            now = self._clock.now()
            held = session.held.get(worker_id, code)
            if held is not None and held.is_active(now):
                raise TestNotOpen("You have this qualification already")
            if held is not None and held.is_taken_back:
                raise TestNotOpen("Its requester took it back, and can give it again")
            every = session.held.tries(worker_id, code)
            every.counted(held, now).check_open(test, now)
            score = test.score(given)
            every = every.with_try(score, now)
            session.held.put_tries(every)
            tries = every.counted(held, now)
            passed = score >= test.pass_percent
            if passed:
                ends_at = qualification.ends_at(now)
                grant(session, Held(worker_id, code, GrantedBy.TEST, now, ends_at, score))
            return TestResult(score, passed, tries.left(test), tries.opens_at(test))

        return self._store.run(work)

    def _entry(
        self,
        qualification: Qualification,
        held: Held | None,
        tries: Tries | None,
        open_batch_count: int,
        worker_id: WorkerId,
    ) -> Entry:
        now = self._clock.now()
        is_held = held is not None and held.is_active(now)
        test = qualification.test
        if test is None:
            return Entry(qualification, open_batch_count, held, is_held)
        tries = (tries or Tries(worker_id, qualification.code)).counted(held, now)
        opens_at = tries.opens_at(test)
        return Entry(
            qualification,
            open_batch_count,
            held,
            is_held,
            tries_left=tries.left(test),
            opens_at=opens_at if opens_at is not None and opens_at > now else None,
            last_score=tries.scores[-1] if tries.scores else None,
        )

    def _known(self, codes: Sequence[str]) -> Sequence[Qualification]:
        own = {one.code: one for one in self._readers.qualifications.offered(OFFERED_MAX)}
        missing = [code for code in dict.fromkeys(codes) if code not in own | self._market]
        more = self._readers.qualifications.many(missing)
        return [*self._market.values(), *own.values(), *more]

    def _existing(self, session: Readers, code: str) -> Qualification:
        found = self._market.get(code) or session.qualifications.get(code)
        if found is None:
            raise NotFound("There is no such qualification", qualification=code)
        return found

    def _open_counts(self) -> Mapping[str, int]:
        """For each qualification, how many open batches ask for it."""
        counts: dict[str, int] = {}
        for card in self._readers.batches.listed(_BATCHES_MAX):
            for code in card.terms.qualifications if card.terms else ():
                counts[code] = counts.get(code, 0) + 1
        return counts


def _open_test(qualification: Qualification) -> Test:
    if qualification.test is None or qualification.closed:
        raise HasNoTest("This qualification is not got by a test", qualification=qualification.code)
    return qualification.test


def _is_shown(entry: Entry) -> bool:
    one = entry.qualification
    if one.requester_id is None or entry.held is not None or entry.open_batch_count:
        return True
    return one.test is not None and not one.closed
