"""payment-service's real application in one process, and whatever can interrupt it."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, cast

from crowdloom.chassis.store import Document
from crowdloom.chassis.tokens import new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.kernel import Currency, DomainError, TransientError
from crowdloom.testkit.memory_collection import Change
from crowdloom.testkit.memory_mongo import MemoryClient
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from payment_service.adapters.mongo_session import PaymentSession
from payment_service.application.processor import ProcessorUnavailable
from payment_service.bootstrap import Application, build
from payment_service.config import Settings, read_settings
from payment_service.domain.vat import BillingProfile
from payment_service.entrypoints.events import SUBSCRIPTIONS
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from proofs.money.batches import Batches
from proofs.money.processor import BASE, Processor
from proofs.money.watch import Watch

CURRENCIES = ("USD", "JPY", "EUR", "GBP")
_FUNDED = "payment.batch.funded.v1"
_NOT_HERE = {"I13", "I14"}
_CRASH_CHANCE = 0.125
_DATABASE = "payment-service"
_CONFLICT_CHANCE = 0.003
_LOST_COMMIT_CHANCE = 0.004
_PRIVATE, _PUBLIC = new_signing_key()


class Crashed(BaseException):
    """The process is gone: nothing after this runs."""


def settings_of(currency: str, *, clearing_seconds: int) -> Settings:
    return read_settings(
        {
            "CROWDLOOM_MONGODB_URI": "mongodb://unused",
            "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
            "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": _PRIVATE,
            "CROWDLOOM_PUBLIC_KEYS": json.dumps({"payment-service": _PUBLIC}),
            "CROWDLOOM_CURSOR_KEY": "a key for proofs alone",
            "CROWDLOOM_STRIPE_API_KEY": "sk_test_proof",
            "CROWDLOOM_STRIPE_API_BASE": BASE,
            "CROWDLOOM_STRIPE_WEBHOOK_SECRET": "whsec_proof",
            "CROWDLOOM_CURRENCY": currency,
            "CROWDLOOM_CLEARING_SECONDS": str(clearing_seconds),
            "CROWDLOOM_VAT_RATES": "DE:2020-01-01:1900,CH:2020-01-01:810,FR:2020-01-01:2000",
            "CROWDLOOM_PAYOUT_FEES": f"stripe:{currency}:1,bank_file:{currency}:1",
            "CROWDLOOM_WITHHOLDING_RATES": "DE:2020-01-01:1000,US:2020-01-01:2400",
            "CROWDLOOM_VAT_HOME_COUNTRY": "DE",
            "CROWDLOOM_PAYOUT_RAILS": "stripe,bank_file,gift_credit",
            "CROWDLOOM_PAYOUT_BANK_HOLDER": "Proof",
            "CROWDLOOM_PAYOUT_BANK_IBAN": "DE89370400440532013000",
        }
    )


class World:
    """Everything of one seed. `trace` is what was done, a line a step."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.currency = Currency.of(self.random.choice(CURRENCIES))
        self.clock = FrozenClock()
        self.client = MemoryClient()
        self.batches = Batches(self.random, self.currency)
        self.watch = Watch(self.batches, self.currency)
        self.processor = Processor(self.clock, self._on_call)
        self.trace: list[str] = []
        self.checkouts: list[str] = []
        self.crashes = self.conflicts = self.calls = 0
        self._ids = SequentialIds()
        self._settings = settings_of(
            self.currency.code, clearing_seconds=self.random.choice((0, 0, 3600))
        )
        self._crash_in = 0
        self._calm = True
        self._handling: dict[str, Event] = {}
        self._numbers: dict[int, int] = {}
        self._repeated = 0
        self.application = self._start()
        self.application.store.migrate_all()
        self.client.on_call = self._on_call
        self.client.on_commit = self._on_commit

    def _start(self) -> Application:
        client = cast("MongoClient[Document]", self.client)
        return build(
            self._settings,
            client=client,
            database=_DATABASE,
            clock=self.clock,
            ids=self._ids,
            processor=self.processor.adapter(),
        )

    @property
    def database(self) -> Any:
        return self.client[_DATABASE]

    def findings(self) -> list[str]:
        """All that the service's own proofs have to say: an audit, and a reconciliation."""
        # Nothing publishes or seals here: the outbox only grows (I14), the chain is empty (I13).
        audit = self.application.audit_money()
        found = [each for each in audit if each.invariant not in _NOT_HERE and not each.holds]
        said = [f"{each.invariant} {each.broken[0]}" for each in found]
        # A line that nobody asked for is booked to suspense and waits for a person: as it must.
        differences = [
            f"I7 {each['kind']} {each['subject']}"
            for each in self.application.reconcile.outcome()["differences"]
            if each["kind"] != "unidentified_line"
        ]
        return said + differences

    def restart(self) -> None:
        """What the process knew is gone; what it committed is there."""
        self.crashes += 1
        self.application = self._start()

    def _on_call(self, what: str) -> None:
        if self._calm:
            return
        self.calls += 1
        if self._crash_in:
            self._crash_in -= 1
            if not self._crash_in:
                raise Crashed(what)
        if what == "commit" and self.random.random() < _CONFLICT_CHANCE:
            self.conflicts += 1
            raise OperationFailure(
                "write conflict", 112, {"errorLabels": ["TransientTransactionError"]}
            )
        if what in {"commit", "committed"} and self.random.random() < _LOST_COMMIT_CHANCE:
            self.conflicts += 1
            raise AutoReconnect(f"the answer to the {what} was lost")

    def _on_commit(self, changes: Sequence[Change]) -> None:
        outbox = [each.after for each in changes if each.collection == "outbox" and each.after]
        funded = [json.loads(row["value"]) for row in outbox if row.get("type") == _FUNDED]
        granted = {(body["batch_id"], body["revision"]) for body in funded}
        fresh = {change.key for change in changes if change.collection == "inbox"}
        together = [event for key, event in self._handling.items() if key in fresh]
        for change in changes:
            if change.collection == "billed_to" and change.after:
                profile = BillingProfile(**change.after.get("profile", {}))
                vat = self._settings.vat.of(profile, self.clock.now().date())
                self.batches.taxed[change.key] = vat
        for event in together:
            self.batches.take_in(event, granted=granted, together=together)
        self.watch.look(changes)

    def run_in_trouble(self, move: Callable[["World"], None], *, crash_calls_max: int) -> None:
        """Make one move; in one of eight the process dies somewhere on the way, and is started."""
        if self.random.random() < _CRASH_CHANCE:
            self._crash_in = self.random.randint(1, crash_calls_max)
        self._calm = False
        try:
            move(self)
        except Crashed as crash:
            self.trace[-1] += f" (crashed at {crash})"
            self.restart()
        finally:
            self._calm = True
            self._crash_in = 0

    def attempt(self, act: Callable[[], object]) -> None:
        """Once, and again where the answer is lost; now and then twice for no reason."""
        times = 2 if self.random.random() < 0.1 else 1  # noqa: PLR2004
        for _ in range(times):
            try:
                act()
            except TransientError:
                self._try(act)
            except (DomainError, ProcessorUnavailable) as refusal:
                self.trace[-1] += f" ({type(refusal).__name__})"

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (DomainError, TransientError) as refusal:
            self.trace[-1] += f" ({type(refusal).__name__})"

    def deliver(self) -> None:
        """One poll of one topic; what fails stays and comes again, what is known comes again."""
        name, events = self.batches.next_events()
        envelopes = [self.envelope(event) for event in events]
        if self.batches.seen and self.random.random() < 0.3:  # noqa: PLR2004
            known = self.random.choice(self.batches.seen)
            envelopes.insert(0, self.envelope(known, again=True))
        if not envelopes:
            return
        self.trace[-1] += f" {name}: {', '.join(type(e.event).__name__ for e in envelopes)}"
        self._handling = {each.event_id: each.event for each in envelopes}
        self.application.store.run(lambda session: handle(session, envelopes))
        self.batches.take_off(name, len(events))

    def envelope(self, event: Event, *, again: bool = False) -> Envelope:
        """The same event has the same id until it is taken off; a repeated one has a new id."""
        number = self._numbers.setdefault(id(event), len(self._numbers))
        if again:
            self._repeated += 1
        return Envelope(
            event_id=f"evt_{number}" + (f"_{self._repeated}" if again else ""),
            occurred_at=self.clock.now(),
            key="key",
            cause=Cause("evt_proof"),
            event=event,
        )

    def close(self) -> None:
        self.processor.close()


def handle(session: PaymentSession, envelopes: Sequence[Envelope]) -> None:
    fresh = session.take_unhandled([each.event_id for each in envelopes])
    for envelope in envelopes:
        if envelope.event_id in fresh:
            SUBSCRIPTIONS[type(envelope.event)](envelope, session)
