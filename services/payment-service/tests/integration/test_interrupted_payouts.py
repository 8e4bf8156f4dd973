"""A payout is made once, whatever is lost or killed on the way."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from payment_service.application.execute_payouts import ExecutePayouts
from payment_service.application.poll_processor import PollProcessor
from payment_service.bootstrap import Application, stripe_processor

LEASE_SECONDS = 91
TRANSACTIONS_OF_AN_ITEM = 4
TRANSACTIONS_OF_A_POLL = 3


class Killed(BaseException):
    """The process is gone: nothing after this runs."""


class Dying:
    """Passes calls on and dies at one of them, before it or after it took effect."""

    def __init__(self, real: Any, *, at: int, after: bool, name: str) -> None:
        self._real, self._at, self._after, self._name = real, at, after, name
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name != self._name:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self._at and not self._after:
                raise Killed
            answer = found(*args, **kwargs)
            if self.calls == self._at:
                raise Killed
            return answer

        return call


@pytest.fixture
def approved(market: Any, calling: Callable[..., Any]) -> str:
    """A run of one payout of fifteen cents, approved and not begun."""
    market.earn("wrk_1", 3)
    market.ask(calling("worker", "wrk_1"))
    run_id: str = market.approved_run()
    return run_id


def payable(application: Application) -> int:
    return application.show_money.earnings("wrk_1").payable.minor


def check_paid_once(market: Any, run_id: str, books: ModuleType) -> None:
    run = market.run(run_id)
    assert run["status"] == "completed"
    assert run["paid"]["amount_minor"] == 15
    oracle = market.processor.transfers()
    assert oracle["count"] == 1
    assert payable(market.application) == 0
    books.check(market.application)
    result = market.reconcile()
    assert result["differences"] == []
    assert market.checker.get("/exceptions").json["items"] == []


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("at", range(1, TRANSACTIONS_OF_AN_ITEM + 1))
def test_killed_at_any_transaction_of_the_executor_it_pays_once(
    market: Any, approved: str, clock: Any, books: ModuleType, at: int, *, after: bool
) -> None:
    application = market.application
    store = Dying(application.store, at=at, after=after, name="run")
    processor = stripe_processor(application.settings)
    with pytest.raises(Killed):
        ExecutePayouts(store, processor, clock=clock)()
    clock.advance(seconds=LEASE_SECONDS)
    market.settle_payouts()
    check_paid_once(market, approved, books)


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_killed_around_the_call_itself_it_pays_once(
    market: Any, approved: str, clock: Any, books: ModuleType, *, after: bool
) -> None:
    application = market.application
    real = stripe_processor(application.settings)
    with pytest.raises(Killed):
        ExecutePayouts(
            application.store, Dying(real, at=1, after=after, name="send"), clock=clock
        )()
    assert market.processor.transfers()["count"] == int(after)
    market.settle_payouts()
    clock.advance(seconds=LEASE_SECONDS)
    market.settle_payouts()
    check_paid_once(market, approved, books)


@pytest.mark.parametrize("at", range(1, TRANSACTIONS_OF_A_POLL + 1))
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_killed_while_the_transfer_is_booked_it_is_booked_once(
    market: Any, approved: str, clock: Any, books: ModuleType, at: int, *, after: bool
) -> None:
    application = market.application
    application.execute_payouts()
    store = Dying(application.store, at=at, after=after, name="run")
    poll = PollProcessor(
        store,
        stripe_processor(application.settings),
        book_lines=application.poll_processor._book_lines.__class__(store),
        refresh_payees=application.refresh_payees,
        clock=clock,
    )
    with pytest.raises(Killed):
        poll.catch_up()
    market.settle_payouts()
    check_paid_once(market, approved, books)


def test_two_executors_at_once_send_an_item_once(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    application = market.application
    other = ExecutePayouts(application.store, stripe_processor(application.settings), clock=clock)
    (due,) = application.readers.payout_runs.due_items(clock.now(), 10)
    application.execute_payouts()
    other._step(due)
    market.settle_payouts()
    check_paid_once(market, approved, books)


def test_a_lost_answer_is_an_unknown_outcome_that_is_looked_up(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    market.processor.lose_answers()
    market.application.execute_payouts()
    (line,) = market.run(approved)["items"]
    assert line["state"] == "unknown"
    (waiting,) = market.checker.get("/exceptions").json["items"]
    assert (waiting["kind"], waiting["severity"]) == ("unknown_outcome", "critical")
    assert payable(market.application) == 0
    clock.advance(seconds=5)
    market.settle_payouts()
    check_paid_once(market, approved, books)


def test_an_answer_that_was_lost_before_anything_happened_is_sent_again_with_the_same_key(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    market.processor.lose_answers(kind="reset")
    market.application.execute_payouts()
    assert market.run(approved)["items"][0]["state"] == "unknown"
    assert market.processor.transfers()["count"] == 0
    clock.advance(seconds=5)
    market.settle_payouts()
    check_paid_once(market, approved, books)
    (sent,) = market.processor.transfers()["transfers"]
    item = market.run(approved)["items"][0]["payout_item_id"]
    assert sent["idempotency_key"] == f"payout:{item}:1"


def test_the_books_alone_settle_an_unknown_outcome(
    market: Any, approved: str, books: ModuleType
) -> None:
    market.processor.lose_answers()
    market.application.execute_payouts()
    market.application.poll_processor.catch_up()
    check_paid_once(market, approved, books)


def test_too_many_calls_are_waited_out_under_the_same_attempt(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    market.processor.lose_answers(kind="rate_limit")
    market.application.execute_payouts()
    (line,) = market.run(approved)["items"]
    assert (line["state"], line["attempt"]) == ("reserved", 1)
    for _ in range(3):
        clock.advance(seconds=30)
        market.settle_payouts()
    check_paid_once(market, approved, books)


def test_an_outcome_that_stays_unknown_is_never_sent_under_another_key_and_stays_reserved(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    market.processor.control(
        "faults", kind="error_stored", method="POST", path="/v1/transfers", count=1
    )
    for _ in range(12):
        market.application.execute_payouts()
        clock.advance(seconds=700)
    (line,) = market.run(approved)["items"]
    assert (line["state"], line["attempt"]) == ("unknown", 1)
    assert market.processor.transfers()["count"] == 0
    assert payable(market.application) == 0
    assert market.run(approved)["status"] == "executing"
    books.check(market.application)
