"""PDF by page, with pypdf: the text of each page, and each page as a file of its own."""

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from task_service.application.source_ports import Keep
from task_service.domain.splitting.pieces import (
    Merged,
    PieceAnswers,
    Split,
    Wish,
    not_splittable,
    numbers_contested,
    numbers_missing,
)
from task_service.domain.splitting.text import merge_text

if TYPE_CHECKING:
    from pypdf import PdfReader

PAGES_MAX = 2_000
_PAGES_AT_ONCE = 200
PAGE_BREAK = "\f"
MEDIA_TYPE = "application/pdf"


class PdfSplitter:
    """A fault's `line` is the page's number. Merged, the pages' answers follow each other, with a
    form feed between two.
    """

    def is_long(self, content: bytes, wish: Wish) -> bool:  # noqa: ARG002 - the port's
        return len(_opened(content).pages) > _PAGES_AT_ONCE

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:  # noqa: ARG002 - whole pages
        reader = _opened(content)
        rows = [
            (keep(_alone(reader, number), MEDIA_TYPE), _text(reader, number), str(number + 1))
            for number in range(len(reader.pages))
        ]
        return Split(
            columns=("page", "text", "number"),
            rows=rows,
            lines=range(1, len(rows) + 1),
            recipe={"texts": [text for _, text, _ in rows]},
            main_column="text",
            file_columns=("page",),
        )

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:  # noqa: ARG002 - the recipe holds the texts
        texts: list[str] = recipe["texts"]
        whole = PAGE_BREAK.join(texts)
        merged = merge_text(whole, list(_spans(texts)), answers)
        return Merged(
            content=(part.encode() for part in merged),
            media_type="text/plain",
            ending="txt",
            missing=numbers_missing(answers),
            contested=numbers_contested(answers),
        )


def _opened(content: bytes) -> "PdfReader":
    # Here and not above: every process of the service would wait for a library few ever need.
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise not_splittable(
                "the PDF is locked with a password: save it without one and choose it again"
            )
        count = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, RecursionError, TypeError, AttributeError) as error:
        raise not_splittable("not a PDF that can be read: save or print it anew") from error
    if not 0 < count <= PAGES_MAX:
        raise not_splittable(f"the PDF has {count:,} pages: 1 to {PAGES_MAX:,} can be split")
    return reader


def _text(reader: "PdfReader", number: int) -> str:
    from pypdf.errors import PyPdfError

    try:
        # A page break inside a page's text would make two pages of it in the merged whole.
        return reader.pages[number].extract_text().replace(PAGE_BREAK, "\n").replace("\0", "")
    except (PyPdfError, ValueError, KeyError, RecursionError, TypeError, AttributeError) as error:
        reason = "the page cannot be read: save or print the PDF anew"
        raise not_splittable(reason, line=number + 1) from error


def _alone(reader: "PdfReader", number: int) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_page(reader.pages[number])
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _spans(texts: list[str]) -> Iterator[tuple[int, int]]:
    place = 0
    for text in texts:
        yield place, place + len(text)
        place += len(text) + len(PAGE_BREAK)
