"""Whom a batch is for: announced with it; from then on only the excluded workers change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import Pseudonym

SKILL = "skill"
"""Asked for like a qualification, and granted by nobody: how requesters judged the worker's answers
of the batch's kind. Matching knows it of whoever was judged at least ten times.
"""
COMPARATORS = ("has", "at_least", "at_most")
DEVICES = ("phone", "tablet", "computer")
CONDITIONS_MAX = 20
PSEUDONYMS_MAX = 5_000
SCORE_MAX = 100
CAP_MAX = 1_000_000


@dataclass(frozen=True)
class Condition:
    """A qualification to have, or one whose score is compared with `score` (percent)."""

    qualification: str
    comparator: str = "has"
    score: int | None = None


@dataclass(frozen=True)
class Requirements:
    """Empty lists ask for nothing. `only` and `excluded` name workers by pseudonym."""

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()
    languages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    only: tuple[Pseudonym, ...] = ()
    excluded: tuple[Pseudonym, ...] = ()
    answers_per_worker_max: int | None = None
    answers_per_worker_a_day_max: int | None = None

    @property
    def qualifications(self) -> tuple[str, ...]:
        """What opens the batch, each once: not what must be lacked, nor what nobody grants."""
        asked = dict.fromkeys(one.qualification for one in (*self.all_of, *self.any_of))
        return tuple(code for code in asked if code != SKILL)


def check_requirements(asked: Requirements) -> None:
    """Raises InvalidInput saying everything that cannot be."""
    errors = list(_faults(asked))
    if errors:
        raise InvalidInput("The requirements cannot be", errors={"requirements": errors})


def excluding(asked: Requirements | None, pseudonyms: Sequence[Pseudonym]) -> Requirements | None:
    """The same, and none of these workers."""
    if not pseudonyms:
        return asked
    now = asked or Requirements()
    return replace(now, excluded=tuple(dict.fromkeys((*now.excluded, *pseudonyms))))


def letting_in(asked: Requirements | None, pseudonym: Pseudonym) -> Requirements | None:
    """The same without him among the excluded; None where nothing is asked any more."""
    if asked is None:
        return None
    rest = replace(asked, excluded=tuple(one for one in asked.excluded if one != pseudonym))
    return None if rest == Requirements() else rest


def _faults(asked: Requirements) -> Iterator[str]:
    conditions = (*asked.all_of, *asked.any_of, *asked.none_of)
    if len(conditions) > CONDITIONS_MAX:
        yield f"At most {CONDITIONS_MAX} conditions."
    for one in conditions:
        scored = one.comparator != "has"
        missing = scored and one.score is None
        if missing or (one.score is not None and not 0 <= one.score <= SCORE_MAX):
            yield f"{one.qualification}: {one.comparator} needs a score from 0 to {SCORE_MAX}."
    if len(asked.only) + len(asked.excluded) > PSEUDONYMS_MAX:
        yield f"At most {PSEUDONYMS_MAX} pseudonyms."
    if set(asked.only) & set(asked.excluded):
        yield "A worker cannot be both on the list and excluded."
    caps = (asked.answers_per_worker_max, asked.answers_per_worker_a_day_max)
    if any(cap is not None and not 1 <= cap <= CAP_MAX for cap in caps):
        yield f"A cap is at least 1 and at most {CAP_MAX:,}."
