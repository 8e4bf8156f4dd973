"""Logged-in workers over HTTP, from a process of their own: `python -m bench.claims_load`.

URL, batch, count of workers at once, seconds, claims of a worker ("0": no end; otherwise another
worker goes on in his place). Prints {"cycles", "seconds", "receipts", "last"} as JSON; "last" is
the last assignment of each place. On plain connections that are kept open: what the load itself
costs is taken from what is measured.
"""

import json
import sys
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from crowdloom.client import Worker

_FULL_PAUSE_SECONDS = 0.02
_CYCLES_A_SECOND_MAX = 500


class _LoggedIn:
    """One worker's connection."""

    def __init__(self, url: str, worker: Worker) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self._token = str(worker.api._session.headers["Authorization"])  # noqa: SLF001

    def claim(self, batch_id: str) -> dict[str, Any] | None:
        """An assignment, or None where there is nothing. Waits while too many leases are held."""
        key, body = uuid.uuid4().hex, json.dumps({"batch_id": batch_id})
        while True:
            status, answer = self._post("/api/matching/v1/claims", body, self._token, key)
            if status in (201, 204):
                return answer if status == 201 else None  # noqa: PLR2004
            # Faster than events are consumed: his answers are in, their leases still count.
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
        headers = {"Authorization": token, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else {}


def _work(
    workers: Iterable[_LoggedIn], batch_id: str, until: float, claims_max: int
) -> tuple[list[str], str]:
    """The receipts, and the last assignment."""
    receipts: list[str] = []
    last = ""
    for worker in workers:
        for _ in range(claims_max):
            if time.monotonic() > until or (assignment := worker.claim(batch_id)) is None:
                return receipts, last
            receipts.append(worker.submit(assignment))
            last = assignment["assignment_id"]
    raise RuntimeError("every worker that was signed up has claimed all that he may")


def main(url: str, batch_id: str, at_once: int, seconds: float, claims_max: int) -> None:
    count = ceil(seconds * _CYCLES_A_SECOND_MAX / at_once / claims_max) if claims_max else 1
    with ThreadPoolExecutor(at_once) as pool:

        def signed_up(_: int) -> list[_LoggedIn]:
            return [_LoggedIn(url, Worker.sign_up(url)) for _ in range(count)]

        def work(workers: list[_LoggedIn]) -> tuple[list[str], str]:
            return _work(workers, batch_id, began + seconds, claims_max or sys.maxsize)

        places = list(pool.map(signed_up, range(at_once)))
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        done = list(pool.map(work, places))
        took = time.monotonic() - began
    receipts = [receipt for found, _ in done for receipt in found]
    figures = {"cycles": len(receipts), "seconds": took, "receipts": receipts}
    print(json.dumps({**figures, "last": [last for _, last in done if last]}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
