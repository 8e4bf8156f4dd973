"""Text by paragraph, sentence or words: pieces are spans, and what lies between them is kept.

The merged text is the original with each span replaced by its answer. White space, line ends and
order are the original's to the last character, because nothing else is ever touched.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Protocol

from task_service.domain.splitting.pieces import (
    PIECES_MAX,
    PieceAnswer,
    PieceAnswers,
    Split,
    Wish,
    grouped,
    not_splittable,
)

Segments = Callable[[str, str], Sequence[str]]
"""(text, language) -> sentences with the white space after them; joined they are the text."""

Span = tuple[int, int]
_LINE_END = r"(?:\r\n|\r|\n)"
# A paragraph ends at a line that is empty or blank.
_BLANK = re.compile(rf"{_LINE_END}[^\S\r\n]*{_LINE_END}")
_WORD = re.compile(r"\S+")
MISSING_MARK = "⟦missing {number}⟧"
CONTESTED_MARK = "⟦contested {number}⟧"
END_MARK = "⟦end {number}⟧"


class Sliced(Protocol):
    def __getitem__(self, span: slice, /) -> str: ...


class LongText:
    """A text in stretches that end where a line does: one rare letter has Python keep four bytes
    for each letter of its stretch, and not of fifty megabytes.
    """

    def __init__(self, stretches: Iterable[str]) -> None:
        self.stretches = [one for one in stretches if one]
        self._starts = [0, *accumulate(map(len, self.stretches))]

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, span: slice) -> str:
        start, end, _ = span.indices(len(self))
        first, last = (bisect_right(self._starts, one) - 1 for one in (start, end))
        if first == last and first < len(self.stretches):
            before = self._starts[first]
            return self.stretches[first][start - before : end - before]
        return "".join(
            one[max(start - before, 0) : max(end - before, 0)]
            for before, one in zip(
                self._starts[first:], self.stretches[first : last + 1], strict=False
            )
        )

    def paragraphs(self) -> Iterator[str]:
        """With the blank lines after them; joined they are the text."""
        begun: list[str] = []
        blank = ""  # what a blank line can begin in
        for stretch in self.stretches:
            text, place = blank + stretch, 0
            for match in _BLANK.finditer(text):
                yield "".join([*begun, text[place : match.end()]])
                begun, place = [], match.end()
            left = text[place:]
            begun.append(left.rstrip())
            blank = left[len(begun[-1]) :]
        yield "".join([*begun, blank])

    def words(self) -> Iterator[Span]:
        for before, stretch in zip(self._starts, self.stretches, strict=False):
            for match in _WORD.finditer(stretch):
                yield before + match.start(), before + match.end()


def split_text(text: LongText, wish: Wish, segments: Segments) -> Split:
    """Raises FaultyRows where there is nothing to split, or too much."""
    found = grouped(_spans(text, wish, segments), wish.size)
    spans = list(islice(found, PIECES_MAX))
    if not spans:
        raise not_splittable("the file has no words: choose one with text in it")
    if more := sum(1 for _ in found):
        raise not_splittable(
            f"the file makes {PIECES_MAX + more:,} pieces, more than {PIECES_MAX:,}: "
            "make them larger"
        )
    return Split(
        columns=("text",) if not wish.overlap else ("text", "before", "after"),
        rows=[_cells(text, spans, at, wish.overlap) for at in range(len(spans))],
        lines=_lines(text, spans),
        recipe={"spans": [list(span) for span in spans]},
        main_column="text",
    )


def merge_text(
    text: Sliced, spans: Sequence[Sequence[int]], answers: PieceAnswers
) -> Iterator[str]:
    """The text with every span replaced. A piece without an answer stays as it was, between marks;
    a contested one shows the answer given first, between marks.
    """
    place = 0
    for number, (start, end) in enumerate(spans, start=1):
        yield text[place:start]
        yield _replacement(text[start:end], answers[number - 1], number)
        place = end
    yield text[place:]


def value_of(answer: PieceAnswer) -> str:
    """A text piece's one answer: that of its first field."""
    return next(iter(answer.values.values()), "")


def _replacement(original: str, answer: PieceAnswer | None, number: int) -> str:
    if answer is None:
        return _marked(MISSING_MARK, original, number)
    if answer.contested:
        return _marked(CONTESTED_MARK, value_of(answer), number)
    return value_of(answer)


def _marked(mark: str, words: str, number: int) -> str:
    return mark.format(number=number) + words + END_MARK.format(number=number)


def _spans(text: LongText, wish: Wish, segments: Segments) -> Iterator[Span]:
    if wish.kind == "words":
        return text.words()
    if wish.kind == "sentence":
        # No sentence reaches beyond its paragraph.
        parts = (part for one in text.paragraphs() for part in segments(one, wish.language))
        return _of_parts(parts)
    return _of_parts(text.paragraphs())


def _of_parts(parts: Iterator[str]) -> Iterator[Span]:
    """Spans of the parts without the white space at their ends; blank parts are none."""
    place = 0
    for part in parts:
        inner = part.strip()
        if inner:
            start = place + part.index(inner)
            yield start, start + len(inner)
        place += len(part)


def _cells(text: LongText, spans: Sequence[Span], at: int, overlap: int) -> tuple[str, ...]:
    start, end = spans[at]
    if not overlap:
        return (text[start:end],)
    before = _WORD.findall(text[spans[at - 1][0] : start] if at else "")[-overlap:]
    after = _WORD.findall(text[end : spans[at + 1][1]] if at + 1 < len(spans) else "")[:overlap]
    return (text[start:end], " ".join(before), " ".join(after))


def _lines(text: LongText, spans: Sequence[Span]) -> list[int]:
    """The line, from 1, in which each begins: at a word, and never within a line's end."""
    lines, line, place = [], 1, 0
    for start, _ in spans:
        between = text[place:start]
        line += between.count("\n") + between.count("\r") - between.count("\r\n")
        place = start
        lines.append(line)
    return lines
