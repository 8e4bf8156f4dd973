"""Records events and queues their deliveries in the transaction that caused them."""

import json

from stripe_simulator import objects
from stripe_simulator.errors import Json
from stripe_simulator.scope import API_VERSION, Scope, rfc3339
from stripe_simulator.store import new_id
from stripe_simulator.views import present

CAPABILITY_UPDATED = "v2.core.account[configuration.recipient].capability_status_updated"
V2_KIND = "v2.core.event"
SNAPSHOT = "snapshot"
THIN = "thin"


def emit(scope: Scope, kind: str, payload: Json, *, before: Json | None = None) -> None:
    body = objects.event(
        object_id=new_id("evt"),
        kind=kind,
        payload=present(payload, scope.now),
        before=before,
        created=scope.now,
        request_id=scope.asked.request_id,
        idempotency_key=scope.asked.idempotency_key,
        api_version=API_VERSION,
    )
    body["pending_webhooks"] = _queue(scope, body["id"], kind, SNAPSHOT)
    scope.tx.insert("event", body, scope.now)


def emit_thin(scope: Scope, kind: str, account_id: str, data: Json) -> None:
    related = {
        "id": account_id,
        "type": "v2.core.account",
        "url": f"/v2/core/accounts/{account_id}",
    }
    body = objects.thin_event(
        object_id=new_id("evt"), kind=kind, created=rfc3339(scope.now), related=related, data=data
    )
    _queue(scope, body["id"], kind, THIN)
    scope.tx.insert(V2_KIND, body, scope.now)


def _due(now: float, window_seconds: float) -> tuple[float, int]:
    """When to deliver, and in which direction: the events of one window leave newest first."""
    if not window_seconds:
        return now, 1
    return (now // window_seconds + 1) * window_seconds, -1


def _queue(scope: Scope, event_id: str, kind: str, payload: str) -> int:
    """One delivery an endpoint (more when doubled); returns how many endpoints await it."""
    policy = json.loads(scope.tx.fact("webhook_policy", "{}"))
    due, direction = _due(scope.tx.began, float(policy.get("reorder_seconds", 0)))
    state = "withheld" if policy.get("withhold") else "due"
    awaiting = 0
    for (text,) in scope.tx.db.execute("SELECT body FROM endpoints").fetchall():
        endpoint = json.loads(text)
        wanted = endpoint["enabled_events"]
        if payload not in endpoint["payloads"] or not ("*" in wanted or kind in wanted):
            continue
        awaiting += 1
        for _ in range(int(policy.get("copies", 1))):
            row = scope.tx.db.execute(
                "INSERT INTO deliveries (endpoint, event, attempt, due, rank, state)"
                " VALUES (?, ?, 0, ?, 0, ?)",
                (endpoint["id"], event_id, due, state),
            ).lastrowid
            scope.tx.db.execute(
                "UPDATE deliveries SET rank = ? WHERE id = ?", (direction * int(row or 0), row)
            )
        scope.tx.wakes_sender = True
    return awaiting
