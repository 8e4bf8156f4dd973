"""Faults on demand: a queue in the store, consumed by the requests that match."""

import json
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from stripe_simulator.errors import Json, bad_parameter
from stripe_simulator.params import Params
from stripe_simulator.store import Tx

KINDS = ("error_before", "error_stored", "lost_answer", "rate_limit", "slow", "reset")
# What the client sees of an answer that is lost: a closed connection, a 500, or a 500 that is
# stored and replayed although the operation was carried out.
LOST_AS = ("drop", "500", "stored_500")
COUNT_MAX = 100_000
SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Fault:
    kind: str
    method: str = "*"
    path: str = "*"
    count: int = 1
    repeats: int = 0
    seconds: float = 0.0
    answer: str = "drop"
    should_retry: bool | None = None
    params: dict[str, str] = field(default_factory=dict)
    key: str | None = None

    def strikes(self, method: str, path: str, *, key: str | None, raw: Json) -> bool:
        if self.key is not None and self.key != key:
            return False
        return (
            self.method in {"*", method}
            and fnmatchcase(path, self.path)
            and all(str(raw.get(name)) == value for name, value in self.params.items())
        )


def read_fault(params: Params) -> Fault:
    fault = Fault(
        kind=params.required_text("kind"),
        method=(params.text("method") or "*").upper(),
        path=params.text("path") or "*",
        count=params.amount("count") or 1,
        repeats=params.integer("repeats") or 0,
        seconds=params.seconds("seconds", SECONDS_MAX),
        answer=params.text("answer") or "drop",
        should_retry=_tri_state(params),
        params=_narrowed(params.any("params")),
    )
    params.done()
    if fault.kind not in KINDS:
        raise bad_parameter("kind", f"kind is one of {', '.join(KINDS)}.")
    if fault.answer not in LOST_AS:
        raise bad_parameter("answer", f"answer is one of {', '.join(LOST_AS)}.")
    if fault.count > COUNT_MAX or not 0 <= fault.repeats <= COUNT_MAX:
        raise bad_parameter("count", f"count and repeats are at most {COUNT_MAX}.")
    return fault


def _narrowed(given: Any) -> dict[str, str]:
    if given is not None and not isinstance(given, dict):
        raise bad_parameter("params", "params is an object of parameters and their values.")
    return {key: str(value) for key, value in (given or {}).items()}


def _tri_state(params: Params) -> bool | None:
    return params.flag("should_retry") if params.any("should_retry") is not None else None


def add(tx: Tx, fault: Fault) -> int:
    sql = "INSERT INTO faults (body) VALUES (?)"
    return int(tx.db.execute(sql, (json.dumps(asdict(fault)),)).lastrowid or 0)


def queued(tx: Tx) -> list[tuple[int, Fault]]:
    rows = tx.db.execute("SELECT id, body FROM faults ORDER BY id").fetchall()
    return [(row[0], Fault(**json.loads(row[1]))) for row in rows]


def clear(tx: Tx) -> int:
    return tx.db.execute("DELETE FROM faults").rowcount


def take(tx: Tx, method: str, path: str, *, key: str | None, raw: Json) -> Fault | None:
    """The first fault that strikes this request, used up by one.

    With `repeats`, the same Idempotency-Key is struck so many times more: that is how an answer
    stays lost through the retries that the client's package makes by itself.
    """
    for fault_id, fault in queued(tx):
        if not fault.strikes(method, path, key=key, raw=raw):
            continue
        _use_up(tx, fault_id, fault)
        if fault.repeats and key is not None:
            again = asdict(fault) | {"key": key, "count": fault.repeats, "repeats": 0}
            add_first(tx, Fault(**again))
        return fault
    return None


def add_first(tx: Tx, fault: Fault) -> None:
    """Before all others, so that a retry meets the fault that is bound to its key."""
    tx.db.execute(
        "INSERT INTO faults (id, body) VALUES ((SELECT COALESCE(MIN(id), 1) - 1 FROM faults), ?)",
        (json.dumps(asdict(fault)),),
    )


def _use_up(tx: Tx, fault_id: int, fault: Fault) -> None:
    if fault.count == 1:
        tx.db.execute("DELETE FROM faults WHERE id = ?", (fault_id,))
        return
    left = json.dumps(asdict(fault) | {"count": fault.count - 1})
    tx.db.execute("UPDATE faults SET body = ? WHERE id = ?", (left, fault_id))
