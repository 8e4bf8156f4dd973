"""Languages a worker can say to know, each by its own name."""

from collections.abc import Sequence

from babel import Locale
from crowdloom.ui.formats import language as reader_language
from flask import request

OFFERED: tuple[str, ...] = (
    "en",
    "fa",
    "es",
    "fr",
    "fi",
    "he",
    "ar",
    "de",
    "hi",
    "id",
    "it",
    "ja",
    "ko",
    "nl",
)
OFFERED += ("pl", "pt", "ru", "sv", "sw", "th", "tr", "uk", "ur", "vi", "zh")


def name_of(tag: str) -> str:
    """The language in its own words; the tag itself where it is not known."""
    primary = tag.split("-", maxsplit=1)[0]
    if primary not in OFFERED:
        return tag
    return Locale.parse(primary).get_display_name(primary) or tag


def named(tags: Sequence[str]) -> list[tuple[str, str]]:
    """(tag, name) of everything on offer and of what else the worker has chosen."""
    return [(tag, name_of(tag)) for tag in dict.fromkeys([*OFFERED, *tags])]


def name_for_reader(tag: str) -> str:
    """The language in the reader's words."""
    primary = tag.split("-", maxsplit=1)[0]
    if primary not in OFFERED:
        return tag
    return Locale.parse(primary).get_display_name(reader_language()) or tag


def guessed() -> list[str]:
    """What the browser says its user reads, as a first suggestion."""
    accepted = [tag.split("-")[0] for tag in request.accept_languages.values()]
    return [tag for tag in dict.fromkeys([reader_language(), *accepted]) if tag in OFFERED]
