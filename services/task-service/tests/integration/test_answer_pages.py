"""Every answer's page: a bonus for one, and a rejected one accepted after all, by plain forms."""

from typing import Any

import pytest
from crowdloom.contracts.payment import BonusDeclined
from crowdloom.kernel import Money


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester, redundancy=1)


@pytest.fixture
def submission_id(requester: Any, batch: Any, hand_out: Any) -> str:
    return str(hand_out(requester, batch).submit().json["submission_id"])


@pytest.fixture
def page(batch: Any) -> str:
    return f"/requester/batches/{batch['batch_id']}/answers"


def test_a_bonus_is_given_and_the_page_says_what_became_of_it(
    browser: Any, requester: Any, page: str, submission_id: str, deliver: Any, words: Any
) -> None:
    given = browser.follow(f"{page}/{submission_id}/bonus", amount="0.25", reason="Well done.")
    assert "$0.25, and our fee of $0.05" in words(given)
    assert "Bonus under way" in words(given)
    (bonus,) = requester.get(f"/submissions/{submission_id}/bonuses").json["items"]
    declined = BonusDeclined(
        bonus_id=bonus["bonus_id"],
        batch_id="bat_1",
        requester_id=requester.requester_id,
        code="insufficient_funds",
        needed=Money.of_minor(30, "USD"),
        missing=Money.of_minor(12, "USD"),
    )
    deliver(declined)
    shown = words(browser.read(page))
    assert "Bonus not paid" in shown
    assert "Your wallet lacks $0.12 ." in shown


@pytest.mark.parametrize(
    ("amount", "reason", "sentence"),
    [
        ("much", "Well done.", "Write an amount with a point"),
        ("0.001", "Well done.", "The smallest step is $0.01"),
        ("0", "Well done.", "That is nothing, or absurdly much"),
        ("0.25", " ", "Give a reason of 1 to"),
    ],
)
def test_what_was_typed_wrong_is_mended_in_its_place(
    browser: Any,
    page: str,
    submission_id: str,
    outbox: Any,
    amount: str,
    reason: str,
    sentence: str,
) -> None:
    answer = browser.sent(f"{page}/{submission_id}/bonus", 422, amount=amount, reason=reason)
    assert sentence in answer
    assert f'value="{amount}"' in answer
    assert not [name for name, _ in outbox() if name == "task.bonus.granted.v1"]


def test_a_rejected_answer_is_accepted_after_all(
    browser: Any, requester: Any, page: str, submission_id: str, words: Any
) -> None:
    requester.post(f"/submissions/{submission_id}/reject", {"reason": "It is too short."})
    assert "Accept after all" in words(browser.read(page))
    accepted = words(browser.follow(f"{page}/{submission_id}/accept"))
    assert "The reward is paid from your wallet." in accepted
    assert "rejected first: It is too short." in accepted


def test_another_requester_can_do_neither(
    other_browser: Any, page: str, submission_id: str, outbox: Any
) -> None:
    before = outbox()
    fields = {"amount": "0.25", "reason": "Well done."}
    other_browser.sent(f"{page}/{submission_id}/bonus", 404, **fields)
    other_browser.sent(f"{page}/{submission_id}/accept", 404)
    assert outbox() == before
