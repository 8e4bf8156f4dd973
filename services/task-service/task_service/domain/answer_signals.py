"""What looks odd among answers: evidence for a person to look at, never a verdict.

Two kinds. *Alike*: the same written answer, word for word, from several workers, to different tasks
or of a length that chance does not give. *Always the same*: a worker who chooses the same value
again and again where others differ. Both have innocent reasons: a phrase that the instructions ask
for; rows that are all alike. So the words themselves are shown.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crowdloom.kernel.ids import BatchId, Pseudonym

from task_service.domain.submissions import Submission

WRITTEN_CHARACTERS_MIN = 25
"""Shorter answers are alike by chance."""
WORKERS_MIN = 3
ANSWERS_MIN = 10
ALWAYS_SHARE = 0.95
OTHERS_SHARE_MAX = 0.75
_WORDS_CHARACTERS_MAX = 200


@dataclass(frozen=True)
class Alike:
    """`count` answers of these workers hold the same words in the field."""

    batch_id: BatchId
    field: str
    words: str
    count: int
    workers: Sequence[Pseudonym]


@dataclass(frozen=True)
class AlwaysSame:
    """`count` of the worker's `of_count` answers hold the value, and `others_share` (0..1) of what
    others gave to the same field.
    """

    batch_id: BatchId
    field: str
    worker: Pseudonym
    value: str
    count: int
    of_count: int
    others_share: float


@dataclass(frozen=True)
class _Given:
    field: str
    value: str
    worker: Pseudonym


def alike(submissions: Iterable[Submission]) -> list[Alike]:
    """The most workers first."""
    found: list[Alike] = []
    for batch_id, given in _by_batch(submissions).items():
        by_words: defaultdict[tuple[str, str], list[Pseudonym]] = defaultdict(list)
        for one in given:
            words = " ".join(one.value.casefold().split())
            if len(words) >= WRITTEN_CHARACTERS_MIN:
                by_words[one.field, words].append(one.worker)
        found += [
            Alike(batch_id, field, words[:_WORDS_CHARACTERS_MAX], len(who), sorted(set(who)))
            for (field, words), who in by_words.items()
            if len(set(who)) >= WORKERS_MIN
        ]
    return sorted(found, key=lambda one: (-len(one.workers), one.words))


def always_same(submissions: Iterable[Submission]) -> list[AlwaysSame]:
    """Of fields with short answers; the most answers first."""
    found: list[AlwaysSame] = []
    for batch_id, given in _by_batch(submissions).items():
        counts: defaultdict[str, Counter[tuple[Pseudonym, str]]] = defaultdict(Counter)
        for one in given:
            if len(one.value) < WRITTEN_CHARACTERS_MIN:
                counts[one.field][one.worker, one.value] += 1
        for field, by_both in counts.items():
            found += _always_same(batch_id, field, by_both)
    return sorted(found, key=lambda one: (-one.count, one.worker))


def _always_same(
    batch_id: BatchId, field: str, by_both: Counter[tuple[Pseudonym, str]]
) -> list[AlwaysSame]:
    of_worker: Counter[Pseudonym] = Counter()
    of_value: Counter[str] = Counter()
    for (worker, value), count in by_both.items():
        of_worker[worker] += count
        of_value[value] += count
    total = of_worker.total()
    found = []
    for (worker, value), count in by_both.items():
        others = total - of_worker[worker]
        if of_worker[worker] < ANSWERS_MIN or others < ANSWERS_MIN:
            continue
        share = (of_value[value] - count) / others
        if count >= of_worker[worker] * ALWAYS_SHARE and share <= OTHERS_SHARE_MAX:
            found.append(
                AlwaysSame(batch_id, field, worker, value, count, of_worker[worker], share)
            )
    return found


def _by_batch(submissions: Iterable[Submission]) -> dict[BatchId, list[_Given]]:
    """What was given, in pairs whose value is not empty: ticks that are not set are told too."""
    found: defaultdict[BatchId, list[_Given]] = defaultdict(list)
    for one in submissions:
        found[one.batch_id] += [
            _Given(name, value, one.pseudonym) for name, value in one.answer if value.strip()
        ]
    return found
