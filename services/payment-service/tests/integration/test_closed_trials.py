"""What a close stored of its trial balance: in pieces, read from anywhere."""

from typing import Any

from crowdloom.kernel import Currency
from payment_service.adapters.mongo_closed_trials import MongoClosedTrials
from payment_service.application.journal import AccountBalance

USD = Currency.of("USD")


def test_pieces_are_read_as_one_and_kept_anew_as_if_for_the_first_time(market: Any) -> None:
    trials = MongoClosedTrials(market.application.database, rows_together=2)
    rows = [AccountBalance(f"asset:bank:b{n}:USD", USD, n, 2**40) for n in range(5)]
    trials.keep("2001-01", 1, rows)
    trials.keep("2001-01", 10, rows[:1])
    assert list(trials.rows("2001-01", 1)) == rows
    assert list(trials.rows("2001-01", 1, after=rows[2].path)) == rows[3:]
    trials.keep("2001-01", 1, rows[:3])
    assert list(trials.rows("2001-01", 1)) == rows[:3]
    assert list(trials.rows("2001-01", 10)) == rows[:1]
    trials.keep("2001-01", 1, [])
    assert list(trials.rows("2001-01", 1)) == []
