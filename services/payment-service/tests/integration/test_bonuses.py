"""A bonus leaves the requester's wallet with its fee, once, and is the worker's at once."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import BonusGranted
from crowdloom.kernel import Currency
from crowdloom.testkit.ports import BEGINNING
from payment_service.bootstrap import Application
from payment_service.domain import chart

USD = Currency.USD
Outbox = Callable[[], list[tuple[str, Any]]]


@pytest.fixture
def bonus(make: ModuleType) -> Callable[..., BonusGranted]:
    """Twenty-five cents for the first assignment of the batch."""

    def granted(**changes: Any) -> BonusGranted:
        fields: dict[str, Any] = {
            "bonus_id": "bon_1",
            "submission_id": "sub_001",
            "assignment_id": "asg_001",
            "batch_id": make.BATCH,
            "requester_id": make.REQUESTER,
            "amount": make.usd(25),
            "reason": "Every source is named.",
            "granted_at": BEGINNING,
        }
        return BonusGranted(**{**fields, **changes})

    return granted


@pytest.fixture
def wallet(application: Application, make: ModuleType) -> Callable[[int], None]:
    """Put money into it as a booked line of the processor would."""

    def paid(minor: int) -> None:
        line = make.charge(f"top_{minor}", minor, number=minor)
        entry = make.flows.top_up(line, top_up_id=f"top_{minor}", requester_id=make.REQUESTER)
        application.store.run(lambda session: session.ledger.post(entry))

    return paid


def free(application: Application) -> int:
    path = chart.wallet("req_1", USD)
    return application.readers.ledger.balances({path})[path]


def said(outbox: Outbox) -> list[str]:
    return [name for name, _ in outbox() if name.startswith("payment.bonus.")]


def test_it_is_booked_once_with_its_fee_and_payable_at_once(
    application: Application,
    deliver: Any,
    wallet: Any,
    bonus: Any,
    outbox: Outbox,
    make: ModuleType,
    books: ModuleType,
) -> None:
    wallet(100)
    deliver(make.claimed(), bonus())
    deliver(bonus())
    assert free(application) == 7_000
    assert application.show_money.earnings("wrk_1").payable.minor == 25
    (entry,) = books.entries(application, "bonus")
    assert (entry.key, entry.refs["worker"]) == ("bonus:bon_1", "wrk_1")
    assert said(outbox) == ["payment.bonus.settled.v1"]
    assert "worker_id" not in outbox()[-1][1]
    books.check(application)


def test_a_wallet_that_does_not_hold_fee_and_bonus_declines_it_for_good(
    application: Application, deliver: Any, wallet: Any, bonus: Any, outbox: Outbox, make: Any
) -> None:
    wallet(59)
    fifty = bonus(amount=make.usd(50))
    deliver(make.claimed())
    deliver(fifty)
    wallet(100)
    deliver(fifty)
    assert application.pay_waiting_bonuses() == 0
    assert said(outbox) == ["payment.bonus.declined.v1"]
    assert outbox()[-1][1]["missing"] == {"amount_minor": 1, "currency": "USD"}
    assert free(application) == 15_900


def test_one_whose_claim_comes_later_waits_for_it(
    application: Application, deliver: Any, wallet: Any, bonus: Any, outbox: Outbox, make: Any
) -> None:
    wallet(100)
    deliver(bonus())
    assert application.pay_waiting_bonuses() == 0
    assert said(outbox) == []
    deliver(make.claimed())
    assert application.pay_waiting_bonuses() == 1
    assert application.pay_waiting_bonuses() == 0
    assert said(outbox) == ["payment.bonus.settled.v1"]
    assert free(application) == 7_000


def test_the_worker_sees_it_with_its_reason_and_nobody_elses(
    application: Application,
    deliver: Any,
    wallet: Any,
    bonus: Any,
    make: Any,
    calling: Any,
    browsing: Any,
) -> None:
    wallet(100)
    deliver(make.claimed(), bonus())
    (shown,) = calling("worker", "wrk_1").get("/bonuses").json["items"]
    assert (shown["amount"]["amount_minor"], shown["reason"]) == (25, "Every source is named.")
    assert calling("worker", "wrk_2").get("/bonuses").json["items"] == []
    assert "Every source is named." in browsing("worker", "wrk_1").get("/pay/earnings").text
    assert "Bonuses" not in browsing("worker", "wrk_2").get("/pay/earnings").text
    assert application.show_earned.since("wrk_1", BEGINNING).minor == 25
