"""What the one who asks works on, as their browser says it."""

from flask import request


def device_of_browser() -> str:
    """A worker can say otherwise; it asks nobody for proof."""
    agent = request.headers.get("User-Agent", "")
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    return "phone" if "Mobi" in agent else "computer"


def device_if_known() -> str | None:
    """None for a script, which says itself what it works on where that matters."""
    is_browser = "Mozilla" in request.headers.get("User-Agent", "")
    return device_of_browser() if is_browser else None
