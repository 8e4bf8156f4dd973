"""A bonus is granted once a call, announced without naming anybody, and its end is kept."""

from typing import Any

import pytest
from crowdloom.contracts.payment import BonusDeclined, BonusSettled
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING

REASON = "Every source is named."
CENTS = {"amount_minor": 25, "currency": "USD"}


@pytest.fixture
def submission_id(requester: Any, open_batch: Any, hand_out: Any) -> str:
    batch = open_batch(requester, redundancy=1)
    return str(hand_out(requester, batch).submit().json["submission_id"])


def grant(who: Any, submission_id: str, *, key: str | None = None, **changes: Any) -> Any:
    body = {"amount": CENTS, "reason": REASON, **changes}
    return who.post(f"/submissions/{submission_id}/bonus", body, key=key)


def announced(outbox: Any) -> list[Any]:
    return [body for name, body in outbox() if name == "task.bonus.granted.v1"]


def test_a_bonus_is_announced_once_however_often_the_call_is_repeated(
    requester: Any, submission_id: str, outbox: Any
) -> None:
    first = grant(requester, submission_id, key="once")
    again = grant(requester, submission_id, key="once")
    assert (first.status_code, first.json) == (201, again.json)
    (said,) = announced(outbox)
    assert (said["amount"], said["reason"]) == (CENTS, REASON)
    assert said["bonus_id"] == first.json["bonus_id"]
    assert said["assignment_id"] == "asg_001"


def test_its_end_is_kept_and_the_first_one_stands(
    requester: Any, submission_id: str, deliver: Any
) -> None:
    bonus_id = grant(requester, submission_id).json["bonus_id"]
    named = {"bonus_id": bonus_id, "batch_id": "bat_1", "requester_id": requester.requester_id}
    missing = Money.of_minor(12, "USD")
    declined = BonusDeclined(
        **named, code="insufficient_funds", needed=Money.of_minor(30, "USD"), missing=missing
    )
    settled = BonusSettled(**named, amount=missing, fee=missing, settled_at=BEGINNING)
    deliver(declined, settled, declined)
    (kept,) = requester.get(f"/submissions/{submission_id}/bonuses").json["items"]
    assert kept["status"] == "declined"
    assert kept["declined"]["missing"] == {"amount_minor": 12, "currency": "USD"}


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"amount_minor": 0, "currency": "USD"}},
        {"amount": {"amount_minor": -5, "currency": "USD"}},
        {"amount": {"amount_minor": 10**12, "currency": "USD"}},
        {"amount": {"amount_minor": 10**30, "currency": "USD"}},
        {"amount": {"amount_minor": 5, "currency": "EUR"}},
        {"amount": {"amount_minor": 5, "currency": "???"}},
        {"reason": "   "},
        {"reason": "x" * 10_000},
    ],
)
def test_what_cannot_be_paid_is_refused(
    requester: Any, submission_id: str, outbox: Any, changes: Any
) -> None:
    assert grant(requester, submission_id, **changes).status_code == 422
    assert not announced(outbox)


def test_nobody_gives_a_bonus_for_somebody_elses_answer(
    stranger: Any, submission_id: str, outbox: Any
) -> None:
    assert grant(stranger, submission_id).status_code == 404
    assert stranger.get(f"/submissions/{submission_id}/bonuses").status_code == 404
    assert not announced(outbox)
