"""What stands in the bar at the top of a page; each service says it for its own role."""

from collections.abc import Mapping, Sequence
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

    `within` names paths that belong to an item although its href does not lead there. `sign_out` is
    the address a sign-out form posts to, empty for a visitor.
    """

    items: Sequence[tuple[str, str]] = field(default_factory=tuple)
    purse: Purse | None = None
    sign_out: str = ""
    home: str = "/"
    within: Mapping[str, str] = field(default_factory=dict)


def mark_current(
    items: Sequence[tuple[str, str]], within: Mapping[str, str]
) -> list[tuple[str, str, bool]]:
    """(label, href, current): at most one is current, judged by the path of this request."""
    homes = (home for start, home in within.items() if _leads_to(start, request.path))
    path = next(homes, request.path)
    matching = [href for _, href in items if _leads_to(href, path)]
    current = max(matching, key=len, default=None)
    return [(label, href, href == current) for label, href in items]


def _leads_to(href: str, path: str) -> bool:
    return path == href or path.startswith(href.rstrip("/") + "/")
