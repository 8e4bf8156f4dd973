"""The chain of seals: whatever is changed, removed or slipped in breaks it."""

from collections.abc import Callable
from typing import Any

import pytest
from payment_service.application.seal_journal import TRAILING
from payment_service.bootstrap import Application


@pytest.fixture
def sealed(market: Any, clock: Any) -> Application:
    market.earn("wrk_1", 3)
    clock.advance(seconds=2 * TRAILING.total_seconds() + 1)
    assert market.application.seal_journal() == market.application.journal.count()
    application: Application = market.application
    return application


def test_entries_are_sealed_once_and_some_seconds_behind(market: Any, clock: Any) -> None:
    application = market.application
    market.earn("wrk_1", 3)
    assert application.seal_journal() == 0
    assert application.verify_seals().holds
    clock.advance(seconds=TRAILING.total_seconds() + 1)
    count = application.journal.count()
    assert application.seal_journal() == count
    assert application.seal_journal() == 0
    market.earn("wrk_2", 2, batch_id="bat_2")
    clock.advance(seconds=TRAILING.total_seconds() + 1)
    assert application.seal_journal() == application.journal.count() - count
    report = application.verify_seals()
    assert (report.holds, report.sealed_count) == (True, application.journal.count())


def test_a_seal_that_is_late_is_told(market: Any, clock: Any) -> None:
    market.earn("wrk_1", 3)
    clock.advance(seconds=2 * TRAILING.total_seconds() + 1)
    report = market.application.verify_seals()
    assert (report.broken, report.holds) == (None, False)


def _one_cent_more(application: Application) -> None:
    application.database["journal"].update_one(
        {"code": "accept"}, {"$inc": {"lines.0.dr": 100, "lines.1.cr": 100, "total": 100}}
    )


def _entry_gone(application: Application) -> None:
    application.database["journal"].delete_one({"code": "publish"})


def _seal_gone(application: Application) -> None:
    application.database["journal_seal"].delete_one({"_id": 2})


def _other_date(application: Application) -> None:
    application.database["journal"].update_one({}, {"$set": {"effective_on": "2020-01-01"}})


@pytest.mark.parametrize("harm", [_one_cent_more, _entry_gone, _seal_gone, _other_date])
def test_what_was_tampered_with_is_found(
    sealed: Application, harm: Callable[[Application], None]
) -> None:
    harm(sealed)
    assert sealed.verify_seals().broken is not None
