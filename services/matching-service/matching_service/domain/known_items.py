"""When a worker is given an item whose answer is known (gold): two of his first five items of a
project, ten of his first fifty, then three of each hundred, at places drawn by chance.

The places: what is still to be given, by what is left of the stretch, is the chance of the next one
(sequential sampling, Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). So each set of
places is as likely as any other, and nobody can tell by what came before.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from matching_service.domain.requirements import KNOWN_TOLD_EVERY, Judged

_FIRST = ((5, 2), (50, 10))
_THEN = (100, 3)
_SHARE_SHORT_MAX = 0.5
"""Where too few were there before, what is owed does not come in a row, which would tell."""
_SHARE_HELD_BACK_MAX = 0.2
_BETTER_THAN_CHANCE, _MARGIN = 0.15, 0.05


@dataclass(frozen=True)
class Tally:
    """What a worker was given of a project: `given` items while some were known, `known` of these.
    `short`: once none was left that he should have had.
    """

    given: int = 0
    known: int = 0
    short: bool = False

    @property
    def share(self) -> float:
        """The chance by which his next item is to be a known one."""
        end, target = _stretch(self.given)
        share = min(1.0, max(0, target - self.known) / (end - self.given))
        return min(share, _SHARE_SHORT_MAX) if self.short else share

    def wants_known(self, randomness: random.Random) -> bool:
        return randomness.random() < self.share

    def counting(self, *, wanted: bool, known: bool) -> "Tally":
        """With one item more."""
        return Tally(self.given + 1, self.known + known, self.short or (wanted and not known))


def _stretch(given: int) -> tuple[int, int]:
    """Where the stretch of the next item ends, and how many are to be known by then."""
    for end, target in _FIRST:
        if given < end:
            return end, target
    last_end, last_target = _FIRST[-1]
    length, some = _THEN
    number = (given - last_end) // length + 1
    return last_end + number * length, last_target + number * some


def are_held_back(known: Sequence[bool]) -> bool:
    """Whether known items among these are kept for those to whom the schedule gives them. Where
    more than a fifth is known they go out as they come: held back until the others are gone, they
    would be the last ones of a batch, and whoever came to its end would know.
    """
    return bool(known) and sum(known) / len(known) <= _SHARE_HELD_BACK_MAX


def is_stopped(known: Judged, choice_count: int) -> bool:
    """Whether somebody with these answers to a project's known items is given no more of it: even
    one deviation better he would hardly be better than chance.
    """
    if known.count < KNOWN_TOLD_EVERY:
        return False
    chance = 1 / choice_count
    least = chance + _BETTER_THAN_CHANCE * (1 - chance) + _MARGIN
    return known.believed + known.deviation < least
