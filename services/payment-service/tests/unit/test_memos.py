"""The mirror of workers' own balances: off the books, and telling what a bank has of a payout."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import PayoutItemId, WorkerId
from crowdloom.testkit.memory_mongo import MemoryClient
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from hypothesis import given, settings
from hypothesis import strategies as st
from payment_service.adapters.mongo_journal import MongoJournal
from payment_service.adapters.mongo_ledger import MongoLedger
from payment_service.adapters.mongo_memos import MongoMemos
from payment_service.domain import chart
from payment_service.domain.entries import (
    Entry,
    InsufficientFunds,
    UnbalancedEntry,
    credit,
    debit,
)
from payment_service.domain.memos import Memo, MemoKind, Reached, reached

NOW = datetime(2026, 11, 1, tzinfo=UTC)
USD = Currency.USD
ACCOUNT = "acct_1"


def usd(minor: int) -> Money:
    return Money.of_minor(minor, "USD")


def memo(kind: MemoKind, subject: str, minor: int) -> Memo:
    key = f"memo:{subject}:{kind.value}"
    return Memo(key, ACCOUNT, WorkerId("wrk_1"), kind, usd(minor), subject)


MOVES = st.lists(
    st.tuples(st.sampled_from(MemoKind), st.integers(1, 4), st.integers(1, 9)), max_size=30
)


@settings(max_examples=40, deadline=None)
@given(MOVES)
def test_no_memo_is_in_the_trial_balance_and_the_mirror_is_the_sum_of_what_was_noted(
    moves: list[tuple[MemoKind, int, int]],
) -> None:
    database: Any = MemoryClient()["books"]
    clock, ids = FrozenClock(), SequentialIds()
    memos = MongoMemos(database, None, clock=clock, ids=ids)
    ledger = MongoLedger(database, None, clock=clock, ids=ids)
    noted: dict[str, int] = {}
    for kind, number, minor in moves:
        sign = -1 if kind is MemoKind.PAID else 1
        found = memo(kind, f"{kind.value}_{number}", sign * minor)
        posted = Entry(
            found.key,
            "topup",
            USD,
            (
                debit(chart.stripe_pending(USD), usd(minor)),
                credit(chart.platform_fees(USD), usd(minor)),
            ),
        )
        with suppress(InsufficientFunds):
            is_new = memos.note(found, look_at=NOW)
            assert is_new is (found.key not in noted)
            if is_new:
                noted[found.key] = found.amount.units
                ledger.post(posted)
    rows = MongoJournal(database).trial_balance()
    assert not [row.path for row in rows if chart.is_off_the_books(row.path)]
    assert sum(row.signed for row in rows) == 0
    (mirror,) = memos.of_worker(WorkerId("wrk_1")) or [None]
    assert (mirror.balance.units if mirror else 0) == sum(noted.values()) >= 0
    kept = memos.of_account(chart.connected(ACCOUNT, USD), 100)
    assert {each.key: each.amount.units for each in kept} == noted


def test_no_entry_can_name_a_memo_account_by_hand_neither() -> None:
    path = chart.connected(ACCOUNT, USD)
    with pytest.raises(UnbalancedEntry):
        Entry("k", "manual", USD, (debit(path, usd(1)), credit(chart.platform_fees(USD), usd(1))))
    with pytest.raises(Exception, match="no account of the chart"):
        chart.check(path, USD)


ARRIVED = (memo(MemoKind.ARRIVED, "pay_1", 10), memo(MemoKind.ARRIVED, "pay_2", 5))


@pytest.mark.parametrize(
    ("then", "first", "second"),
    [
        ([], None, None),
        ([(MemoKind.PAID, "po_1", -10)], Reached(usd(10), ("po_1",)), Reached(usd(0))),
        ([(MemoKind.PAID, "po_1", -12)], Reached(usd(10), ("po_1",)), Reached(usd(2), ("po_1",))),
        (
            [(MemoKind.PAID, "po_1", -15), (MemoKind.RETURNED, "po_1", 15)],
            Reached(usd(0), (), came_back=True),
            Reached(usd(0), (), came_back=True),
        ),
        (
            [
                *((MemoKind.PAID, "po_1", -15), (MemoKind.RETURNED, "po_1", 15)),
                (MemoKind.PAID, "po_2", -15),
            ],
            Reached(usd(10), ("po_2",)),
            Reached(usd(5), ("po_2",)),
        ),
    ],
    ids=["never paid out", "the first", "a part of the second", "sent back", "paid again"],
)
def test_a_bank_has_first_what_arrived_first(
    then: list[tuple[MemoKind, str, int]], first: Reached | None, second: Reached | None
) -> None:
    memos = [*ARRIVED, *(memo(*each) for each in then)]
    assert reached(memos, PayoutItemId("pay_1")) == first
    assert reached(memos, PayoutItemId("pay_2")) == second
    assert reached(memos, PayoutItemId("pay_3")) is None
