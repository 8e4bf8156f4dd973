"""Signed-in Turkle users over HTTP: `python -m bench.turkle_load URL BATCH SECONDS SESSION ...`.

Each accepts the next task and submits it, without loading its page. Prints {"cycles", "refused",
"seconds"} as JSON; refused are answers that are no task, as under simultaneous claims.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

_REQUEST_SECONDS_MAX = 300
_FOUND = 302


def _work(url: str, batch: str, session: str, until: float) -> Counter[str]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=_REQUEST_SECONDS_MAX)
    done: Counter[str] = Counter()

    def call(method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": f"sessionid={session}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")

    while time.monotonic() < until:
        status, place = call("GET", f"/batch/{batch}/accept_next_task/")
        taken = status == _FOUND and place.startswith("/task/")
        if taken and call("POST", place, "label=yes")[0] == _FOUND:
            done["cycles"] += 1
        else:
            done["refused"] += 1
    return done


def main(url: str, batch: str, seconds: float, sessions: list[str]) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(len(sessions)) as pool:
        found = pool.map(lambda one: _work(url, batch, one, began + seconds), sessions)
        done = sum(found, Counter[str]())
    took = time.monotonic() - began
    print(json.dumps({"cycles": done["cycles"], "refused": done["refused"], "seconds": took}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:])
