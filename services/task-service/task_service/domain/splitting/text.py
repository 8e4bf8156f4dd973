"""Text by paragraph, sentence or words: pieces are spans, and what lies between them is kept.

The merged text is the original with each span replaced by its answer. White space, line ends and
order are the original's to the last character, because nothing else is ever touched.
"""

import re
from collections.abc import Callable, Iterator, Sequence

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


def split_text(text: str, wish: Wish, segments: Segments) -> Split:
    """Raises FaultyRows where there is nothing to split, or too much."""
    spans = grouped(_spans(text, wish, segments), wish.size)
    if not spans:
        raise not_splittable("the file has no words: choose one with text in it")
    if len(spans) > PIECES_MAX:
        raise not_splittable(
            f"the file makes {len(spans):,} pieces, more than {PIECES_MAX:,}: make them larger"
        )
    return Split(
        columns=("text",) if not wish.overlap else ("text", "before", "after"),
        rows=[_cells(text, spans, at, wish.overlap) for at in range(len(spans))],
        lines=_lines(text, spans),
        recipe={"spans": [list(span) for span in spans]},
        main_column="text",
    )


def merge_text(text: str, spans: Sequence[Sequence[int]], answers: PieceAnswers) -> Iterator[str]:
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


def _spans(text: str, wish: Wish, segments: Segments) -> list[Span]:
    if wish.kind == "sentence":
        # No sentence reaches beyond its paragraph.
        parts = (part for one in _paragraphs(text) for part in segments(one, wish.language))
        return list(_of_parts(parts))
    if wish.kind == "words":
        return [match.span() for match in _WORD.finditer(text)]
    return list(_of_parts(_paragraphs(text)))


def _paragraphs(text: str) -> Iterator[str]:
    place = 0
    for match in _BLANK.finditer(text):
        yield text[place : match.end()]
        place = match.end()
    yield text[place:]


def _of_parts(parts: Iterator[str]) -> Iterator[Span]:
    """Spans of the parts without the white space at their ends; blank parts are none."""
    place = 0
    for part in parts:
        inner = part.strip()
        if inner:
            start = place + part.index(inner)
            yield start, start + len(inner)
        place += len(part)


def _cells(text: str, spans: Sequence[Span], at: int, overlap: int) -> tuple[str, ...]:
    start, end = spans[at]
    if not overlap:
        return (text[start:end],)
    before = _WORD.findall(text[spans[at - 1][0] : start] if at else "")[-overlap:]
    after = _WORD.findall(text[end : spans[at + 1][1]] if at + 1 < len(spans) else "")[:overlap]
    return (text[start:end], " ".join(before), " ".join(after))


def _lines(text: str, spans: Sequence[Span]) -> list[int]:
    ends = [match.end() for match in re.finditer(_LINE_END, text)]
    lines, passed = [], 0
    for start, _ in spans:
        while passed < len(ends) and ends[passed] <= start:
            passed += 1
        lines.append(passed + 1)
    return lines
