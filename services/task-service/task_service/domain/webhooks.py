"""Webhooks: addresses of requesters that are told what happens, and what became of each message."""

import ipaddress
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import RequesterId

WEBHOOKS_MAX = 20
URL_CHARACTERS_MAX = 2_000
RETRY_AFTER = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 7_200, 28_800, 86_400)
)
"""Pauses between tries; after the last one it is given up."""

EVENT_NAMES = (
    "task.batch.opened.v1",
    "task.batch.completed.v1",
    "task.submission.received.v1",
    "task.submission.accepted.v1",
    "task.submission.rejected.v1",
    "task.submission.returned.v1",
)


_NAMES_OF_ONES_OWN = ("localhost", "local", "internal", "home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OLD_CLOTHES_OF_IPV4 = ipaddress.ip_network("::/96")


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"


class HostIsNotPublic(InvalidInput):
    """The address names a machine of a private network, or the one that would call it."""

    code = "host_is_not_public"


@dataclass(frozen=True)
class Webhook:
    """`secret` signs every message; the requester keeps the same one. No events means all.
    `paused_at` is when its server said that it is gone for good: it is told of nothing since.
    """

    webhook_id: str
    requester_id: RequesterId
    url: str
    secret: str
    events: tuple[str, ...]
    created_at: datetime
    paused_at: datetime | None = None

    def wants(self, event_name: str) -> bool:
        return self.paused_at is None and (not self.events or event_name in self.events)


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True)
class Delivery:
    """One message to one address. `body` is what is signed and sent, the same at every try."""

    delivery_id: str
    webhook_id: str
    requester_id: RequesterId
    event_name: str
    body: str
    status: DeliveryStatus
    created_at: datetime
    due_at: datetime
    tries: int = 0
    last_answer: str | None = None

    def after(self, answer: str, *, taken: bool, gone: bool = False, now: datetime) -> "Delivery":
        """As it is once a try was answered: delivered, due again later, or given up, at once where
        the receiver is gone for good.
        """
        changes = {**vars(self), "tries": self.tries + 1, "last_answer": answer}
        if taken:
            return Delivery(**{**changes, "status": DeliveryStatus.DELIVERED})
        if gone or self.tries >= len(RETRY_AFTER):
            return Delivery(**{**changes, "status": DeliveryStatus.FAILED})
        return Delivery(**{**changes, "due_at": now + RETRY_AFTER[self.tries]})


def checked_url(url: str) -> str:
    """Raises InvalidInput, HostIsNotPublic. Where a name leads is seen when it is called."""
    kept = url.strip()
    if not _is_callable(kept) or len(kept) > URL_CHARACTERS_MAX:
        sentence = "Give an address that begins with https:// and names no user"
        raise InvalidInput(sentence, errors={"url": [f"{sentence}."]})
    if _is_ones_own(ascii_host(urlsplit(kept))):
        named = {"url": ["Give an address of the public internet."]}
        raise HostIsNotPublic("The host is an address of a private network", errors=named)
    return kept


def _is_callable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = ascii_host(parts), parts.port
    except ValueError:  # a bracket left open, no port, a name that cannot be one
        return False
    known = host and not any(character.isspace() for character in url)
    return bool(known and parts.scheme == "https" and parts.username is None)


def _is_ones_own(host: str) -> bool:
    """Whether the host itself says that it is no public one; most names do not tell."""
    name = host.rstrip(".").lower()
    if any(name == one or name.endswith(f".{one}") for one in _NAMES_OF_ONES_OWN):
        return True
    written = _address_written_as(name)
    return written is not None and not is_public(written)


def _address_written_as(name: str) -> str | None:
    """The address that a host is, as decimal, octal or short as resolvers take it."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return None


def is_public(address: str) -> bool:
    """Whether it is an address of the public internet: no private, loopback, link-local, multicast
    or reserved one, nor one of those in the clothes of IPv6.
    """
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64 or found in _OLD_CLOTHES_OF_IPV4:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast


def ascii_host(parts: SplitResult) -> str:
    """The host as it is looked up: `xn--...` for one in letters of another script. Raises
    ValueError.
    """
    host = parts.hostname or ""
    return host if ":" in host else host.encode("idna").decode()


def checked_events(events: tuple[str, ...]) -> tuple[str, ...]:
    """Raises InvalidInput naming what there is no such event of."""
    unknown = [name for name in events if name not in EVENT_NAMES]
    if unknown:
        sentence = f"There is no event {unknown[0]}"
        raise InvalidInput(sentence, errors={"events": [f"{sentence}."]})
    return tuple(name for name in EVENT_NAMES if name in events)
