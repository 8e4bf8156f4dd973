"""Logged-in workers over HTTP, from a process of their own: `python -m bench.claims_load`.

URL, batch, count of workers, seconds. Prints {"cycles", "seconds", "receipts"} as JSON.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from crowdloom.client import Problem, Worker

_FULL_PAUSE_SECONDS = 0.02


def _work(worker: Worker, batch_id: str, until: float) -> list[str]:
    receipts = []
    while time.monotonic() < until:
        try:
            assignment = worker.claim(batch_id)
        except Problem as problem:
            # He is faster than events are consumed: his answers are in, their leases still count.
            if problem.code != "too_many_leases":
                raise
            time.sleep(_FULL_PAUSE_SECONDS)
            continue
        if assignment is None:
            break
        answer = worker.submit(assignment, [("label", "yes")])
        receipts.append(answer["submission_id"])
    return receipts


def main(url: str, batch_id: str, worker_count: int, seconds: float) -> None:
    with ThreadPoolExecutor(worker_count) as pool:
        workers = list(pool.map(lambda _: Worker.sign_up(url), range(worker_count)))
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        done = list(pool.map(lambda one: _work(one, batch_id, began + seconds), workers))
        took = time.monotonic() - began
    receipts = [receipt for found in done for receipt in found]
    print(json.dumps({"cycles": len(receipts), "seconds": took, "receipts": receipts}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
