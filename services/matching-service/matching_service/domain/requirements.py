"""Whom a batch is for, and why somebody is not one of them: one pure function for all who ask."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt

from crowdloom.kernel.ids import Pseudonym
from crowdloom.kernel.languages import understands

HAS, AT_LEAST, AT_MOST = "has", "at_least", "at_most"
SKILL = "skill"
"""Asked for like a qualification, and granted by nobody: how requesters judged the worker's answers
of the batch's kind, in percent. Who was judged less often than SKILL_JUDGED_MIN has none.
"""
SKILL_JUDGED_MIN = 10
_BELIEVED_BEFORE, _BELIEVED_BEFORE_COUNT = 0.8, 5
"""What is thought of somebody nobody has judged, and how many answers outweigh it: a Beta prior."""


@dataclass(frozen=True)
class Holding:
    """A qualification as a worker has it, or had it: `held` at `told_at`, until `expires_at`."""

    held: bool
    told_at: datetime
    score: int | None = None
    expires_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.held and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class Condition:
    """`comparator` is `has`, or compares the holding's `score`; without one that is not met."""

    qualification: str
    comparator: str = HAS
    score: int | None = None

    def is_met(self, holdings: Mapping[str, Holding], now: datetime) -> bool:
        holding = holdings.get(self.qualification)
        if holding is None or not holding.is_good(now):
            return False
        if self.comparator == HAS or self.score is None:
            return True
        if holding.score is None:
            return False
        if self.comparator == AT_LEAST:
            return holding.score >= self.score
        return holding.score <= self.score


@dataclass(frozen=True)
class Requirements:
    """Empty lists ask for nothing. `only` and `excluded` are pseudonyms towards the requester."""

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()
    languages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    only: frozenset[Pseudonym] = frozenset()
    excluded: frozenset[Pseudonym] = frozenset()
    answers_per_worker_max: int | None = None
    answers_per_worker_a_day_max: int | None = None

    @property
    def names_workers(self) -> bool:
        return bool(self.only or self.excluded)


NO_REQUIREMENTS = Requirements()


@dataclass(frozen=True)
class Judged:
    """Of so many answers that requesters decided about themselves, so many were accepted."""

    accepted: int
    count: int

    @property
    def believed(self) -> float:
        before = _BELIEVED_BEFORE * _BELIEVED_BEFORE_COUNT
        return (before + self.accepted) / (_BELIEVED_BEFORE_COUNT + self.count)

    @property
    def deviation(self) -> float:
        """Of what is believed: one standard deviation of the Beta distribution."""
        spread = self.believed * (1 - self.believed)
        return sqrt(spread / (_BELIEVED_BEFORE_COUNT + self.count + 1))


def summed(some: Iterable[Judged]) -> Judged:
    counted = list(some)
    return Judged(sum(one.accepted for one in counted), sum(one.count for one in counted))


KNOWN_TOLD_EVERY = 10
"""So many answers to known items count together, and none of them before."""
NEVER_JUDGED = Judged(accepted=0, count=0)


NEWCOMER_ANSWERS = 20
"""Who has answered less often than this is a newcomer."""


@dataclass(frozen=True)
class WorkerProfile:
    """No languages means any language: a worker not heard of yet is turned away from nothing.
    `answered` counts up to NEWCOMER_ANSWERS; `judged` is by type of task; `stopped` are
    projects whose known items he mostly missed.
    """

    languages: frozenset[str] = frozenset()
    closed: bool = False
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    answered: int = 0
    judged: Mapping[str, Judged] = field(default_factory=dict)
    stopped: frozenset[str] = frozenset()

    @property
    def is_newcomer(self) -> bool:
        return self.answered < NEWCOMER_ANSWERS

    def judged_in(self, task_type: str | None) -> Judged:
        """Over answers of every kind where the kind of a task is not known."""
        if task_type is not None:
            return self.judged.get(task_type, NEVER_JUDGED)
        return summed(self.judged.values())


@dataclass(frozen=True)
class Asker:
    """A worker as one batch sees him. `device` is None where it is not known; `given_count` what he
    was given of the batch and did not give back, `given_today_count` the same since midnight UTC.
    """

    profile: WorkerProfile
    now: datetime
    device: str | None = None
    pseudonym: Pseudonym | None = None
    given_count: int = 0
    given_today_count: int = 0


@dataclass(frozen=True)
class Reason:
    """Why not: a stable code, and what it is about (languages, a qualification, a number)."""

    code: str
    about: str = ""


def unmet(
    asked: Requirements, language: str | None, asker: Asker, task_type: str | None = None
) -> Iterator[Reason]:
    """Every reason for which the asker may not be given work, the simplest to explain first."""
    wanted = asked.languages or ((language,) if language else ())
    if not understands(asker.profile.languages, wanted):
        yield Reason("other_language", ", ".join(wanted))
    if asked.devices and asker.device and asker.device not in asked.devices:
        yield Reason("other_device", ", ".join(asked.devices))
    if asker.pseudonym in asked.excluded:
        yield Reason("excluded")
    if asked.only and asker.pseudonym not in asked.only:
        yield Reason("not_invited")
    yield from _unqualified(asked, asker, task_type)
    total, daily = asked.answers_per_worker_max, asked.answers_per_worker_a_day_max
    if total is not None and asker.given_count >= total:
        yield Reason("cap_reached", str(total))
    if daily is not None and asker.given_today_count >= daily:
        yield Reason("day_cap_reached", str(daily))


def _unqualified(asked: Requirements, asker: Asker, task_type: str | None) -> Iterator[Reason]:
    if not (asked.all_of or asked.any_of or asked.none_of):
        return
    holdings, now = _with_skill(asker, task_type), asker.now
    for condition in asked.all_of:
        if not condition.is_met(holdings, now):
            yield Reason(f"{_kind(condition)}_missing", _words(condition))
    if asked.any_of and not any(one.is_met(holdings, now) for one in asked.any_of):
        yield Reason("qualification_missing", " | ".join(map(_words, asked.any_of)))
    for condition in asked.none_of:
        if condition.is_met(holdings, now):
            yield Reason(f"{_kind(condition)}_unwanted", _words(condition))


def _kind(condition: Condition) -> str:
    return "skill" if condition.qualification == SKILL else "qualification"


def _with_skill(asker: Asker, task_type: str | None) -> Mapping[str, Holding]:
    judged = asker.profile.judged_in(task_type)
    skill = Holding(
        held=judged.count >= SKILL_JUDGED_MIN,
        told_at=asker.now,
        score=int(100 * judged.believed),
    )
    return {**asker.profile.holdings, SKILL: skill}


def _words(condition: Condition) -> str:
    signs = {AT_LEAST: ">=", AT_MOST: "<="}
    sign = signs.get(condition.comparator)
    if sign is None or condition.score is None:
        return condition.qualification
    return f"{condition.qualification} {sign} {condition.score}"


def turns_left(taken: Sequence[int], count_max: int) -> list[int]:
    """Numbers of the turns, from 1, that a capped worker still has."""
    return [number for number in range(1, count_max + 1) if number not in taken]
