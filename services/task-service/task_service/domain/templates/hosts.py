"""Which foreign hosts a template loads from, and the policy its frame runs under."""

import re
from collections.abc import Iterable

_NAME = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z]{2,}"
_URL = re.compile(rf"(?:https?:)?//({_NAME})(?::\d+)?", re.IGNORECASE)
_HOST = re.compile(rf"^{_NAME}$")
_LOADED = re.compile(
    r"<(?:script|link|img|audio|video|source|iframe|embed)\b[^<>]*?\s(?:src|href)\s*=\s*"
    r"""["']?([^"'\s>]+)"""
    r"""|url\(\s*["']?([^"')\s]+)""",
    re.IGNORECASE,
)


def foreign_hosts(template: str) -> list[str]:
    """Hosts that scripts, styles, images or media are loaded from, sorted, each once."""
    found = set()
    for by_tag, by_style in _LOADED.findall(template):
        match = _URL.match(by_tag or by_style)
        if match:
            found.add(match[1].lower())
    return sorted(found)


def is_host(text: str) -> bool:
    return bool(_HOST.match(text))


def frame_policy(allowed_hosts: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of the task frame: nothing but itself, and what the batch was
    allowed at publish. No connection of its own, no form target, no storage, no parent.
    """
    # Without a scheme, a host means the page's own scheme or its secure form: https in production.
    hosts = "".join(f" {host}" for host in sorted(allowed_hosts))
    # Libraries of the era (jQuery's globalEval, template engines) evaluate strings; inside an
    # opaque origin with no connections that adds nothing to what inline scripts may do already.
    evaluation = " 'unsafe-eval'" if hosts else ""
    return (
        f"default-src 'none'; script-src 'self' 'unsafe-inline'{evaluation}{hosts}; "
        f"style-src 'self' 'unsafe-inline'{hosts}; img-src 'self' data: blob:{hosts}; "
        f"font-src 'self' data:{hosts}; media-src 'self' blob:{hosts}; connect-src 'none'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "sandbox allow-scripts allow-forms"
    )
