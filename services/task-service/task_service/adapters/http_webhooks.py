"""Webhook messages over HTTPS: signed as standardwebhooks.com says, to public addresses alone."""

import secrets
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import certifi
import urllib3
from standardwebhooks.webhooks import Webhook as Signer
from urllib3.exceptions import HTTPError

from task_service.application.webhooks import Answer
from task_service.domain.webhooks import Delivery, Webhook, ascii_host, is_public

_SECRET_BYTES = 24
_TIMEOUT = urllib3.Timeout(connect=5, read=10)
_ANSWER_BYTES_MAX = 300
_TAKEN = range(200, 300)
_GONE = 410

Resolve = Callable[[str, int], list[str]]
Pool = Callable[[str, str, int], urllib3.HTTPConnectionPool]


def new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def resolve(host: str, port: int) -> list[str]:
    """Every address of the host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def https_pool(address: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
    """Connects to the address that was looked at, and wants the certificate of the name."""
    return urllib3.HTTPSConnectionPool(
        address,
        port,
        server_hostname=host,
        assert_hostname=host,
        ssl_context=ssl.create_default_context(cafile=certifi.where()),
        timeout=_TIMEOUT,
    )


class HttpWebhooks:
    """The host is resolved once, all its addresses are looked at, and the one that was looked at is
    the one that is called: a name that changes its mind in between leads nowhere else. Redirects
    are not followed, and little of the answer is read.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allowed: Callable[[str], bool] = is_public,
        pool: Pool = https_pool,
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._pool = pool

    def __call__(self, webhook: Webhook, delivery: Delivery, now: datetime) -> Answer:
        parts = urlsplit(webhook.url)
        try:
            host, port = ascii_host(parts), parts.port or 443
            addresses = self._resolve(host, port)
        except (OSError, ValueError):  # the latter of an address kept before it was looked at so
            return Answer(taken=False, line="The host's name is not known")
        if not addresses or not all(self._allowed(one) for one in addresses):
            return Answer(taken=False, line="The host is not at a public address: not called")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {**_headers(webhook, delivery, now), "Host": _host_header(host, parts.port)}
        try:
            return self._send(self._pool(addresses[0], host, port), path, delivery.body, headers)
        except (HTTPError, OSError, ValueError) as error:
            return Answer(taken=False, line=f"No answer ({type(error).__name__})")

    def _send(
        self, pool: urllib3.HTTPConnectionPool, path: str, body: str, headers: dict[str, str]
    ) -> Answer:
        with pool:
            answer = pool.urlopen(
                "POST",
                path,
                body=body.encode(),
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            said = answer.read(_ANSWER_BYTES_MAX).decode(errors="replace")
            answer.close()
        line = f"{answer.status} {' '.join(said.split())}".strip()
        return Answer(taken=answer.status in _TAKEN, gone=answer.status == _GONE, line=line)


def _host_header(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _headers(webhook: Webhook, delivery: Delivery, now: datetime) -> dict[str, str]:
    signature = Signer(webhook.secret).sign(delivery.delivery_id, now, delivery.body)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Crowdloom-Webhooks/1",
        "webhook-id": delivery.delivery_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
