"""Logged-in workers over HTTP, from a process of their own: `python -m bench.claims_load`.

URL, batch, count of workers, seconds. Prints {"cycles", "seconds", "receipts", "last"} as JSON;
"last" is the last assignment of each worker. On bare sockets that are kept open, with no more of
HTTP than our own answers need: what the load itself costs is taken from what is measured.
"""

import json
import re
import socket
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from crowdloom.client import Worker

_FULL_PAUSE_SECONDS = 0.2
_READ_BYTES = 1 << 16
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class _LoggedIn:
    """One worker's connection."""

    def __init__(self, url: str, worker: Worker) -> None:
        address = urlsplit(url)
        self._head = f"Host: {address.netloc}\r\nContent-Type: application/json\r\n"
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._token = str(worker.api._session.headers["Authorization"])  # noqa: SLF001

    def claim(self, batch_id: str) -> dict[str, Any] | None:
        """An assignment, or None where there is nothing. Waits while too many leases are held."""
        key, body = uuid.uuid4().hex, json.dumps({"batch_id": batch_id})
        while True:
            status, answer = self._post("/api/matching/v1/claims", body, self._token, key)
            if status in (201, 204):
                return answer if status == 201 else None  # noqa: PLR2004
            # Faster than events are consumed: his answers are in, their leases still count. Our own
            # client waits as long, at first.
            if answer["code"] not in ("too_many_leases", "try_again"):
                raise RuntimeError(f"{status} {answer}")
            time.sleep(_FULL_PAUSE_SECONDS)

    def submit(self, assignment: dict[str, Any]) -> str:
        path = f"/api/tasks/v1/assignments/{assignment['assignment_id']}/submission"
        body = json.dumps({"answer": [["label", "yes"]]})
        while True:
            status, answer = self._post(path, body, f"Bearer {assignment['ticket']}", "")
            if status == 201:  # noqa: PLR2004
                return str(answer["submission_id"])
            if answer["code"] != "try_again":
                raise RuntimeError(f"{status} {answer}")

    def _post(self, path: str, body: str, token: str, key: str) -> tuple[int, dict[str, Any]]:
        key_line = f"Idempotency-Key: {key}\r\n" if key else ""
        sent = f"POST {path} HTTP/1.1\r\n{self._head}Authorization: {token}\r\n{key_line}"
        sent += f"Content-Length: {len(body)}\r\n\r\n{body}"
        self._socket.sendall(sent.encode())
        head, _, content = self._received(b"").partition(_END_OF_HEAD)
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        while len(content) < length:
            content = self._received(content)
        return int(head[9:12]), json.loads(content) if content else {}

    def _received(self, before: bytes) -> bytes:
        """With the head whole, where there is none before."""
        while True:
            came = self._socket.recv(_READ_BYTES)
            if not came:
                raise ConnectionError("the market closed the connection")
            before += came
            if before and (_END_OF_HEAD in before or not before.startswith(b"HTTP/")):
                return before


def _work(worker: _LoggedIn, batch_id: str, until: float) -> tuple[list[str], str]:
    """The receipts, and the last assignment."""
    receipts: list[str] = []
    last = ""
    while time.monotonic() < until and (assignment := worker.claim(batch_id)) is not None:
        receipts.append(worker.submit(assignment))
        last = assignment["assignment_id"]
    return receipts, last


def main(url: str, batch_id: str, count: int, seconds: float) -> None:
    with ThreadPoolExecutor(count) as pool:
        signed_up = list(pool.map(lambda _: Worker.sign_up(url), range(count)))
        workers = [_LoggedIn(url, worker) for worker in signed_up]
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        done = list(pool.map(lambda one: _work(one, batch_id, began + seconds), workers))
        took = time.monotonic() - began
    receipts = [receipt for found, _ in done for receipt in found]
    figures = {"cycles": len(receipts), "seconds": took, "receipts": receipts}
    print(json.dumps({**figures, "last": [last for _, last in done if last]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
