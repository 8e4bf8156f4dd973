"""Qualifications: what a worker is known to be able to do, and how that became known.

There are three ways to one: a rule over the worker's own decided work, a test that scores itself,
and a requester who gives it by hand. Each can end: by its date, by the rule, or by a revocation
with a reason that the worker reads.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.answer_keys import AnswerKey, marked
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import RequesterId, WorkerId

EXPIRED = "expired"
RULE_NOT_MET = "rule_not_met"
_PERCENT = 100


class HasNoTest(Conflict):
    """It is not got by a test."""

    code = "has_no_test"


class TestNotOpen(Conflict):
    """Tried too often, too lately, or held already; `facts` say which."""

    code = "test_not_open"


class GrantedBy(StrEnum):
    RULE = "rule"
    TEST = "test"
    REQUESTER = "requester"


KNOWN_TOLD_EVERY = 10


@dataclass(frozen=True)
class KnownItems:
    """Answers to items whose answer their requester knew, and how many of them were right."""

    count: int = 0
    right_count: int = 0

    @property
    def ratio(self) -> float | None:
        return self.right_count / self.count if self.count else None


@dataclass(frozen=True)
class Record:
    """What was decided about a worker's work. A rejection under appeal is not counted. `told` is
    what was known at the last whole ten: no more is shown, and rules go by it, so that nobody
    learns of a single item that it was a known one.
    """

    worker_id: WorkerId
    accepted_count: int = 0
    rejected_count: int = 0
    known: KnownItems = KnownItems()
    told: KnownItems = KnownItems()

    def with_scored(self, *, right: bool) -> "Record":
        """With one known item more."""
        known = KnownItems(self.known.count + 1, self.known.right_count + right)
        is_ten = known.count % KNOWN_TOLD_EVERY == 0
        return replace(self, known=known, told=known if is_ten else self.told)

    @property
    def decided_count(self) -> int:
        return self.accepted_count + self.rejected_count


@dataclass(frozen=True)
class Rule:
    """Met when every part is. `acceptance_percent_min` is a share of what was decided,
    `known_percent_min` one of the known items that were told.
    """

    accepted_count_min: int = 0
    acceptance_percent_min: int = 0
    age_days_min: int = 0
    known_count_min: int = 0
    known_percent_min: int = 0

    def is_met_by(self, record: Record, age: timedelta) -> bool:
        share, told = record.accepted_count * _PERCENT, record.told
        return (
            record.accepted_count >= self.accepted_count_min
            and share >= self.acceptance_percent_min * record.decided_count
            and age >= timedelta(days=self.age_days_min)
            and told.count >= self.known_count_min
            and told.right_count * _PERCENT >= self.known_percent_min * told.count
        )


@dataclass(frozen=True)
class Question:
    """`name` is the field of the answer key."""

    name: str
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Test:
    """Passed at `pass_percent` of right answers; tried at most `tries_max` times, `wait_seconds`
    apart.
    """

    questions: tuple[Question, ...]
    key: AnswerKey
    pass_percent: int
    tries_max: int
    wait_seconds: int

    def score(self, answers: Iterable[tuple[str, str]]) -> int:
        """Percent of the key's fields answered right, rounded down. Raises InvalidInput naming the
        questions that are not answered.
        """
        given = dict(answers)
        names = [question.name for question in self.questions]
        missing = [name for name in names if not given.get(name, "").strip()]
        if missing:
            errors = {name: ["Choose an answer."] for name in missing}
            raise InvalidInput("Answer every question", errors=errors)
        right = marked(self.key, given.items())
        return sum(right.values()) * _PERCENT // len(right)


@dataclass(frozen=True)
class Qualification:
    """One that can be had. `code` is a word of ours, or the id of a requester's own."""

    code: str
    name: str
    description: str
    rule: Rule | None = None
    test: Test | None = None
    language: str | None = None
    valid_days: int | None = None
    requester_id: RequesterId | None = None
    requester_name: str = ""
    closed: bool = False

    @property
    def way(self) -> GrantedBy:
        """How one gets it."""
        if self.rule is not None:
            return GrantedBy.RULE
        return GrantedBy.REQUESTER if self.test is None else GrantedBy.TEST

    def ends_at(self, granted_at: datetime) -> datetime | None:
        if self.valid_days is None:
            return None
        return granted_at + timedelta(days=self.valid_days)


@dataclass(frozen=True)
class Held:
    """A worker's qualification. `score` is the percent of the test; `reason` says why it ended."""

    worker_id: WorkerId
    code: str
    granted_by: GrantedBy
    granted_at: datetime
    expires_at: datetime | None = None
    score: int | None = None
    revoked_at: datetime | None = None
    reason: str = ""

    def is_active(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def is_taken_back(self) -> bool:
        """Whether its requester took it: a test does not bring it back, a requester may."""
        return self.revoked_at is not None and self.reason not in {EXPIRED, RULE_NOT_MET}

    def has_run_out(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at and not self.is_taken_back

    def ended(self, at: datetime, reason: str) -> "Held":
        return replace(self, revoked_at=at, reason=reason)


@dataclass(frozen=True)
class Tries:
    """A worker's tries of one test, the first one first."""

    worker_id: WorkerId
    code: str
    tried_at: tuple[datetime, ...] = ()
    scores: tuple[int, ...] = ()

    def left(self, test: Test) -> int:
        return max(0, test.tries_max - len(self.tried_at))

    def opens_at(self, test: Test) -> datetime | None:
        """When it can be tried (again); None where it cannot be any more, or could at once."""
        if not self.tried_at or not self.left(test):
            return None
        return self.tried_at[-1] + timedelta(seconds=test.wait_seconds)

    def counted(self, held: Held | None, now: datetime) -> "Tries":
        """Those that count. Once a qualification has run out, it can be renewed: whatever was tried
        before it was given counts no more.
        """
        if held is None or not held.has_run_out(now):
            return self
        since = bisect_right(self.tried_at, held.granted_at)
        return replace(self, tried_at=self.tried_at[since:], scores=self.scores[since:])

    def check_open(self, test: Test, now: datetime) -> None:
        """Raises TestNotOpen."""
        if not self.left(test):
            raise TestNotOpen("The test was tried as often as it can be", tries_max=test.tries_max)
        opens_at = self.opens_at(test)
        if opens_at is not None and now < opens_at:
            raise TestNotOpen(
                "Wait before you try again", opens_at=opens_at.isoformat(timespec="seconds")
            )

    def with_try(self, score: int, now: datetime) -> "Tries":
        return replace(self, tried_at=(*self.tried_at, now), scores=(*self.scores, score))


def due_of_age(
    rules: Sequence[Rule], record: Record, registered_at: datetime, now: datetime
) -> datetime | None:
    """When the worker's age alone may meet one more rule; None where it never will by itself."""
    days = [
        registered_at + timedelta(days=rule.age_days_min)
        for rule in rules
        if rule.is_met_by(record, timedelta(days=rule.age_days_min))
    ]
    return min((day for day in days if day > now), default=None)
