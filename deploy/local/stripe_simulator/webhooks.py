"""Delivers events to webhook endpoints: signed, one at a time, again until a 2xx."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from stripe_simulator.errors import ApiError, Json, bad_parameter
from stripe_simulator.events import SNAPSHOT, THIN, V2_KIND
from stripe_simulator.params import Params
from stripe_simulator.settings import Settings
from stripe_simulator.store import Store, Tx, new_id, random_part

SECRETS_MAX = 2
ENDPOINTS_MAX = 16


@dataclass(frozen=True)
class Job:
    delivery_id: int
    endpoint: Json
    event_id: str
    attempt: int
    payload: str


def signature(payload: str, secrets: list[str], at: int) -> str:
    """The Stripe-Signature header: one `v1` for every secret in force."""
    signed = f"{at}.{payload}".encode()
    digests = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in secrets]
    return ",".join([f"t={at}", *(f"v1={digest}" for digest in digests)])


def register(tx: Tx, params: Params, settings: Settings) -> Json:
    """Creates the endpoint of a URL, or changes it: one URL is one endpoint.

    A new `secret` replaces the old one, or joins it while `keep_previous_secret` is true.
    """
    url = _allowed(params.required_text("url"), settings)
    row = tx.db.execute("SELECT body FROM endpoints WHERE url = ?", (url,)).fetchone()
    body = json.loads(row[0]) if row is not None else _new_endpoint(tx, url)
    secret, keep = params.text("secret", 200), params.flag("keep_previous_secret")
    if secret is not None:
        others = [old for old in body["secrets"] if old != secret]
        body["secrets"] = [secret, *(others if keep and row is not None else [])][:SECRETS_MAX]
    body["payloads"] = params.texts("payloads") or body["payloads"]
    body["enabled_events"] = params.texts("enabled_events") or body["enabled_events"]
    params.done()
    if not set(body["payloads"]) <= {SNAPSHOT, THIN}:
        raise bad_parameter("payloads", f"payloads are among {SNAPSHOT}, {THIN}.")
    tx.db.execute(
        "INSERT OR REPLACE INTO endpoints (id, url, body) VALUES (?, ?, ?)",
        (body["id"], url, json.dumps(body)),
    )
    return show_endpoint(body)


def configure(tx: Tx, settings: Settings) -> None:
    """The endpoint that the start named. When it moved, what it still waits for moves with it."""
    moved_from = tx.fact("configured_url")
    if moved_from not in {"", settings.webhook_url}:
        _move(tx, moved_from, settings.webhook_url)
    given = {"url": settings.webhook_url}
    if settings.webhook_secret:
        given["secret"] = settings.webhook_secret
    register(tx, Params(given), settings)
    tx.set_fact("configured_url", settings.webhook_url)


def _move(tx: Tx, old: str, new: str) -> None:
    by_url = {body["url"]: body for body in endpoints(tx)}
    if old not in by_url or new in by_url:
        return
    body = by_url[old] | {"url": new}
    sql = "UPDATE endpoints SET url = ?, body = ? WHERE id = ?"
    tx.db.execute(sql, (new, json.dumps(body), body["id"]))


def _new_endpoint(tx: Tx, url: str) -> Json:
    if len(endpoints(tx)) >= ENDPOINTS_MAX:
        raise ApiError(400, f"At most {ENDPOINTS_MAX} webhook endpoints.")
    return {
        "id": new_id("we"),
        "url": url,
        "secrets": [f"whsec_{random_part()}"],
        "payloads": [SNAPSHOT],
        "enabled_events": ["*"],
    }


def show_endpoint(body: Json) -> Json:
    return body | {"secret": body["secrets"][0]}


def endpoints(tx: Tx) -> list[Json]:
    return [json.loads(row[0]) for row in tx.db.execute("SELECT body FROM endpoints")]


def remove(tx: Tx, endpoint_id: str) -> None:
    tx.db.execute("DELETE FROM endpoints WHERE id = ?", (endpoint_id,))
    tx.db.execute(
        "UPDATE deliveries SET state = 'failed', last = 'endpoint removed'"
        " WHERE endpoint = ? AND state IN ('due', 'withheld')",
        (endpoint_id,),
    )


def _allowed(url: str, settings: Settings) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises as well; the sender would, and deliver nothing any more
    except ValueError:
        raise bad_parameter("url", "This is no URL.") from None
    if parts.scheme not in {"http", "https"} or parts.hostname not in settings.webhook_hosts:
        hosts = ", ".join(sorted(settings.webhook_hosts))
        raise bad_parameter("url", f"Webhooks go to {hosts} only (see --webhook-host).")
    return url


class Sender(threading.Thread):
    """Sleeps until something is due; the store wakes it after a commit that queued deliveries."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(name="webhook-sender", daemon=True)
        self._store = store
        self._settings = settings
        self._bell = threading.Event()
        self._stopping = False
        store.wake_sender = self._bell.set

    def stop(self) -> None:
        self._stopping = True
        self._bell.set()
        if self.is_alive():
            self.join(self._settings.webhook_timeout_seconds + 1)

    def run(self) -> None:
        while not self._stopping:
            self._bell.clear()
            job, pause_seconds = self._next()
            if job is not None:
                self._deliver(job)
            else:
                self._bell.wait(pause_seconds)

    def _next(self) -> tuple[Job | None, float | None]:
        """A delivery that is due, or how long nothing will be (None: until woken)."""
        now = time.time()
        with self._store.transaction() as tx:
            row = tx.db.execute(
                "SELECT id, endpoint, event, attempt FROM deliveries"
                " WHERE state = 'due' AND due <= ? ORDER BY rank LIMIT 1",
                (now,),
            ).fetchone()
            if row is not None:
                return self._job(tx, *row), None
            soonest = tx.db.execute("SELECT MIN(due) FROM deliveries WHERE state = 'due'")
            due = soonest.fetchone()[0]
        return None, None if due is None else max(0.01, due - now)

    def _job(self, tx: Tx, delivery_id: int, endpoint_id: str, event_id: str, attempt: int) -> Job:
        sql = "SELECT body FROM endpoints WHERE id = ?"
        row = tx.db.execute(sql, (endpoint_id,)).fetchone()
        endpoint = json.loads(row[0]) if row is not None else {"id": endpoint_id, "url": ""}
        event = tx.get(event_id) or {}
        if event.get("object") == V2_KIND:
            event.pop("data", None)  # thin events are pushed without it
        return Job(delivery_id, endpoint, event_id, attempt, json.dumps(event))

    def _deliver(self, job: Job) -> None:
        try:
            status = self._post(job)
            said = f"HTTP {status}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            status, said = 0, f"{type(error).__name__}: {error}"[:200]
        with self._store.transaction() as tx:
            if 200 <= status < 300:  # noqa: PLR2004
                self._delivered(tx, job, said)
            else:
                self._put_off(tx, job, said, reached=status != 0)

    def _post(self, job: Job) -> int:
        parts = urlsplit(job.endpoint["url"])
        secure = parts.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        line = connect(
            parts.hostname or "", parts.port, timeout=self._settings.webhook_timeout_seconds
        )
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(job.payload, job.endpoint["secrets"], int(time.time())),
            "User-Agent": "Stripe/1.0 (simulator)",
            "Connection": "close",
        }
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            line.request("POST", path, job.payload.encode(), headers)
            response = line.getresponse()
            response.read(65_536)
            return response.status
        finally:
            line.close()

    def _delivered(self, tx: Tx, job: Job, said: str) -> None:
        sql = "UPDATE deliveries SET state = 'done', attempt = attempt + 1, last = ? WHERE id = ?"
        tx.db.execute(sql, (said, job.delivery_id))
        event = tx.get(job.event_id, "event")
        if event is not None:
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            tx.put(event)

    def _put_off(self, tx: Tx, job: Job, said: str, *, reached: bool) -> None:
        attempt = job.attempt + 1
        first, most = (
            self._settings.webhook_retry_first_seconds,
            self._settings.webhook_retry_seconds_max,
        )
        due = time.time() + min(most, first * 2 ** min(attempt - 1, 30))
        state = "failed" if attempt >= self._settings.webhook_attempts_max else "due"
        tx.db.execute(
            "UPDATE deliveries SET attempt = ?, due = ?, last = ?, state = ? WHERE id = ?"
            " AND state = 'due'",
            (attempt, due, said, state, job.delivery_id),
        )
        if not reached:
            # Nobody listens there: the others wait as well, instead of failing one by one.
            tx.db.execute(
                "UPDATE deliveries SET due = MAX(due, ?) WHERE endpoint = ? AND state = 'due'",
                (due, job.endpoint["id"]),
            )
