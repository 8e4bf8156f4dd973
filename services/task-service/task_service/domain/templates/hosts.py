"""Which foreign hosts a template loads from, and the policy its frame runs under."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from task_service.domain.templates.placeholders import needed_columns

_NAME = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z]{2,}"
# With its port: to a policy, a host without one is the host at the usual port alone.
_PLACE = rf"{_NAME}(?::\d{{1,5}})?"
_URL = re.compile(rf"(?:https?:)?//({_PLACE})", re.IGNORECASE)
_HOST = re.compile(rf"^{_PLACE}$")
_LOADED = re.compile(
    r"<(?:script|link|img|audio|video|source|iframe|embed)\b[^<>]*?\s(?:src|href)\s*=\s*"
    r"""["']?([^"'\s>]+)"""
    r"""|url\(\s*["']?([^"')\s]+)""",
    re.IGNORECASE,
)

_ADDRESS = re.compile(rf"{_URL.pattern}[^\s<>]*", re.IGNORECASE)
_SHOWN = re.compile(
    r"""<(?:img|audio|video|source)\b[^<>]*?\s(?:src|poster)\s*=\s*["']?([^"'\s>]+)""",
    re.IGNORECASE,
)
_NESTED = re.compile(r"<iframe\b", re.IGNORECASE)
_TEMPLATES_KNOWN_MAX = 32


def foreign_hosts(template: str) -> list[str]:
    """Hosts, with a port where one is named, that scripts, styles, images or media are loaded
    from, sorted, each once.
    """
    found = set()
    for by_tag, by_style in _LOADED.findall(template):
        match = _URL.match(by_tag or by_style)
        if match:
            found.add(match[1].lower())
    return sorted(found)


def hosts_of_row(template: str, row: Mapping[str, str]) -> list[str]:
    """Hosts of the images and media that a row names, sorted, each once: in a value that is an
    address and nothing else, however the template comes to show it, and in one that is a piece of
    HTML. They may serve those, and no script or style.
    """
    values = [row[name] for name in _columns(template) if name in row]
    whole = (_ADDRESS.fullmatch(value.strip()) for value in values)
    shown = (_URL.match(address) for value in values for address in _SHOWN.findall(value))
    return sorted({match[1].lower() for match in (*whole, *shown) if match})


@lru_cache(maxsize=_TEMPLATES_KNOWN_MAX)
def _columns(template: str) -> tuple[str, ...]:
    return tuple(needed_columns(template))


def nests_pages(template: str, row: Mapping[str, str]) -> bool:
    """Whether the page has pages of others within it: `<iframe src="${url}">`."""
    return any(map(_NESTED.search, (template, *(row.get(name, "") for name in _columns(template)))))


def is_host(text: str) -> bool:
    return bool(_HOST.match(text))


def _source(host: str) -> str:
    """Without a scheme, a host means the page's own scheme or its secure form: https in production.
    A port is of one scheme: under a page of plain http the secure form has to be named as well.
    """
    return f" {host} https://{host}" if ":" in host else f" {host}"


def frame_policy(
    allowed_hosts: Iterable[str] = (), media_hosts: Iterable[str] = (), *, nests: bool = False
) -> str:
    """The Content-Security-Policy of the task frame: nothing but itself, and what the batch was
    allowed at publish. No connection of its own, no form target, no storage, no parent.
    `media_hosts` serve images and media alone, and pages within it where it `nests` some: those
    are under its sandbox too, with no origin of theirs.
    """
    hosts = "".join(map(_source, sorted(allowed_hosts)))
    media = hosts + "".join(map(_source, sorted(media_hosts)))
    pages = media if nests and media else " 'none'"
    # Libraries of the era (jQuery's globalEval, template engines) evaluate strings; inside an
    # opaque origin with no connections that adds nothing to what inline scripts may do already.
    evaluation = " 'unsafe-eval'" if hosts else ""
    return (
        f"default-src 'none'; script-src 'self' 'unsafe-inline'{evaluation}{hosts}; "
        f"style-src 'self' 'unsafe-inline'{hosts}; img-src 'self' data: blob:{media}; "
        f"font-src 'self' data:{hosts}; media-src 'self' blob:{media}; frame-src{pages}; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "sandbox allow-scripts allow-forms"
    )
