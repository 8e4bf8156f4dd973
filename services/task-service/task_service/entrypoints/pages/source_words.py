"""Ways to split, encodings and delimiters, in the reader's language."""

from dataclasses import dataclass

from flask_babel import gettext as _

from task_service.application.source_ports import Source
from task_service.entrypoints.pages.source_forms import ENCODINGS


def split_words() -> dict[str, str]:
    return {
        "rows": _("Rows of a table"),
        "paragraph": _("Paragraphs"),
        "sentence": _("Sentences"),
        "words": _("Words, with overlap"),
        "page": _("Pages"),
        "tile": _("Tiles of the image"),
        "seconds": _("Seconds, cut in silence"),
        "file": _("Files of the ZIP"),
    }


def encodings(detected: str | None, chosen: str | None) -> list[tuple[str, str]]:
    """To choose from; without a choice it is the one that was detected."""
    first = _("detected: %(name)s", name=(detected or "").upper()) if detected else _("detect")
    names = dict.fromkeys([*ENCODINGS, *([chosen] if chosen else [])])
    return [("", first), *((name, name.upper()) for name in names)]


def delimiter_words() -> dict[str, str]:
    return {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}


def delimiters(detected: str | None) -> list[tuple[str, str]]:
    words = delimiter_words()
    name = words.get(detected or "", detected or "")
    first = _("detected: %(name)s", name=name) if detected else _("detect")
    return [("", first), *words.items()]


@dataclass(frozen=True)
class ShownSource:
    """The file that a draft's tasks were made of, in words; `page` is where that is changed."""

    name: str
    split: str
    encoding: str | None
    delimiter: str | None
    page: str


def shown_source(source: Source, page: str) -> ShownSource:
    wish = source.wish
    return ShownSource(
        name=source.name,
        split=split_words()[wish.kind],
        encoding=wish.encoding,
        delimiter=delimiter_words().get(wish.delimiter or "", wish.delimiter),
        page=page,
    )
