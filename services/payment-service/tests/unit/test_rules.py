"""Entries that cannot be made, and what an approval is for."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from crowdloom.kernel import Currency, Money
from payment_service.domain.entries import Entry, Line, UnbalancedEntry, net_changes
from payment_service.domain.payouts import (
    ContentChanged,
    MakerIsChecker,
    PayoutItem,
    PayoutRun,
    RunNotInState,
    RunStatus,
    content_hash,
)

USD = Currency.USD
CASH, WALLET = "asset:stripe:pending:USD", "liability:requester:req_1:wallet:USD"

FAULTY = {
    "no line": (),
    "one line": (Line(CASH, 5, 5),),
    "a unit apart": (Line(CASH, 5, 0), Line(WALLET, 0, 4)),
    "below zero": (Line(CASH, -5, 0), Line(WALLET, 0, -5)),
    "both sides of a line": (Line(CASH, 5, 5), Line(WALLET, 5, 5)),
    "nothing": (Line(CASH, 0, 0), Line(WALLET, 0, 0)),
    "two currencies": (Line(CASH, 5, 0), Line("liability:requester:req_1:wallet:EUR", 0, 5)),
    "too much": (Line(CASH, 2**62 + 1, 0), Line(WALLET, 0, 2**62 + 1)),
}


@pytest.mark.parametrize("lines", FAULTY.values(), ids=FAULTY)
def test_a_faulty_entry_cannot_even_be_made(lines: tuple[Line, ...]) -> None:
    with pytest.raises(UnbalancedEntry):
        Entry(key="k", code="c", currency=USD, lines=lines)


def test_only_guarded_accounts_are_kept_and_changes_add_up() -> None:
    there = Entry("k1", "c", USD, (Line(CASH, 5, 0), Line(WALLET, 0, 5)))
    back = Entry("k2", "c", USD, (Line(CASH, 0, 2), Line(WALLET, 2, 0)))
    assert net_changes([there, back]) == {WALLET: 3}
    assert there.fingerprint != replace(there, key="k3").fingerprint


ITEM = PayoutItem("pay_1", "run_1", "wrk_1", "rqt_1", "acct_1", Money.of_minor(100, "USD"))
RUN = PayoutRun(
    "run_1",
    1,
    USD,
    RunStatus.FROZEN,
    made_by="stf_1",
    made_at=datetime(2026, 11, 1, tzinfo=UTC),
    content_hash=content_hash("run_1", [ITEM]),
)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money(ITEM.amount.units + 1, USD)},
        {"amount": Money.of_minor(100, "EUR")},
        {"destination": "acct_2"},
        {"worker_id": "wrk_2"},
        {"item_id": "pay_2"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_who_gets_what_and_where_voids_the_approval(change: dict[str, str]) -> None:
    actual = content_hash("run_1", [replace(ITEM, **change)])
    with pytest.raises(ContentChanged):
        RUN.check_approval("stf_2", seen_hash=RUN.content_hash, actual_hash=actual)


def test_the_order_of_the_lines_does_not_matter_and_one_more_does() -> None:
    other = replace(ITEM, item_id="pay_2", worker_id="wrk_2")
    assert content_hash("run_1", [ITEM, other]) == content_hash("run_1", [other, ITEM])
    assert content_hash("run_1", [ITEM, other]) != content_hash("run_1", [ITEM])
    assert content_hash("run_1", [ITEM]) != content_hash("run_2", [ITEM])


def test_the_maker_is_never_the_checker() -> None:
    with pytest.raises(MakerIsChecker):
        RUN.check_approval("stf_1", seen_hash=RUN.content_hash, actual_hash=RUN.content_hash)


@pytest.mark.parametrize("status", sorted(set(RunStatus) - {RunStatus.FROZEN}))
def test_only_a_frozen_run_can_be_approved(status: RunStatus) -> None:
    run = replace(RUN, status=status)
    with pytest.raises(RunNotInState):
        run.check_approval("stf_2", seen_hash=run.content_hash, actual_hash=run.content_hash)
