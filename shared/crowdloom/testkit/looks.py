"""How a page is looked at: by axe, for its fit, and for what must not happen while it is open."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Error, Page, Request

HEIGHTS = {1200: 900, 375: 800}
_DIRECTIONS = {"en": "ltr", "fa": "rtl"}


@dataclass(frozen=True)
class Look:
    """One way to see a page: the language (en, fa), the theme, and the width in px (1200, 375)."""

    lang: str
    theme: Literal["light", "dark"]
    width: int


_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ALL = tuple(Look(*one) for one in product(("en", "fa"), _THEMES, (1200, 375)))


def looks(number: int) -> tuple[Look, ...]:
    """How to see the page of this number: in one look, another from page to page; in all eight with
    `CROWDLOOM_LOOKS=all`, which is what `make test-looks` sets.
    """
    return ALL if os.environ.get("CROWDLOOM_LOOKS") == "all" else (ALL[number % len(ALL)],)


def watch(page: Page, origin: str) -> list[str]:
    """A list that grows by what must not happen: script errors, policy violations, and requests to
    any other host.
    """
    faults: list[str] = []
    host = urlsplit(origin).netloc

    def note_error(error: Error) -> None:
        faults.append(f"script: {error}")

    def note_line(line: ConsoleMessage) -> None:
        if line.type == "error":
            faults.append(f"log: {line.text}")

    def note_request(sent: Request) -> None:
        if urlsplit(sent.url).netloc not in ("", host):
            faults.append(sent.url)

    page.on("pageerror", note_error)
    page.on("console", note_line)
    page.on("request", note_request)
    return faults


def violations(page: Page, **options: Any) -> list[str]:
    """What axe finds on the page as it stands, a line each; `options` are axe's own."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    wanted = {"resultTypes": ["violations"], **options}
    found = page.evaluate("options => axe.run(options)", wanted)["violations"]
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]


def wrong(
    page: Page,
    address: str,
    views: Sequence[Look],
    *,
    ready: Callable[[Page], None] | None = None,
) -> list[str]:
    """Open the address and say what is wrong with it, a line each: an answer other than 200, the
    wrong direction, a page wider than its window, and what axe finds. `ready` waits for what the
    page loads later.
    """
    found: list[str] = []
    shown = ""
    for look in sorted(views, key=lambda one: one.lang):
        page.set_viewport_size({"width": look.width, "height": HEIGHTS[look.width]})
        page.emulate_media(color_scheme=look.theme)
        if look.lang != shown:
            shown = look.lang
            answer = page.goto(f"{address}{'&' if '?' in address else '?'}lang={shown}")
            found += [f"answered {answer and answer.status}"] * (not answer or answer.status != 200)
            direction = page.evaluate("getComputedStyle(document.documentElement).direction")
            found += [f"direction {direction}"] * (direction != _DIRECTIONS[shown])
            if ready:
                ready(page)
        reach = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{look}: {reach} px wide"] * (reach > look.width)
        found += [f"{look}: {line}" for line in violations(page)]
    return found
