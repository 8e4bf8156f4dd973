from datetime import UTC, datetime, timedelta

import pytest
from crowdloom.kernel import Money
from worker_service.domain.pay import (
    SAMPLES_MIN,
    UNKNOWN_PAY,
    PayKind,
    duration_ms,
    pay_per_hour,
    quantile,
)

FIVE_CENTS = Money.of_minor(5, "USD")


def dollars(text: str) -> Money:
    return Money.of_minor(int(text.replace(".", "")), "USD")


def test_few_answers_are_not_a_measurement() -> None:
    assert pay_per_hour(FIVE_CENTS, [1_000] * (SAMPLES_MIN - 1), []) == UNKNOWN_PAY


def test_an_even_speed_pays_reward_times_items_an_hour() -> None:
    pay = pay_per_hour(FIVE_CENTS, [20_000] * 10, [])
    assert (pay.kind, pay.n) == (PayKind.MEASURED, 10)
    assert pay.p25 == pay.p50 == pay.p75 == dollars("9.00")


def test_the_quick_quarter_earns_the_upper_quartile() -> None:
    pay = pay_per_hour(FIVE_CENTS, [10_000, 20_000, 20_000, 40_000, 40_000, 40_000], [])
    assert (pay.p25, pay.p50, pay.p75) == (dollars("4.50"), dollars("9.00"), dollars("9.00"))


def test_a_new_batch_of_a_known_project_is_an_estimate_and_says_so() -> None:
    pay = pay_per_hour(FIVE_CENTS, [], [20_000] * 8)
    assert (pay.kind, pay.n, pay.p50) == (PayKind.ESTIMATE, 8, dollars("9.00"))


@pytest.mark.parametrize(("percent", "value"), [(25, 1), (50, 2), (75, 3), (100, 4)])
def test_quantiles_are_by_nearest_rank(percent: int, value: int) -> None:
    assert quantile([1, 2, 3, 4], percent) == value


def test_two_clocks_that_disagree_do_not_make_time_run_backwards() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert duration_ms(now, now - timedelta(seconds=3)) > 0
