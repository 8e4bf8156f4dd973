"""Which foreign hosts a template loads from, and the policy its frame runs under."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_NAME = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z]{2,}"
_URL = re.compile(rf"(?:https?:)?//({_NAME})(?::\d+)?", re.IGNORECASE)
_HOST = re.compile(rf"^{_NAME}$")
_LOADED = re.compile(
    r"<(?:script|link|img|audio|video|source|iframe|embed)\b[^<>]*?\s(?:src|href)\s*=\s*"
    r"""["']?([^"'\s>]+)"""
    r"""|url\(\s*["']?([^"')\s]+)""",
    re.IGNORECASE,
)

# Where a whole value is the address of an image, a recording or a film.
_SHOWN = re.compile(
    r"<(?:img|audio|video|source|crowd-[\w-]{1,40})\b[^<>]*?\s(?:src|poster)\s*=\s*"
    r"""["']?\s*\$\{([^}\r\n]{1,256})\}"""
    r"""|url\(\s*["']?\$\{([^}\r\n]{1,256})\}""",
    re.IGNORECASE,
)
_TEMPLATES_KNOWN_MAX = 32


def foreign_hosts(template: str) -> list[str]:
    """Hosts that scripts, styles, images or media are loaded from, sorted, each once."""
    found = set()
    for by_tag, by_style in _LOADED.findall(template):
        match = _URL.match(by_tag or by_style)
        if match:
            found.add(match[1].lower())
    return sorted(found)


def hosts_of_row(template: str, row: Mapping[str, str]) -> list[str]:
    """Hosts of the images and media that the row itself names, where the template shows them:
    `<img src="${image_url}">`. They may serve those, and no script or style.
    """
    found = (_URL.match(row.get(name, "").strip()) for name in _columns_shown(template))
    return sorted({match[1].lower() for match in found if match})


@lru_cache(maxsize=_TEMPLATES_KNOWN_MAX)
def _columns_shown(template: str) -> frozenset[str]:
    return frozenset(by_tag or by_style for by_tag, by_style in _SHOWN.findall(template))


def is_host(text: str) -> bool:
    return bool(_HOST.match(text))


def frame_policy(allowed_hosts: Iterable[str] = (), media_hosts: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of the task frame: nothing but itself, and what the batch was
    allowed at publish. No connection of its own, no form target, no storage, no parent.
    `media_hosts` serve images and media alone.
    """
    # Without a scheme, a host means the page's own scheme or its secure form: https in production.
    hosts = "".join(f" {host}" for host in sorted(allowed_hosts))
    media = hosts + "".join(f" {host}" for host in sorted(media_hosts))
    # Libraries of the era (jQuery's globalEval, template engines) evaluate strings; inside an
    # opaque origin with no connections that adds nothing to what inline scripts may do already.
    evaluation = " 'unsafe-eval'" if hosts else ""
    return (
        f"default-src 'none'; script-src 'self' 'unsafe-inline'{evaluation}{hosts}; "
        f"style-src 'self' 'unsafe-inline'{hosts}; img-src 'self' data: blob:{media}; "
        f"font-src 'self' data:{hosts}; media-src 'self' blob:{media}; connect-src 'none'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "sandbox allow-scripts allow-forms"
    )
