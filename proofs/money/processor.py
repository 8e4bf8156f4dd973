"""The Stripe simulator in this process: the real `stripe` package over no network at all."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import stripe
from crowdloom.kernel import Clock, Money
from crowdloom.kernel.ids import RequesterId
from payment_service.adapters.stripe_processor import StripeProcessor
from requests.structures import CaseInsensitiveDict
from stripe_simulator import checkout, faults, oracle, payouts
from stripe_simulator.accounts import set_capability, set_refusal
from stripe_simulator.api import DROP
from stripe_simulator.app import Simulator, build
from stripe_simulator.errors import ApiError, Json
from stripe_simulator.faults import Fault
from stripe_simulator.params import Params
from stripe_simulator.pipeline import settle
from stripe_simulator.scope import Scope
from stripe_simulator.settings import Settings
from stripe_simulator.store import IN_MEMORY, Store
from werkzeug.test import Client

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ResultT = TypeVar("ResultT")

BASE = "http://localhost"
REFUSAL = {"code": "account_invalid", "message": "The bank turned the account down."}
_SETTLE_SECONDS = 600


class InProcess(stripe.HTTPClient):
    """Calls the simulator's application instead of an address. `on_call` may raise: before the
    request, or after it was answered.
    """

    name = "in_process"

    def __init__(self, simulator: Simulator, on_call: Callable[[str], None]) -> None:
        super().__init__()
        self._app = simulator.app
        self._client = Client(self._answer)
        self._on_call = on_call
        self._environ: WSGIEnvironment = {}

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        # The client calls with a copy: what the simulator notes in it is seen only here.
        self._environ = environ
        return self._app(environ, start_response)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        self._on_call(f"stripe {method}")
        answer = self._client.open(
            url.removeprefix(BASE),
            method=method.upper(),
            headers=dict(headers or {}),
            data=post_data,
        )
        self._on_call(f"stripe {method} answered")
        if self._environ.get(DROP) is not None:
            raise stripe.APIConnectionError("dropped", should_retry=True)  # type: ignore[no-untyped-call]
        return (
            answer.get_data(as_text=True),
            answer.status_code,
            CaseInsensitiveDict(answer.headers),
        )

    def _sleep_time_seconds(self, num_retries: int) -> float:
        """Nothing here gets better by waiting."""
        del num_retries
        return 0.0

    def close(self) -> None:
        """Nothing is held open."""


class Processor:
    """The simulator's books, and what a proof does to them behind the service's back."""

    def __init__(self, clock: Clock, on_call: Callable[[str], None]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="prove-money-")
        place = Path(self._folder.name)
        settings = Settings(data=place, settle_seconds=_SETTLE_SECONDS)
        store = Store(place, clock=lambda: clock.now().timestamp(), file=IN_MEMORY)
        self._simulator = build(settings, store=store)
        self._settings = settings
        self._http = InProcess(self._simulator, on_call)

    def adapter(self) -> StripeProcessor:
        return StripeProcessor(
            api_key="sk_test_proof",
            base=BASE,
            webhook_secrets=("whsec_proof",),
            country="us",
            http_client=self._http,
            transfers_per_second_max=1e9,
        )

    def pay(self, checkout_id: str) -> None:
        self._do(lambda scope: checkout.pay(scope, checkout_id, declined=False))

    def charge_a_stranger(self, name: str, amount: Money) -> None:
        """A charge on our account that no top-up of ours asked for."""
        made = self.adapter().start_checkout(
            name, requester_id=RequesterId("req_unknown"), amount=amount, back_url=BASE
        )
        self.pay(made.checkout_id)

    def sweep(self, amount: Money) -> bool:
        """Pay our own money out to our bank, where so much is available."""
        asked = Params({"amount": str(amount.minor), "currency": amount.currency.code.lower()})
        try:
            self._do(lambda scope: payouts.create_payout(scope, asked))
        except ApiError:
            return False
        return True

    def set_capability(self, account_id: str, status: str) -> None:
        self._do(lambda scope: set_capability(scope, account_id, status))

    def refuse(self, account_id: str, *, refuse: bool) -> None:
        self._do(lambda scope: set_refusal(scope, account_id, REFUSAL if refuse else None))

    def strike(self, kind: str, *, path: str, repeats: int) -> None:
        """The next call to the path goes wrong, as do so many of its retries."""
        fault = Fault(kind=kind, method="POST", path=path, repeats=repeats)
        self._do(lambda scope: faults.add(scope.tx, fault))

    def calm_down(self) -> None:
        self._do(lambda scope: faults.clear(scope.tx))

    def transfers(self) -> Json:
        """The oracle: what was really carried out."""
        return self._do(lambda scope: oracle.transfers(scope, Params({})))

    def refund_count(self) -> int:
        return self._do(lambda scope: scope.tx.count("refund"))

    def balance_minor(self) -> int:
        """Pending and available together, as the simulator's own buckets have it."""

        def asked(scope: Scope) -> int:
            row = scope.tx.db.execute("SELECT COALESCE(SUM(net), 0) FROM buckets").fetchone()
            return int(row[0])

        return self._do(asked)

    def shift_a_cent(self, units_minor: int) -> None:
        """Break the processor's own balance."""
        self._do(
            lambda scope: scope.tx.db.execute(
                "UPDATE buckets SET net = net + ? WHERE rowid = (SELECT MAX(rowid) FROM buckets)",
                (units_minor,),
            )
        )

    def close(self) -> None:
        self._simulator.close()
        self._folder.cleanup()

    def _do(self, work: Callable[[Scope], ResultT]) -> ResultT:
        with self._simulator.store.transaction() as tx:
            scope = self._simulator.pipeline.scope(tx)
            settle(scope)
            return work(scope)
