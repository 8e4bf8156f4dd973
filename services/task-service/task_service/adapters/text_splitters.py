"""Texts and tables behind the splitter's port: bytes in, bytes out, sentences by sentencex."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sentencex import segment

from task_service.adapters.encodings import Decoded, decode
from task_service.adapters.table_texts import delimiter_of, table_text
from task_service.application.source_ports import Keep
from task_service.domain.mending import RawRow, RawTable
from task_service.domain.splitting.pieces import (
    Merged,
    PieceAnswers,
    Split,
    Wish,
    not_splittable,
    numbers_contested,
    numbers_missing,
)
from task_service.domain.splitting.rows import merge_rows, spanned_rows, split_rows
from task_service.domain.splitting.text import LongText, merge_text, split_text
from task_service.domain.tables import refuse_unclosed_quote


def sentences(text: str, language: str) -> Sequence[str]:
    """Sentences of a paragraph by sentencex, with the rules of the language (ISO 639)."""
    found = list(segment(language, text))
    # Version 1.0 loses line ends of some texts: such a paragraph is one sentence, and whole.
    return found if "".join(found) == text else [text]


class TextSplitter:
    """By paragraph, sentence or words."""

    def is_long(self, content: bytes, wish: Wish) -> bool:  # noqa: ARG002 - the port's
        return False

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:  # noqa: ARG002 - the port's
        decoded = decode(content, wish.encoding)
        split = split_text(LongText(decoded.stretches), wish, sentences)
        return _noting(split, decoded)

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:
        decoded = decode(content, recipe["encoding"])
        whole = LongText(decoded.stretches)

        def pieces() -> Iterator[str]:
            return merge_text(whole, recipe["spans"], answers)

        return _merged(pieces, decoded, answers, media_type="text/plain", ending="txt")


class RowsSplitter:
    """By row or groups of rows."""

    def is_long(self, content: bytes, wish: Wish) -> bool:  # noqa: ARG002 - the port's
        return False

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:  # noqa: ARG002 - the port's
        decoded = table_text(content, wish.encoding)
        delimiter = wish.delimiter or delimiter_of(decoded.text)
        split = split_rows(decoded.text, wish, delimiter=delimiter)
        return _noting(split, decoded, days=True)

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:
        decoded = table_text(content, recipe["encoding"], days="days" in recipe)
        ending = "tsv" if recipe["delimiter"] == "\t" else "csv"
        whole = decoded.text

        def pieces() -> Iterator[str]:
            return merge_rows(whole, recipe, answers)

        return _merged(pieces, decoded, answers, media_type="text/csv", ending=ending)


def read_rows(content: bytes, wish: Wish) -> RawTable:
    """Every row of a table, right or wrong. Raises FaultyRows where there are no rows to tell of:
    what cannot be decoded, a quote that never ends.
    """
    decoded = table_text(content, wish.encoding)
    delimiter = wish.delimiter or delimiter_of(decoded.text)
    refuse_unclosed_quote(decoded.text)
    read = [RawRow(line, tuple(cells)) for line, _, cells in spanned_rows(decoded.text, delimiter)]
    if not read:
        raise not_splittable("the file is empty: its first line names the columns")
    header = RawRow(read[0].line, tuple(name.strip() for name in read[0].cells))
    return RawTable(header, read[1:], decoded.encoding, delimiter)


def _noting(split: Split, decoded: Decoded, **how: bool) -> Split:
    recipe = {**split.recipe, "encoding": decoded.encoding, **how}
    return Split(
        split.columns, split.rows, split.lines, recipe, split.main_column, split.file_columns
    )


def _merged(
    pieces: Callable[[], Iterator[str]],
    decoded: Decoded,
    answers: PieceAnswers,
    *,
    media_type: str,
    ending: str,
) -> Merged:
    return Merged(
        content=[decoded.encode(pieces)],
        media_type=media_type,
        ending=ending,
        missing=numbers_missing(answers),
        contested=numbers_contested(answers),
    )
