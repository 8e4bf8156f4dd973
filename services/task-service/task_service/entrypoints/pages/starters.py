"""Templates of our own to begin with: they work by keyboard, on a phone and right to left."""

from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _

_FOLDER = Path(__file__).parent / "starters"
_NAMES = ("classification", "text_answer", "translation")


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
        Starter("text_answer", _("Text answer"), _("Read a text, answer a question about it.")),
        Starter("translation", _("Translation"), _("Write a text in another language.")),
    ]


def template_of(name: str) -> str | None:
    """The template's HTML, None for a name that is not on offer."""
    if name not in _NAMES:
        return None
    return (_FOLDER / f"{name}.html").read_text(encoding="utf-8")
