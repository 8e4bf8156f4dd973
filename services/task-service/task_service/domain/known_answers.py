"""Items whose right answer the requester knows (gold): ordinary items to whoever answers them, and
each answer is scored as it comes in.

A column `gold:FIELD` of the table names the right value of an answer's field, or several between
bars (`yes|si`) of which any is right. What is marked on a row goes before its cells.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from crowdloom.kernel.answer_keys import AnswerKey, marked

PREFIX = "gold:"
_OR = "|"
_Z = 1.96
"""Of the normal distribution: 95 of 100 lie within so many deviations."""


@dataclass(frozen=True)
class Accuracy:
    """So many of `n` answers to known rows were right."""

    right: int
    n: int

    @property
    def ratio(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy of all answers lies, 95 times of 100: Wilson's score interval (1927),
        which says something sensible of few answers, and of none that were wrong.
        """
        spread = _Z * sqrt(self.ratio * (1 - self.ratio) / self.n + _Z**2 / (4 * self.n**2))
        middle, scale = self.ratio + _Z**2 / (2 * self.n), 1 + _Z**2 / self.n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def accuracy(scored: Iterable[bool | None]) -> Accuracy | None:
    """Of scored answers; None where none was to a known row."""
    known = [right for right in scored if right is not None]
    return Accuracy(sum(known), len(known)) if known else None


def known_field(column: str) -> str | None:
    """The field whose right value the column holds; None for a column that is shown to workers."""
    return column.removeprefix(PREFIX).strip() or None if column.startswith(PREFIX) else None


def known_fields(columns: Iterable[str]) -> list[str]:
    return [field for column in columns if (field := known_field(column))]


def is_asked(field: str, asked: Collection[str]) -> bool:
    """Whether the form asks for the field, as far as its fields can be told from outside. Elements
    answer by parts: `category` asks, `category.label` is answered.
    """
    return not asked or field in asked or field.split(".", maxsplit=1)[0] in asked


def shown_inputs(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """What a worker is shown of a row: never what is known of it."""
    pairs = zip(columns, cells, strict=True)
    return {name: cell for name, cell in pairs if not name.startswith(PREFIX)}


def answer_key(
    columns: Sequence[str], cells: Sequence[str], marks: AnswerKey | None = None
) -> AnswerKey:
    """Empty where nothing is known of the row."""
    key = {
        field: values
        for name, cell in zip(columns, cells, strict=True)
        if (field := known_field(name)) and (values := _values(cell))
    }
    return {**key, **(marks or {})}


def is_right(key: AnswerKey, answer: Iterable[tuple[str, str]]) -> bool:
    """Whether every field of the key is answered right."""
    return all(marked(key, answer).values())


def key_of(typed: Mapping[str, str]) -> AnswerKey:
    """From what is written beside each field; an empty one is not known."""
    return {name: values for name, text in typed.items() if (values := _values(text))}


def written(values: Sequence[str]) -> str:
    """As a cell of a `gold:` column holds them."""
    return _OR.join(values)


def _values(cell: str) -> tuple[str, ...]:
    return tuple(value for part in cell.split(_OR) if (value := part.strip()))
