"""What every API call goes through: key, faults, idempotency, one transaction, one answer."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from stripe_simulator import faults, idempotency, ledger
from stripe_simulator.errors import ApiError, Json
from stripe_simulator.events import emit
from stripe_simulator.faults import Fault
from stripe_simulator.params import Params
from stripe_simulator.scope import API_VERSION, Asked, Scope
from stripe_simulator.settings import Settings
from stripe_simulator.store import Store, Tx, new_id

Operation = Callable[[Scope, Params], Json]
TEST_KEY = re.compile(r"^Bearer ((?:sk|rk)_test_[A-Za-z0-9_]{1,250})$")
OURS = "An unknown error occurred"


PAYOUTS = "/v1/payouts"


@dataclass(frozen=True)
class Call:
    """One HTTP request to the API, read."""

    method: str
    path: str
    api: str
    raw: Json
    authorization: str = ""
    key: str | None = None
    on_behalf_of: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Answer:
    """`drop` is '' or how the connection ends instead: 'close' or 'reset'."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    drop: str = ""


def answer_of(error: ApiError) -> Answer:
    headers = {"Stripe-Should-Retry": "true"} if error.status == 409 else {}  # noqa: PLR2004
    return Answer(error.status, json.dumps(error.body()), headers)


def our_fault(*, stored: bool = False) -> ApiError:
    return ApiError(500, OURS, kind="api_error", stored=stored)


class Pipeline:
    def __init__(self, store: Store, settings: Settings, origin: Callable[[], str]) -> None:
        self._store = store
        self._settings = settings
        self._origin = origin
        self.flights = idempotency.Flights()

    def handle(self, call: Call, operation: Operation) -> Answer:
        request_id = new_id("req")
        try:
            answer = self._answer(replace(call, request_id=request_id), operation)
        except ApiError as error:
            answer = answer_of(error)
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION} | answer.headers
        if call.key:
            headers["Idempotency-Key"] = call.key
        return replace(answer, headers=headers)

    def _answer(self, call: Call, operation: Operation) -> Answer:
        _require_test_key(call)
        if call.method == "GET":
            call = replace(call, key=None)
        with self.flights.hold(idempotency.check_key(call.key)):
            fault = self._take_fault(call)
            if fault is None:
                return self._execute(call, operation, None)
            struck = _before(fault)
            if struck is not None:
                return struck
            return _after(fault, self._execute(call, operation, fault))

    def _take_fault(self, call: Call) -> Fault | None:
        with self._store.transaction() as tx:
            return faults.take(tx, call.method, call.path, key=call.key, raw=call.raw)

    def _execute(self, call: Call, operation: Operation, fault: Fault | None) -> Answer:
        with self._store.transaction() as tx:
            scope = self.scope(tx, Asked(call.request_id, call.key, call.on_behalf_of))
            settle(scope)
            if call.key is None:
                return Answer(200, json.dumps(operation(scope, Params(call.raw))))
            endpoint, print_ = f"{call.method} {call.path}", idempotency.fingerprint(call.raw)
            stored = idempotency.recall(tx, call.key, endpoint, print_=print_, api=call.api)
            if stored is not None:
                return _replay(stored)
            status, body = _run(scope, call, operation, fault)
            kept = idempotency.Stored(status, json.dumps(body), call.request_id)
            idempotency.keep(tx, call.key, endpoint, print_=print_, answer=kept)
            return Answer(kept.status, kept.body)

    def scope(self, tx: Tx, asked: Asked | None = None) -> Scope:
        return Scope(tx, tx.now(), self._settings, self._origin(), asked or Asked())


def settle(scope: Scope) -> None:
    """What the clock brought about since the last look."""
    if ledger.mature(scope):
        emit(scope, "balance.available", ledger.balance(scope))


def _run(scope: Scope, call: Call, operation: Operation, fault: Fault | None) -> tuple[int, Json]:
    """Runs the operation; an error that is to be stored takes back what it wrote."""
    try:
        with scope.tx.savepoint():
            if fault is not None and fault.kind == "error_stored":
                raise our_fault(stored=True)
            body = operation(scope, Params(call.raw))
    except ApiError as error:
        # v2 of the API executes a failed request again; v1 replays the failure.
        if not error.stored or call.api == "v2":
            raise
        return error.status, error.body()
    if fault is not None and fault.kind == "lost_answer" and fault.answer == "stored_500":
        return 500, our_fault().body()
    return 200, body


def _replay(stored: idempotency.Stored) -> Answer:
    headers = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
    return Answer(stored.status, stored.body, headers)


def _before(fault: Fault) -> Answer | None:
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return None
    if fault.kind == "reset":
        return Answer(500, "", drop="reset")
    if fault.kind == "rate_limit":
        message = "Too many requests hit the API too quickly. (simulated)"
        return answer_of(ApiError(429, message, code="rate_limit"))
    if fault.kind == "error_before":
        return _retry_hint(fault, answer_of(our_fault()))
    return None


def _after(fault: Fault, answer: Answer) -> Answer:
    if fault.kind == "lost_answer" and fault.answer == "drop":
        return replace(answer, drop="close")
    if fault.kind == "lost_answer":
        return _retry_hint(fault, answer_of(our_fault()))
    if fault.kind == "error_stored":
        return _retry_hint(fault, answer)
    return answer


def _retry_hint(fault: Fault, answer: Answer) -> Answer:
    if fault.should_retry is None:
        return answer
    hint = {"Stripe-Should-Retry": "true" if fault.should_retry else "false"}
    return replace(answer, headers=answer.headers | hint)


def _require_test_key(call: Call) -> None:
    if TEST_KEY.match(call.authorization) is None:
        given = call.authorization.removeprefix("Bearer ")[:12]
        live = given.startswith(("sk_live_", "rk_live_"))
        why = "This is the simulator: it takes no live keys." if live else f"Got: {given}***"
        raise ApiError(401, f"Invalid API Key provided. Use a test key (sk_test_...). {why}")
    if call.on_behalf_of and (call.method, call.path) != ("GET", PAYOUTS):
        raise ApiError(400, "The simulator only lists the payouts of connected accounts.")
