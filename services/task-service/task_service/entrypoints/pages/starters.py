"""Templates of our own to begin with: they work by keyboard, on a phone and right to left."""

from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _

_FOLDER = Path(__file__).parent / "starters"
_NAMES = (
    "classification",
    "multiple_choice",
    "sentiment",
    "comparison",
    "ranking",
    "text_answer",
    "translation",
    "proofreading",
    "transcription",
    "image_boxes",
    "text_spans",
    "survey",
    "document",
)


@dataclass(frozen=True)
class Starter:
    name: str
    title: str
    meaning: str


def offered() -> list[Starter]:
    return [
        Starter(
            "classification",
            _("Classification"),
            _("Read a text, choose one of a few labels."),
        ),
        Starter(
            "multiple_choice", _("Multiple choice"), _("Read a text, tick every label that fits.")
        ),
        Starter("sentiment", _("Sentiment"), _("Say how a text feels, in five steps.")),
        Starter("comparison", _("Comparison of two"), _("Choose the better of two texts.")),
        Starter("ranking", _("Ranking"), _("Put three items in order.")),
        Starter("text_answer", _("Text answer"), _("Read a text, answer a question about it.")),
        Starter("translation", _("Translation"), _("Write a text in another language.")),
        Starter("proofreading", _("Proofreading"), _("Correct a text beside its original.")),
        Starter("transcription", _("Transcription"), _("Write down what a recording says.")),
        Starter("image_boxes", _("Boxes in images"), _("Draw boxes around things in an image.")),
        Starter("text_spans", _("Spans in text"), _("Mark names and other spans in a text.")),
        Starter("survey", _("Survey"), _("Ask a few questions.")),
        Starter("document", _("Data from a document"), _("Copy fields out of a document.")),
    ]


def template_of(name: str) -> str | None:
    """The template's HTML, None for a name that is not on offer."""
    if name not in _NAMES:
        return None
    return (_FOLDER / f"{name}.html").read_text(encoding="utf-8")
