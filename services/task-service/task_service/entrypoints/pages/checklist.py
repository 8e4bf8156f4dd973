"""What to look at before publishing: each point good, or to think about, with what to do."""

from collections.abc import Collection
from dataclasses import dataclass

from crowdloom.ui.formats import number_text
from flask_babel import gettext as _
from flask_babel import ngettext

from task_service.domain.batches import Batch
from task_service.domain.known_answers import is_asked, known_fields

# A worker reads, is called away, and answers: less time than this loses answers.
_LEASE_TIMES_WORK_MIN = 3


@dataclass(frozen=True)
class Point:
    """`fine` or to think about."""

    fine: bool
    sentence: str


def checklist(
    batch: Batch, *, fields: Collection[str], seconds: int | None, wage_share: float | None
) -> list[Point]:
    """`fields` are those that the form asks; `seconds` an item takes, where that is known;
    `wage_share` of the minimum wage it pays.
    """
    return [
        _rows(batch),
        _answers(batch),
        _pay(seconds, wage_share),
        *_time(batch, seconds),
        _acceptance(batch),
        *_audience(batch),
        *_known(batch, fields),
    ]


def _rows(batch: Batch) -> Point:
    count = batch.task_count
    sentence = ngettext(
        "%(count)s row, read whole.",
        "%(count)s rows, each read whole.",
        count,
        count=number_text(count),
    )
    return Point(count > 0, str(sentence))


def _answers(batch: Batch) -> Point:
    if batch.terms.redundancy > 1:
        return Point(fine=True, sentence=_("Several answers for each row: they can be compared."))
    return Point(fine=False, sentence=_("One answer for each row: nobody sees where it is wrong."))


def _pay(seconds: int | None, wage_share: float | None) -> Point:
    if seconds is None:
        return Point(fine=False, sentence=_("Pay per hour is not known: time yourself on a row."))
    if wage_share is None:
        return Point(fine=True, sentence=_("Pay per hour is known; compare it yourself."))
    if wage_share < 1:
        return Point(fine=False, sentence=_("It pays less than the minimum wage you chose."))
    return Point(fine=True, sentence=_("It pays at least the minimum wage you chose."))


def _time(batch: Batch, seconds: int | None) -> list[Point]:
    if seconds is None or batch.terms.lease_seconds >= _LEASE_TIMES_WORK_MIN * seconds:
        return []
    return [Point(fine=False, sentence=_("The time for each task is short: answers will be lost."))]


def _audience(batch: Batch) -> list[Point]:
    """Whether so few workers can ever fill it."""
    asked = batch.requirements
    if asked is None or not asked.only:
        return []
    left = len(set(asked.only) - set(asked.excluded))
    if left < batch.terms.redundancy:
        words = _("Your list names fewer workers than answers for each row: it cannot end.")
        return [Point(fine=False, sentence=words)]
    cap = asked.answers_per_worker_max
    if cap is not None and left * cap < batch.slot_count:
        words = _("Your list and what one worker may do leave rows without an answer.")
        return [Point(fine=False, sentence=words)]
    return []


def _known(batch: Batch, fields: Collection[str]) -> list[Point]:
    """A column of known answers for a field that nobody is asked counts every answer wrong."""
    strange = [name for name in known_fields(batch.columns) if not is_asked(name, fields)]
    if strange:
        words = _(
            "The form asks no field “%(name)s”: every answer would count as wrong.", name=strange[0]
        )
        return [Point(fine=False, sentence=str(words))]
    if batch.has_known:
        words = _("Answers to rows whose answer you know are scored.")
        return [Point(fine=True, sentence=str(words))]
    return []


def _acceptance(batch: Batch) -> Point:
    if batch.terms.auto_accept_seconds:
        return Point(fine=True, sentence=_("You have time to review before answers are accepted."))
    return Point(fine=False, sentence=_("Answers are accepted at once: you cannot reject any."))
