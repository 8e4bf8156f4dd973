"""What the answers to one task say together: majority vote, field by field."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from task_service.domain.submissions import Answer


@dataclass(frozen=True)
class Consensus:
    """`value` was given by `votes` of `n` answers. A tie goes to the value given first."""

    value: str
    votes: int
    n: int
    tied: bool


def majority(answers: Iterable[Answer]) -> dict[str, Consensus]:
    """The most frequent value of every field. Several values of one field in one answer, as of
    checkboxes, count as one value, joined by `|`.
    """
    votes: dict[str, Counter[str]] = {}
    for answer in answers:
        for name, value in joined(answer).items():
            votes.setdefault(name, Counter())[value] += 1
    return {name: _winner(counter) for name, counter in votes.items()}


def joined(answer: Answer) -> dict[str, str]:
    """One value a field, as Mechanical Turk writes it: several are joined by `|`."""
    single = dict(answer)
    if len(single) == len(answer):
        return single
    values: dict[str, list[str]] = {}
    for name, value in answer:
        values.setdefault(name, []).append(value)
    return {name: "|".join(several) for name, several in values.items()}


def _winner(counter: Counter[str]) -> Consensus:
    if len(counter) == 1:
        [(only, times)] = counter.items()
        return Consensus(only, times, times, tied=False)
    # most_common keeps the order of first appearance among equals.
    ranked = counter.most_common(2)
    value, votes = ranked[0]
    tied = len(ranked) > 1 and ranked[1][1] == votes
    return Consensus(value, votes, counter.total(), tied=tied)
