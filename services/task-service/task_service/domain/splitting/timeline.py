"""Recordings by seconds: cut where it is quiet, heard a little beyond each cut, merged by time.

Every sample belongs to the core of exactly one piece; a piece is played with `overlap` more on
either side, so that no word is cut in two. What was heard beyond the core is removed again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from task_service.domain.splitting.pieces import PieceAnswer, PieceAnswers
from task_service.domain.splitting.text import CONTESTED_MARK, END_MARK, MISSING_MARK

SEARCH_SHARE = 0.25
_WORDS_SHARED_MAX = 40


@dataclass(frozen=True)
class Stretch:
    """Frames of a recording: the core's, and those that are played."""

    start: int
    end: int
    played_start: int
    played_end: int


@dataclass(frozen=True)
class Segment:
    """What is said from `start` to `end`, seconds of the whole recording."""

    start: float
    end: float
    text: str

    def to_wire(self) -> dict[str, object]:
        return {"start": round(self.start, 3), "end": round(self.end, 3), "text": self.text}


def cut(loudness: Sequence[float], *, window: int, frames: int, size: int) -> list[int]:
    """Frames at which to cut, 0 and `frames` included. `loudness` has one value each `window`
    frames; a cut lies at the quietest window within a quarter of `size` of where it is due.
    """
    cuts = [0]
    while frames - cuts[-1] > size * (1 + SEARCH_SHARE):
        due = cuts[-1] + size
        reach = int(size * SEARCH_SHARE)
        first, last = (due - reach) // window, (due + reach) // window
        nearby = range(max(first, cuts[-1] // window + 1), min(last, len(loudness) - 1) + 1)
        quietest = min(nearby, key=lambda at: (loudness[at], abs(at * window - due)))
        cuts.append(quietest * window + window // 2)
    return [*cuts, frames]


def stretches(cuts: Sequence[int], *, overlap: int) -> list[Stretch]:
    frames = cuts[-1]
    return [
        Stretch(start, end, max(start - overlap, 0), min(end + overlap, frames))
        for start, end in pairwise(cuts)
    ]


def merge_segments(
    parts: Sequence[Stretch], answers: PieceAnswers, *, rate: int
) -> Iterator[Segment]:
    """What was said, in order. Timed answers (a JSON list of start, end, text; seconds of the
    piece) keep what begins within the core; an untimed one is one segment over the core, without
    the words that the one before it ends with.
    """
    said = ""
    for number, (part, answer) in enumerate(zip(parts, answers, strict=True), start=1):
        whole = (part.start / rate, part.end / rate)
        if answer is None:
            yield Segment(*whole, MISSING_MARK.format(number=number))
            continue
        timed = _timed(answer)
        if timed is None:
            words = _without_shared(said, _words(answer))
            said = words or said
            yield Segment(*whole, _marked(words, answer, number))
            continue
        for one in _within_core(timed, part, rate):
            yield Segment(one.start, one.end, _marked(one.text, answer, number))


def _within_core(timed: Sequence[Segment], part: Stretch, rate: int) -> Iterator[Segment]:
    offset = part.played_start / rate
    for one in timed:
        # Whole frames: what begins on a cut belongs to the piece after it, and to that one alone.
        if part.start <= round((one.start + offset) * rate) < part.end:
            yield Segment(one.start + offset, one.end + offset, one.text)


def _timed(answer: PieceAnswer) -> list[Segment] | None:
    """The answer's timed segments; None where it is plain words."""
    for value in answer.values.values():
        try:
            listed: Any = json.loads(value)
            return [Segment(float(s["start"]), float(s["end"]), str(s["text"])) for s in listed]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return None


def _words(answer: PieceAnswer) -> str:
    return next(iter(answer.values.values()), "").strip()


def _without_shared(before: str, words: str) -> str:
    """`words` without the beginning that `before` ends with."""
    said, new = before.split(), words.split()
    for count in range(min(len(said), len(new), _WORDS_SHARED_MAX), 0, -1):
        if _plain(said[-count:]) == _plain(new[:count]):
            return " ".join(new[count:])
    return words


def _plain(words: Sequence[str]) -> list[str]:
    return [word.casefold().strip(".,;:!?،؛؟…") for word in words]


def _marked(words: str, answer: PieceAnswer, number: int) -> str:
    if not answer.contested:
        return words
    return CONTESTED_MARK.format(number=number) + words + END_MARK.format(number=number)
