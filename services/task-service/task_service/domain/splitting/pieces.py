"""What every splitter and every merger have in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from task_service.domain.tables import RowFault, refused

PIECES_MAX = 100_000


@dataclass(frozen=True)
class Wish:
    """How a whole is to be split. `size` and `overlap` count what the kind counts: sentences,
    paragraphs, words or rows of a piece, pixels of a tile, seconds of a recording.
    `encoding` and `delimiter` are detected where they are None.
    """

    kind: str
    size: int
    overlap: int = 0
    language: str = "en"
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Split:
    """Rows of cells under `columns`, one a piece. `lines` are the rows' places in the whole, from
    1, for reasons; `recipe` is all that the merger needs to know besides the whole itself, as JSON
    can hold it; `file_columns` hold addresses of kept files; `main_column` holds what is worked on.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    recipe: Mapping[str, Any]
    main_column: str
    file_columns: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class PieceAnswer:
    """What was answered to one piece, by field; `contested` where no value had most votes."""

    values: Mapping[str, str]
    contested: bool = False


def is_whole_table(wish: Wish) -> bool:
    """Whether the pieces are a table's rows as they are: more rows then only make it longer."""
    return wish.kind == "rows" and wish.size == 1


PieceAnswers = Sequence[PieceAnswer | None]
"""One a piece, in order; None where a piece has no answer yet."""


@dataclass(frozen=True)
class Merged:
    """The whole again. `missing` and `contested` are the numbers of pieces, from 1, that are
    marked in it.
    """

    content: Iterable[bytes]
    media_type: str
    ending: str
    missing: tuple[int, ...] = ()
    contested: tuple[int, ...] = ()


def numbers_missing(answers: PieceAnswers) -> tuple[int, ...]:
    return tuple(number for number, one in enumerate(answers, start=1) if one is None)


def numbers_contested(answers: PieceAnswers) -> tuple[int, ...]:
    numbered = enumerate(answers, start=1)
    return tuple(number for number, one in numbered if one is not None and one.contested)


def not_splittable(reason: str, *, line: int = 1) -> Exception:
    """The refusal of a whole that cannot be read: with the place, the reason and what to do."""
    return refused([RowFault(line, None, reason)])


def grouped(spans: Iterable[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """`size` neighbouring spans as one, with all that lies between them; one at a time, for a text
    can have millions of words.
    """
    left = iter(spans)
    while together := list(islice(left, size)):
        yield together[0][0], together[-1][1]
