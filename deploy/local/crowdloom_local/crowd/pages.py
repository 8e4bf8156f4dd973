"""Answers to pages nobody recorded answers for: what a visitor of the demo publishes gets some too.

Only plain controls are filled in. A page that needs a hand or an eye (boxes in images, marks in
text) has no answer here, and its item is given back.
"""

import random
import zlib
from collections.abc import Mapping

from crowdloom.client.people import Answer
from selectolax.lexbor import LexborHTMLParser, LexborNode

# Most workers agree, as people mostly do; the others make results worth looking at.
_AGREEING_SHARE = 0.75
_ECHO_CHARACTERS_MAX = 200
_NO_ANSWER = {"hidden", "submit", "button", "reset", "image", "file", "password"}
_OF_TYPE = {
    "number": "3",
    "range": "3",
    "date": "2026-01-31",
    "time": "12:00",
    "month": "2026-01",
    "color": "#336699",
    "email": "simulated@example.org",
    "url": "https://example.org/",
    "tel": "555 0100",
}


def answer_of_page(html: str, inputs: Mapping[str, str], draw: random.Random) -> Answer | None:
    """Fill in the page's form; None where it has no control that a simulated worker can fill in.

    `inputs` are the item's cells: they decide what most workers answer.
    """
    chooser = _Chooser(inputs, draw)
    form = LexborHTMLParser(html).css_first("form")
    if form is None or any(node.tag and node.tag.startswith("crowd-") for node in form.css("*")):
        return None
    answer: list[tuple[str, str]] = []
    radios: dict[str, list[str]] = {}
    for node in form.css("input[name], textarea[name], select[name]"):
        name, kind = str(node.attributes["name"]), _kind_of(node)
        if kind in _NO_ANSWER or "disabled" in node.attributes:
            continue
        if kind == "radio":
            radios.setdefault(name, []).append(node.attributes.get("value") or "on")
        elif kind == "checkbox":
            if "required" in node.attributes or chooser.ticks(node):
                answer.append((name, node.attributes.get("value") or "on"))
        elif kind == "select":
            answer.append((name, chooser.one_of(name, _options_of(node))))
        else:
            answer.append((name, _OF_TYPE.get(kind) or chooser.echo()))
    answer += [(name, chooser.one_of(name, values)) for name, values in radios.items()]
    return answer or None


class _Chooser:
    def __init__(self, inputs: Mapping[str, str], draw: random.Random) -> None:
        self._inputs = inputs
        self._draw = draw

    def one_of(self, name: str, values: list[str]) -> str:
        if self._draw.random() < _AGREEING_SHARE:
            return values[self._mark_of(name) % len(values)]
        return self._draw.choice(values)

    def ticks(self, node: LexborNode) -> bool:
        usual = self._mark_of(str(node.attributes)) % 2 == 0
        return usual == (self._draw.random() < _AGREEING_SHARE)

    def echo(self) -> str:
        longest = max(self._inputs.values(), key=len, default="")
        return f"Simulated answer. {longest}"[:_ECHO_CHARACTERS_MAX].rstrip()

    def _mark_of(self, name: str) -> int:
        return zlib.crc32(repr((name, sorted(self._inputs.items()))).encode())


def _kind_of(node: LexborNode) -> str:
    if node.tag != "input":
        return str(node.tag)
    return (node.attributes.get("type") or "text").lower()


def _options_of(node: LexborNode) -> list[str]:
    values = [
        option.attributes.get("value") or option.text(strip=True)
        for option in node.css("option")
        if option.attributes.get("value") != "" and "disabled" not in option.attributes
    ]
    return values or [""]
