"""What /metrics tells of the books, for alarms."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from payment_service.adapters.stripe_processor import StripeProcessor

NAMES = ("unreconciled_minor", "reconciliation_age_seconds", "processor_feed_age_seconds")


@pytest.fixture
def told(market: Any) -> Any:
    def read() -> dict[str, float]:
        text = market.checker._client.get("/api/payments/metrics").text
        found = re.findall(r'^crowdloom_(\w+)\{area="payments"\} (\S+)$', text, flags=re.MULTILINE)
        return {name: float(value) for name, value in found if name in NAMES}

    return read


def test_before_the_first_reconciliation_there_is_no_figure_and_not_a_zero(told: Any) -> None:
    assert told() == {}


def test_what_the_newest_reconciliation_left_unexplained_is_told_with_its_age(
    market: Any, told: Any, calling: Callable[..., Any]
) -> None:
    market.reconcile()
    assert told().keys() <= {"processor_feed_age_seconds"}, "one that failed compared nothing"
    market.pay_in(calling("requester", "req_1"), 1000)
    market.reconcile()
    figures = told()
    assert figures["unreconciled_minor"] == 0
    assert figures["reconciliation_age_seconds"] >= 0


def test_a_processor_that_is_not_heard_is_told_today_in_the_audit_and_to_alarms(
    market: Any, clock: Any, told: Any, browsing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    application, silent = market.application, "The processor is not heard"
    page = browsing("staff", "stf_checker", "finance.view")
    market.pay_in(market.requester, 1000)
    clock.advance(seconds=60)
    application.poll_processor.catch_up()
    assert told()["processor_feed_age_seconds"] == 0
    assert "Complete to" in page.get("/finance").text
    clock.advance(seconds=1_000)
    newest = next(application.poll_processor._processor.lines_since(None))
    older = replace(newest, created_at=newest.created_at - timedelta(days=1))
    for lines in ([], [older]):
        with monkeypatch.context() as patch:
            patch.setattr(StripeProcessor, "lines_since", lambda *_, lines=lines: iter(lines))
            application.poll_processor.catch_up()
    assert silent in page.get("/finance").text, "an answer without what we know is none"
    assert told()["processor_feed_age_seconds"] == 1_000
    i14 = next(each for each in application.audit_money() if each.invariant == "I14")
    assert any("the processor was last read" in broken for broken in i14.broken)
    application.poll_processor.catch_up()
    assert silent not in page.get("/finance").text


def test_a_day_after_the_first_entry_the_books_are_audited_and_what_does_not_hold_waits(
    market: Any, clock: Any, calling: Callable[..., Any]
) -> None:
    watch = market.application.watch_invariants
    market.earn("wrk_1", 3)
    assert watch() == 0, "there is nothing of a whole day yet"
    clock.advance(seconds=86_400)
    market.checker = calling("staff", "stf_checker", "finance.checker")
    accounts = market.application.database["accounts"]
    payable = {"_id": "liability:worker:wrk_1:payable:USD"}
    accounts.update_one(payable, {"$inc": {"posted": 1}})
    assert (watch(), watch()) == (1, 0), "once a day"
    waiting = market.application.readers.exceptions.listed(50, kind="invariant_broken")
    found = {each["subject"]: each for each in waiting}
    assert "I2" in found
    assert "wrk_1" in found["I2"]["facts"]["reason"]
    figures = market.checker._client.get("/api/payments/metrics").text
    broken = re.search(
        r'^crowdloom_broken_invariants\{area="payments"\} (\S+)$', figures, re.MULTILINE
    )
    assert broken is not None
    assert float(broken.group(1)) == len(found)
    accounts.update_one(payable, {"$inc": {"posted": -1}})
    clock.advance(seconds=86_400)
    assert watch() == 1
    waiting = market.application.readers.exceptions.listed(50, kind="invariant_broken")
    assert "I2" not in {each["subject"] for each in waiting}
