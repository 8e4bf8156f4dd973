"""What /metrics tells of the books, for alarms."""

import re
from collections.abc import Callable
from typing import Any

import pytest

NAMES = ("unreconciled_minor", "reconciliation_age_seconds")


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
    assert told() == {}, "one that failed compared nothing"
    market.pay_in(calling("requester", "req_1"), 1000)
    market.reconcile()
    figures = told()
    assert figures["unreconciled_minor"] == 0
    assert figures["reconciliation_age_seconds"] >= 0
