"""Texts and tables behind the splitter's port: bytes in, bytes out, sentences by sentencex."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sentencex import segment

from task_service.adapters.encodings import Decoded, decode
from task_service.application.ports import Keep
from task_service.domain.splitting.pieces import (
    Merged,
    PieceAnswers,
    Split,
    Wish,
    numbers_contested,
    numbers_missing,
)
from task_service.domain.splitting.rows import merge_rows, split_rows
from task_service.domain.splitting.text import merge_text, split_text

_SAMPLE_CHARACTERS = 65_536
_DELIMITERS = (",", ";", "\t", "|")


def sentences(text: str, language: str) -> Sequence[str]:
    """Sentencex's sentences, by the rules of the language (ISO 639)."""
    found = list(segment(language, text))
    if "".join(found) != text:
        raise AssertionError("sentencex changed the text that it cut")
    return found


class TextSplitter:
    """By paragraph, sentence or words."""

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:  # noqa: ARG002 - the port's
        decoded = decode(content, wish.encoding)
        split = split_text(decoded.text, wish, sentences)
        return _noting(split, decoded)

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:
        decoded = decode(content, recipe["encoding"])
        text = merge_text(decoded.text, recipe["spans"], answers)
        return _merged(text, decoded, answers, media_type="text/plain", ending="txt")


class RowsSplitter:
    """By row or groups of rows."""

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:  # noqa: ARG002 - the port's
        decoded = decode(content, wish.encoding)
        split = split_rows(decoded.text, wish, delimiter=delimiter_of(decoded.text))
        return _noting(split, decoded)

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:
        decoded = decode(content, recipe["encoding"])
        ending = "tsv" if recipe["delimiter"] == "\t" else "csv"
        text = merge_rows(decoded.text, recipe, answers)
        return _merged(text, decoded, answers, media_type="text/csv", ending=ending)


def delimiter_of(text: str) -> str:
    """The delimiter that cuts the first line into most cells; a comma where none does."""
    lines = text[:_SAMPLE_CHARACTERS].lstrip("\r\n").splitlines()
    first = lines[0] if lines else ""
    return max(_DELIMITERS, key=lambda one: (first.count(one), one == ","))


def _noting(split: Split, decoded: Decoded) -> Split:
    recipe = {**split.recipe, "encoding": decoded.encoding}
    return Split(
        split.columns, split.rows, split.lines, recipe, split.main_column, split.file_columns
    )


def _merged(
    text: Iterator[str],
    decoded: Decoded,
    answers: PieceAnswers,
    *,
    media_type: str,
    ending: str,
) -> Merged:
    return Merged(
        content=[decoded.encode("".join(text))],
        media_type=media_type,
        ending=ending,
        missing=numbers_missing(answers),
        contested=numbers_contested(answers),
    )
