"""The language a project is in, as its requester chooses it and its pages name it."""

from babel import Locale
from crowdloom.ui.formats import language as reader_language

_FIRST = ("en", "fa", "es", "fr", "fi", "he")
_OTHERS = ("ar", "de", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "sw", "th")
OFFERED: tuple[str, ...] = (*_FIRST, *_OTHERS, "tr", "uk", "ur", "vi", "zh")


def name_for_reader(tag: str) -> str:
    """The language in the reader's words; the tag itself where it is not known."""
    primary = tag.split("-", maxsplit=1)[0]
    if primary not in OFFERED:
        return tag
    return Locale.parse(primary).get_display_name(reader_language()) or tag


def choices() -> list[tuple[str, str]]:
    return [(tag, name_for_reader(tag)) for tag in OFFERED]
