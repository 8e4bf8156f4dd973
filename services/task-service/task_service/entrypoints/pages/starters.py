"""Templates of our own to begin with: they work by keyboard, on a phone and right to left, in light
and in dark. Each stands beside rows to try it with.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask_babel import gettext as _

from task_service.domain.tables import Table, read_table

_FOLDER = Path(__file__).parent / "starters"
KINDS = ("choose", "compare", "write", "mark", "ask")
MEDIA = ("text", "image", "audio", "document")
# Name: what one does, and with what.
_NAMES = {
    "classification": ("choose", "text"),
    "multiple_choice": ("choose", "text"),
    "sentiment": ("choose", "text"),
    "comparison": ("compare", "text"),
    "ranking": ("compare", "text"),
    "text_answer": ("write", "text"),
    "translation": ("write", "text"),
    "proofreading": ("write", "text"),
    "transcription": ("write", "audio"),
    "image_boxes": ("mark", "image"),
    "image_polygons": ("mark", "image"),
    "text_spans": ("mark", "text"),
    "survey": ("ask", "text"),
    "document": ("write", "document"),
}


@dataclass(frozen=True)
class Starter:
    """`kind` is one of KINDS, `medium` one of MEDIA."""

    name: str
    kind: str
    medium: str
    title: str
    meaning: str


def offered() -> list[Starter]:
    words = _words()
    return [Starter(name, *_NAMES[name], *words[name]) for name in _NAMES]


def starter_of(name: str) -> Starter | None:
    """None for a name that is not on offer."""
    return next((one for one in offered() if one.name == name), None)


def found(*, kind: str = "", medium: str = "", text: str = "") -> list[Starter]:
    """Those of a kind and medium, with every word of the text in their title or meaning."""
    wanted = text.casefold().split()
    return [
        one
        for one in offered()
        if kind in ("", one.kind)
        and medium in ("", one.medium)
        and all(word in f"{one.title} {one.meaning}".casefold() for word in wanted)
    ]


def template_of(name: str) -> str | None:
    """The template's HTML, None for a name that is not on offer."""
    return _text(f"{name}.html") if name in _NAMES else None


@cache
def sample_of(name: str) -> Table:
    """A few rows to try a template on offer with."""
    return read_table(sample_file(name))


def sample_file(name: str) -> bytes:
    """The rows as CSV, for a template on offer."""
    return _text(f"{name}.csv").encode()


@cache
def _text(file: str) -> str:
    return (_FOLDER / file).read_text(encoding="utf-8")


def kind_words() -> dict[str, str]:
    return {
        "choose": _("Choosing"),
        "compare": _("Comparing"),
        "write": _("Writing"),
        "mark": _("Marking"),
        "ask": _("Asking people"),
    }


def medium_words() -> dict[str, str]:
    return {
        "text": _("Texts"),
        "image": _("Images"),
        "audio": _("Recordings"),
        "document": _("Documents"),
    }


def _words() -> dict[str, tuple[str, str]]:
    return {
        "classification": (_("Classification"), _("Read a text, choose one of a few labels.")),
        "multiple_choice": (
            _("Multiple choice"),
            _("Read a text, tick every label that fits."),
        ),
        "sentiment": (_("Sentiment"), _("Say how a text feels, in five steps.")),
        "comparison": (_("Comparison of two"), _("Choose the better of two texts.")),
        "ranking": (_("Ranking"), _("Put three items in order.")),
        "text_answer": (_("Text answer"), _("Read a text, answer a question about it.")),
        "translation": (_("Translation"), _("Write a text in another language.")),
        "proofreading": (_("Proofreading"), _("Correct a text beside its original.")),
        "transcription": (_("Transcription"), _("Write down what a recording says.")),
        "image_boxes": (_("Boxes in images"), _("Draw boxes around things in an image.")),
        "image_polygons": (
            _("Outlines in images"),
            _("Draw around things in an image, point by point."),
        ),
        "text_spans": (_("Spans in text"), _("Mark names and other spans in a text.")),
        "survey": (_("Survey"), _("Ask a few questions.")),
        "document": (_("Data from a document"), _("Copy fields out of a document.")),
    }
