"""What stands in the bar at the top of a page; each service says it for its own role."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import request


@dataclass(frozen=True)
class Purse:
    """The slot at the end of the bar: a link, filled by a fragment of another service."""

    href: str
    label: str
    fragment_url: str = ""


@dataclass(frozen=True)
class Bar:
    """`items` are (label, href) pairs; the one whose href is the longest prefix is current.

    `sign_out` is the address a sign-out form posts to, empty for a visitor.
    """

    items: Sequence[tuple[str, str]] = field(default_factory=tuple)
    purse: Purse | None = None
    sign_out: str = ""
    home: str = "/"


def mark_current(items: Sequence[tuple[str, str]]) -> list[tuple[str, str, bool]]:
    """(label, href, current): at most one is current, judged by the path of this request."""
    matching = [href for _, href in items if _leads_to(href, request.path)]
    current = max(matching, key=len, default=None)
    return [(label, href, href == current) for label, href in items]


def _leads_to(href: str, path: str) -> bool:
    return path == href or path.startswith(href.rstrip("/") + "/")
