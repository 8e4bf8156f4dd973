"""The longest requests of a requester with 100,000 rows: none may take more than five seconds.

By the environment: ENGINE and ROWS (100,000). A file is uploaded in parts, looked at by the page
that shows its rows, split, published; answers are put in; results and the merged whole come back.
A download is told twice: its first byte, and the rest, which streams and may take longer. The
merged whole is made by a job, here in a thread of the same process: the longest of the requests
that ask for it is told, and when it was there (`merged_there_seconds`, no request). Beside
other work all of it takes longer, so the CPU's time, ours and the engine's, stands beside each.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crowdloom.chassis.logs import configure_logging

from bench.claims_engine import Engine, started
from bench.creation import PER_TASK, Api, VoidRun, put_answers, rows

_PART_BYTES = 4_000_000
_SECONDS_MAX = 5.0
_KINDS = ("tidy", "consensus", "jsonl")
_LOOK_SECONDS = 0.25
_MERGE_SECONDS_MAX = 300
_MADE_LATER = 202


def run() -> Mapping[str, object]:
    """Returns the seconds of each request by its name. Raises VoidRun."""
    name = os.environ.get("ENGINE", "secantusdb")
    count = int(os.environ.get("ROWS", "100000"))
    configure_logging(service="bench", process="long_requests", level="WARNING")
    figures: dict[str, object] = {"engine": name, "rows": count}
    with started(name) as engine, engine.client() as client:
        watch = _Watch(engine)
        api = Api(engine)
        _given_as_records(api, watch, count)
        batch_id = _given_as_a_file(api, watch, count)
        watch.taking("publish", lambda: api.post(f"/batches/{batch_id}/publish", {}))
        batch = api.application.reader.batches.get(batch_id)  # type: ignore[arg-type]
        if batch is None or batch.table_id is None:
            raise VoidRun("the batch is gone")
        answered = api.tasks.page(batch.table_id, after=0, count_max=count // PER_TASK)
        put_answers(client, batch_id, [task.task_id for task in answered])
        # Counted with each answer, where answers come as they do; here once, before any request.
        api.application.reader.submissions.tally(batch_id)  # type: ignore[arg-type]
        streams = {_downloaded(api, watch, batch_id, kind) for kind in _KINDS}
        there_seconds = _merged(api, watch, batch_id)
    waited = watch.seconds.keys() - streams
    longest = max(waited, key=lambda one: watch.seconds[one])
    figures |= {f"{one}_seconds": round(taken, 2) for one, taken in watch.seconds.items()}
    figures["merged_there_seconds"] = round(there_seconds, 2)
    figures["over_five_seconds"] = sorted(
        one for one in waited if watch.seconds[one] > _SECONDS_MAX
    )
    print(f"the longest: {longest}, {watch.seconds[longest]:.2f} s", flush=True)
    return figures


class _Watch:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.seconds: dict[str, float] = {}

    def taking(self, name: str, call: Callable[[], object]) -> None:
        """The longest call of a name is kept."""
        used, engine_used = time.process_time(), self._engine.cpu_seconds()
        began = time.perf_counter()
        call()
        taken = time.perf_counter() - began
        ours, engines = time.process_time() - used, self._engine.cpu_seconds() - engine_used
        if taken > self.seconds.get(name, 0.0):
            self.seconds[name] = taken
            print(
                f"{name:<20} {taken:5.2f} s; CPU {ours:5.2f} s + the engine's {engines:5.2f} s",
                flush=True,
            )


def _given_as_records(api: Api, watch: _Watch, count: int) -> None:
    """All of them in one request."""
    batch_id, body = api.draft(), rows(0, count)
    watch.taking("records", lambda: api.post(f"/batches/{batch_id}/tasks", body))


def _given_as_a_file(api: Api, watch: _Watch, count: int) -> str:
    """Uploaded in parts, and split by row. Returns the batch's id."""
    lines = (f'{number},"Sentence number {number}, of many."\r\n' for number in range(count))
    content = ("id,text\r\n" + "".join(lines)).encode()
    begun = {"name": "rows.csv", "size": len(content), "media_type": "text/csv"}
    upload_id = api.post("/uploads", begun)["upload_id"]
    for at in range(0, len(content), _PART_BYTES):
        part = content[at : at + _PART_BYTES]
        watch.taking("upload_part", lambda at=at, part=part: api.part(upload_id, at, part))  # type: ignore[misc]
    batch_id = api.draft()
    path = f"/batches/{batch_id}/source?by=rows:1&name=rows.csv"
    watch.taking("split", lambda: api.post(path, content))
    return batch_id


def _downloaded(api: Api, watch: _Watch, batch_id: str, kind: str) -> str:
    """Returns the name of what streams: it takes as long as the file is."""
    answer: Iterator[bytes] = iter(())

    def first() -> None:
        nonlocal answer
        answer = iter(api.get(f"/batches/{batch_id}/results?format={kind}").response)
        next(answer)

    watch.taking(f"{kind}_first_byte", first)
    rest = f"{kind}_rest"
    watch.taking(rest, lambda: sum(map(len, answer)))
    return rest


def _merged(api: Api, watch: _Watch, batch_id: str) -> float:
    """Asked for until it comes. Returns after how many seconds it was there. Raises VoidRun."""
    stop = threading.Event()

    def jobs() -> None:
        while not stop.wait(_LOOK_SECONDS):
            api.application.merge_later()

    answer: Any = None

    def ask(path: str) -> None:
        nonlocal answer
        answer = api.get(path)
        next(iter(answer.response))

    path, began = f"/batches/{batch_id}/results?format=merged", time.perf_counter()
    thread = threading.Thread(target=jobs)
    thread.start()
    try:
        watch.taking("merged", lambda: ask(path))
        while answer.status_code == _MADE_LATER:
            if time.perf_counter() - began > _MERGE_SECONDS_MAX:
                raise VoidRun("the merged file was never there")
            time.sleep(_LOOK_SECONDS)
            there = answer.headers["Location"].partition("/v1")[2]
            watch.taking("merged", lambda there=there: ask(there))  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()
    seconds = time.perf_counter() - began
    print(f"the merged file was there after {seconds:.1f} s", flush=True)
    return seconds
