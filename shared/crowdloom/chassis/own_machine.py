"""A market on one's own machine has two addresses, `127.0.0.1` and `localhost`, and browsers allow
passkeys at the name alone.
"""

import ipaddress
from urllib.parse import urlsplit

_NAME = "localhost"


def by_name(url: str) -> str:
    """The same place by the machine's name, where `url` has its bare address; else `url`."""
    place = urlsplit(url)
    if not _is_own_address(place.hostname or ""):
        return url
    port = "" if place.port is None else f":{place.port}"
    return place._replace(netloc=f"{_NAME}{port}").geturl()


def elsewhere(url: str) -> str:
    """The same, and empty for a page that has a name already."""
    named = by_name(url)
    return "" if named == url else named


def _is_own_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
