"""Values inside quoted attributes of the crowd family: there, a quote in a row ends nothing.

Everywhere else values go in raw, as Mechanical Turk did: pages in use post what it made of them,
cut at the quote. Of the crowd family's own attributes (`text="${text}"`) a value with a quote was
never more than broken, so nobody relies on it.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from task_service.domain.templates.placeholders import PLACEHOLDER

_FAMILY = "crowd-"
_QUOTED = re.compile(r"""=\s*(["'])(.*?)\1""", re.DOTALL)
_ENTITIES = {'"': "&quot;", "'": "&#39;"}


class _Reader(HTMLParser):
    """`quotes`: the quote around each placeholder in question, by its place in the template."""

    def __init__(self, template: str) -> None:
        super().__init__(convert_charrefs=True)
        self.quotes: dict[int, str] = {}
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", template))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - read again, for where they stand
        if not tag.startswith(_FAMILY):
            return
        line, column = self.getpos()
        begin = self._line_starts[line - 1] + column
        text = self.get_starttag_text() or ""
        for quoted in _QUOTED.finditer(text):
            for found in PLACEHOLDER.finditer(text, quoted.start(2), quoted.end(2)):
                self.quotes[begin + found.start()] = quoted[1]


def substitute_quoted(template: str, row: Mapping[str, str]) -> str:
    """Like `substitute`, with the quotes of a value written as entities where they would end an
    attribute of the crowd family. What else is in a value stays, entities of its own too.
    """
    reader = _Reader(template)
    # As long as before, so that places stay: html.parser stumbles over marked sections.
    reader.feed(template.replace("<![", "<.["))

    def value(match: re.Match[str]) -> str:
        raw = row.get(match[1], match[0])
        quote = reader.quotes.get(match.start())
        return raw.replace(quote, _ENTITIES[quote]) if quote else raw

    return PLACEHOLDER.sub(value, template)
