"""The three roles, each with the calls it needs."""

import hashlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyotp
import requests

from crowdloom.client.api import PATIENCE_SECONDS, HttpApi, Json, Problem

TASKS = "/api/tasks/v1"
WORKERS = "/api/workers/v1"
MATCHING = "/api/matching/v1"
PAYMENTS = "/api/payments/v1"
_CHUNK_BYTES = 65_536
_DIGEST_BITS = 256
_ACCEPTED = 202
_UNPROCESSABLE = 422
_SPLIT_LOOK_SECONDS = 0.5
_MERGE_SECONDS_MAX = 900
_MERGE_LOOK_SECONDS_MAX = 5.0
_PLACE_SECONDS_MAX = 30
_PLACE_LOOK_SECONDS_MIN, _PLACE_LOOK_SECONDS_MAX = 0.2, 3.0
_HANDED_IN_KEPT_MAX = 100

Answer = Sequence[tuple[str, str]]
Money = Mapping[str, Any]
Told = Callable[[Json], None]
"""Called with how far a file is that is being made: `read` of `answers`."""


class Requester:
    """Publishes projects, reviews, downloads; and keeps a funded wallet."""

    def __init__(self, api: HttpApi) -> None:
        self.api = api

    @classmethod
    def sign_up(cls, base_url: str, *, email: str, password: str, name: str) -> "Requester":
        api = HttpApi(base_url)
        answer = api.post(
            f"{TASKS}/requesters", {"email": email, "password": password, "name": name}
        )
        api.use_token(answer["token"])
        return cls(api)

    @classmethod
    def sign_in(cls, base_url: str, *, email: str, password: str) -> "Requester":
        api = HttpApi(base_url)
        answer = api.post(f"{TASKS}/sessions", {"email": email, "password": password})
        api.use_token(answer["token"])
        return cls(api)

    def create_project(self, **fields: Any) -> Json:
        return self.api.post(f"{TASKS}/projects", fields)

    def create_batch(self, project_id: str, **terms: Any) -> Json:
        return self.api.post(f"{TASKS}/projects/{project_id}/batches", terms)

    def project(self, project_id: str) -> Json:
        return self.api.get(f"{TASKS}/projects/{project_id}")

    def add_csv(self, batch_id: str, table: bytes) -> Json:
        return self.add_table(batch_id, table, kind="text/csv")

    def add_table(self, batch_id: str, table: bytes, *, kind: str) -> Json:
        """Give a draft its tasks; `kind` is the table's media type."""
        answer: Json = self.api.call(
            "POST",
            f"{TASKS}/batches/{batch_id}/tasks",
            data=table,
            headers={"Content-Type": kind},
        ).json()
        return answer

    def split(self, batch_id: str, content: bytes, *, by: str, **options: Any) -> Json:
        """Split a file into a draft's tasks, `by` a kind and perhaps a size: `rows:7`. Waits as
        long as it takes. Raises Problem where the file cannot be split so.
        """
        answer = self.api.call(
            "POST",
            f"{TASKS}/batches/{batch_id}/source",
            data=content,
            params={"by": by, **options},
            headers={"Content-Type": "application/octet-stream"},
        )
        if answer.status_code == _ACCEPTED:
            self._await_split(answer.headers["Location"])
            return self.batch(batch_id)
        made: Json = answer.json()
        return made

    def _await_split(self, place: str) -> None:
        """Raises Problem."""
        while (found := self.api.get(place))["state"] == "waiting":
            time.sleep(_SPLIT_LOOK_SECONDS)
        if found["state"] == "refused":
            told = {"code": "faulty_rows", "detail": "The file cannot be split", **found}
            raise Problem(_UNPROCESSABLE, told)

    def publish(self, batch_id: str) -> Json:
        return self.api.post(f"{TASKS}/batches/{batch_id}/publish")

    def batch(self, batch_id: str) -> Json:
        return self.api.get(f"{TASKS}/batches/{batch_id}")

    def batches(self, project_id: str) -> Iterator[Json]:
        return self.api.items(f"{TASKS}/projects/{project_id}/batches")

    def projects(self) -> Iterator[Json]:
        return self.api.items(f"{TASKS}/projects")

    def submissions(self, batch_id: str, **query: Any) -> Iterator[Json]:
        return self.api.items(f"{TASKS}/batches/{batch_id}/submissions", **query)

    def accept(self, submission_id: str) -> Json:
        return self.api.post(f"{TASKS}/submissions/{submission_id}/accept")

    def reject(self, submission_id: str, reason: str, *, reopen: bool = True) -> Json:
        body = {"reason": reason, "reopen": reopen}
        return self.api.post(f"{TASKS}/submissions/{submission_id}/reject", body)

    def send_back(self, submission_id: str, note: str) -> Json:
        """Back to its worker, to be done again; not paid."""
        return self.api.post(f"{TASKS}/submissions/{submission_id}/return", {"note": note})

    def review(self, batch_id: str, decisions: Sequence[Mapping[str, Any]]) -> Json:
        return self.api.post(f"{TASKS}/batches/{batch_id}/reviews", {"decisions": list(decisions)})

    def results(
        self, batch_id: str, *, kind: str = "tidy", told: Told = lambda _progress: None
    ) -> bytes:
        """A file of results. Waits for one that is being made, a quarter of an hour at most. Raises
        Problem.
        """
        return self._results(batch_id, kind, told).content

    def stream_results(
        self, batch_id: str, *, kind: str = "tidy", told: Told = lambda _progress: None
    ) -> Iterator[bytes]:
        """The same in pieces, so that a large file need not fit into memory."""
        with self._results(batch_id, kind, told, stream=True) as answer:
            yield from answer.iter_content(_CHUNK_BYTES)

    def _results(self, batch_id: str, kind: str, told: Told, **options: Any) -> requests.Response:
        deadline = time.monotonic() + _MERGE_SECONDS_MAX
        path = f"{TASKS}/batches/{batch_id}/results"
        answer = self.api.call("GET", path, params={"format": kind}, **options)
        while answer.status_code == _ACCEPTED:
            progress = answer.json()
            told(progress)
            if time.monotonic() > deadline:
                raise Problem(_ACCEPTED, progress)
            time.sleep(min(float(answer.headers["Retry-After"]), _MERGE_LOOK_SECONDS_MAX))
            answer = self.api.call("GET", answer.headers["Location"], **options)
        return answer

    def wallet(self) -> Json:
        return self.api.get(f"{PAYMENTS}/wallet")

    def top_up(self, amount: Money) -> Json:
        return self.api.post(f"{PAYMENTS}/top-ups", {"amount": amount})

    def top_up_status(self, top_up_id: str) -> Json:
        return self.api.get(f"{PAYMENTS}/top-ups/{top_up_id}")

    def spend(self, batch_id: str) -> Json:
        return self.api.get(f"{PAYMENTS}/batches/{batch_id}")


class Worker:
    """Claims, answers, and is paid. Has no e-mail and no name."""

    def __init__(self, api: HttpApi, worker_id: str = "", recovery_code: str = "") -> None:
        self.api = api
        self.worker_id = worker_id
        self.recovery_code = recovery_code
        self._handed_in: deque[str] = deque(maxlen=_HANDED_IN_KEPT_MAX)

    @classmethod
    def sign_up(
        cls,
        base_url: str,
        *,
        languages: Sequence[str] = (),
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> "Worker":
        api = HttpApi(base_url, patience_seconds=patience_seconds)
        answer = _registered(api, {"languages": list(languages)})
        api.use_token(answer["token"])
        api.renew_with(lambda: cls._token(base_url, answer["recovery_code"]))
        return cls(api, answer["worker_id"], answer["recovery_code"])

    @classmethod
    def sign_in(cls, base_url: str, *, recovery_code: str) -> "Worker":
        api = HttpApi(base_url, cls._token(base_url, recovery_code))
        api.renew_with(lambda: cls._token(base_url, recovery_code))
        return cls(api, recovery_code=recovery_code)

    @staticmethod
    def _token(base_url: str, recovery_code: str) -> str:
        body = {"recovery_code": recovery_code}
        token: str = HttpApi(base_url).post(f"{WORKERS}/sessions", body)["token"]
        return token

    def queue(self) -> Iterator[Json]:
        """Every open batch, with measured pay per hour, and why one is not for this worker."""
        return self.api.items(f"{MATCHING}/queue")

    def claim(self, batch_id: str | None = None) -> Json | None:
        """Ask for work. Returns the assignment with its ticket, or None where there is none.

        Waits while what was just submitted still takes up a place; raises Problem
        `too_many_leases` where the worker holds as many as one can.
        """
        body = {"batch_id": batch_id} if batch_id else {}
        deadline = time.monotonic() + _PLACE_SECONDS_MAX
        pause_seconds = _PLACE_LOOK_SECONDS_MIN
        looked = False
        while True:
            try:
                return self.api.post(f"{MATCHING}/claims", body) or None
            except Problem as problem:
                if problem.code != "too_many_leases" or time.monotonic() > deadline:
                    raise
                if self._waits_for_a_place():
                    # A market that is behind gets no further while many keep asking.
                    time.sleep(pause_seconds)
                    pause_seconds = min(2 * pause_seconds, _PLACE_LOOK_SECONDS_MAX)
                elif looked:
                    raise
                else:  # it may have become free between the refusal and the look
                    looked = True

    def _waits_for_a_place(self) -> bool:
        """Whether one of the places is held by an answer that was submitted here."""
        held = {one["assignment_id"] for one in self.held()}
        return not held.isdisjoint(self._handed_in)

    def give_back(self, assignment_id: str) -> Json:
        return self.api.post(f"{MATCHING}/assignments/{assignment_id}/return")

    def held(self) -> Iterator[Json]:
        """What the worker holds, work that was sent back to him included."""
        return self.api.items(f"{MATCHING}/assignments")

    def take_up(self, assignment_id: str) -> Json:
        """An assignment the worker holds, with a fresh ticket."""
        return self.api.get(f"{MATCHING}/assignments/{assignment_id}")

    def load(self, assignment: Json) -> Json:
        answer: Json = self._with_ticket("GET", assignment, "task").json()
        return answer

    def page(self, assignment: Json, task: Json) -> str:
        """The HTML of a loaded task, as its frame shows it."""
        headers = {"Authorization": f"Bearer {assignment['ticket']}"}
        return str(self.api.call("GET", task["frame_url"], headers=headers).text)

    def save_draft(self, assignment: Json, answer: Answer) -> None:
        self._with_ticket("PUT", assignment, "draft", json={"answer": [list(a) for a in answer]})

    def draft(self, assignment: Json) -> Json:
        """What is kept of an answer that was not taken, or not submitted yet."""
        found: Json = self._with_ticket("GET", assignment, "draft").json()
        return found

    def submit(self, assignment: Json, answer: Answer) -> Json:
        body = {"answer": [list(pair) for pair in answer]}
        receipt: Json = self._with_ticket("POST", assignment, "submission", json=body).json()
        self._handed_in.append(assignment["assignment_id"])
        return receipt

    def work(self, **query: Any) -> Iterator[Json]:
        return self.api.items(f"{WORKERS}/work", **query)

    def earnings(self) -> Json:
        return self.api.get(f"{PAYMENTS}/earnings")

    def open_payout_account(self) -> Json:
        return self.api.post(f"{PAYMENTS}/payout-account")

    def payout_account(self) -> Json:
        return self.api.get(f"{PAYMENTS}/payout-account")

    def ask_for_payout(self) -> Json:
        return self.api.post(f"{PAYMENTS}/payout-requests")

    def _with_ticket(self, method: str, assignment: Json, part: str, **options: Any) -> Any:
        path = f"{TASKS}/assignments/{assignment['assignment_id']}/{part}"
        headers = {"Authorization": f"Bearer {assignment['ticket']}"}
        return self.api.call(method, path, headers=headers, **options)


def _registered(api: HttpApi, body: Json) -> Json:
    """Make the account, with the effort that is asked for after many from one address."""
    try:
        return api.post(f"{WORKERS}/workers", body)
    except Problem as problem:
        if problem.code != "effort_needed":
            raise
        challenge, bits = str(problem.document["challenge"]), int(problem.document["bits"])
    return api.post(f"{WORKERS}/workers", {**body, "proof": _solved(challenge, bits)})


def _solved(challenge: str, bits: int) -> str:
    proofs = (f"{challenge}:{number}" for number in itertools.count())
    return next(proof for proof in proofs if not _head_of(proof) >> (_DIGEST_BITS - bits))


def _head_of(proof: str) -> int:
    return int.from_bytes(hashlib.sha256(proof.encode()).digest())


class Staff:
    """Finance staff and operators: signed in with a second factor."""

    def __init__(self, api: HttpApi) -> None:
        self.api = api

    @classmethod
    def sign_in(cls, base_url: str, *, email: str, password: str, totp_secret: str) -> "Staff":
        def token() -> str:
            body = {"email": email, "password": password, "totp": pyotp.TOTP(totp_secret).now()}
            given: str = HttpApi(base_url).post(f"{PAYMENTS}/sessions", body)["token"]
            return given

        api = HttpApi(base_url, token())
        api.renew_with(token)
        return cls(api)

    def trial_balance(self) -> Json:
        return self.api.get(f"{PAYMENTS}/ledger/trial-balance")

    def draft_payout_run(self) -> Json:
        return self.api.post(f"{PAYMENTS}/payout-runs")

    def freeze(self, run_id: str) -> Json:
        return self.api.post(f"{PAYMENTS}/payout-runs/{run_id}/freeze")

    def approve(self, run_id: str, content_hash: str) -> Json:
        body = {"content_hash": content_hash}
        return self.api.post(f"{PAYMENTS}/payout-runs/{run_id}/approve", body)

    def payout_run(self, run_id: str) -> Json:
        return self.api.get(f"{PAYMENTS}/payout-runs/{run_id}")

    def propose(self, kind: str, payload: Mapping[str, Any], *, reason: str) -> Json:
        """A proposal that somebody else decides."""
        body = {"kind": kind, "payload": payload, "reason": reason}
        return self.api.post(f"{PAYMENTS}/approvals", body)

    def decide(self, approval_id: str, content_hash: str) -> Json:
        """Approve what was proposed, as the hash says."""
        path = f"{PAYMENTS}/approvals/{approval_id}/approve"
        return self.api.post(path, {"content_hash": content_hash})

    def audit(self) -> Json:
        """Every invariant of the books, as it holds now."""
        return self.api.get(f"{PAYMENTS}/audit")

    def reconcile(self) -> Json:
        return self.api.post(f"{PAYMENTS}/reconciliations")

    def reconciliation(self, reconciliation_id: str) -> Json:
        return self.api.get(f"{PAYMENTS}/reconciliations/{reconciliation_id}")

    def batch_counts(self, batch_id: str) -> Json:
        return self.api.get(f"{MATCHING}/batches/{batch_id}/counts")

    def operations(self, area: str) -> Json:
        return self.api.get(f"/api/{area}/operations")

    def replay_dead_letter(self, area: str, dead_letter_id: str) -> Json:
        return self.api.post(f"/api/{area}/operations/dead-letters/{dead_letter_id}/replay")
