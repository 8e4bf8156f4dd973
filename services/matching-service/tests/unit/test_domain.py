import random
from datetime import timedelta

import pytest
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING
from hypothesis import given
from hypothesis import strategies as st
from matching_service.application.keep_batches import pay_per_hour
from matching_service.domain.batches import (
    Batch,
    BatchStatus,
    SlotCounts,
    WorkerProfile,
    status_of,
    why_not,
)
from matching_service.domain.pseudonyms import pseudonym_of
from matching_service.domain.routing import in_order_of_need, is_starving

FIVE_CENTS = Money.of_minor(5, "USD")
KEY = b"\x17" * 32


def batch(batch_id: str = "bat_1", **changes: object) -> Batch:
    fields = {
        "batch_id": batch_id,
        "requester_id": "req_1",
        "requester_name": "Fir",
        "title": "T",
        "description": "D",
        "language": None,
        "reward": FIVE_CENTS,
        "task_count": 100,
        "redundancy": 3,
        "lease_seconds": 600,
        "status": BatchStatus.OPEN,
        "opened_at": BEGINNING,
    }
    return Batch(**{**fields, **changes})


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ((False, False, False), BatchStatus.OPEN),
        ((True, False, False), BatchStatus.PAUSED),
        ((True, True, False), BatchStatus.CANCELLED),
        ((True, True, True), BatchStatus.COMPLETED),
        ((False, False, True), BatchStatus.COMPLETED),
    ],
)
def test_what_is_final_wins_over_what_is_not(
    said: tuple[bool, bool, bool], status: BatchStatus
) -> None:
    paused, cancelled, completed = said
    assert status_of(paused=paused, cancelled=cancelled, completed=completed) is status


def test_why_not_names_the_first_reason() -> None:
    finnish = batch(language="fi")
    assert why_not(finnish, WorkerProfile()) is None
    assert why_not(finnish, WorkerProfile(frozenset({"en"}))) == "other_language"
    paused = batch(language="fi", status=BatchStatus.PAUSED)
    assert why_not(paused, WorkerProfile(frozenset({"en"}))) == "batch_paused"


def test_slots_nobody_holds_are_what_is_left() -> None:
    assert SlotCounts(wanted=300, submitted=100).open_beside(20) == 180
    assert SlotCounts(wanted=1, submitted=1).open_beside(1) == 0


def test_a_batch_near_its_end_comes_before_one_never_served() -> None:
    nearly = batch("bat_1", open_slot_count=20, served_at=BEGINNING)
    never = batch("bat_2", open_slot_count=300)
    old = batch("bat_3", open_slot_count=300, served_at=BEGINNING - timedelta(hours=1))
    ordered = in_order_of_need([old, never, nearly], random.Random(1))
    assert [one.batch_id for one in ordered] == ["bat_1", "bat_2", "bat_3"]


def test_a_batch_starves_when_nobody_takes_its_open_slots_for_a_while() -> None:
    later = BEGINNING + timedelta(minutes=6)
    assert is_starving(batch(open_slot_count=3), later)
    assert not is_starving(batch(open_slot_count=3), BEGINNING + timedelta(minutes=4))
    assert not is_starving(batch(open_slot_count=3, leased_slot_count=1), later)
    assert not is_starving(batch(open_slot_count=3, served_at=later), later)
    assert not is_starving(batch(open_slot_count=0), later)
    assert not is_starving(batch(open_slot_count=3, status=BatchStatus.PAUSED), later)


def test_five_answers_make_a_measurement_and_four_do_not() -> None:
    assert pay_per_hour(FIVE_CENTS, [20.0] * 4) is None
    pay = pay_per_hour(FIVE_CENTS, [20.0] * 5)
    assert pay is not None
    assert pay.p25 == pay.p75 == Money.of_minor(900, "USD")


@given(st.lists(st.floats(0, 100_000, allow_nan=False), min_size=5, max_size=200))
def test_the_slow_quartile_earns_no_more_than_the_fast_one(seconds: list[float]) -> None:
    pay = pay_per_hour(FIVE_CENTS, seconds)
    assert pay is not None
    assert Money.zero(FIVE_CENTS.currency) <= pay.p25 <= pay.p75
    assert pay.n == len(seconds)


@given(st.tuples(st.text(min_size=1), st.text(min_size=1)))
def test_a_pseudonym_is_stable_and_differs_by_requester_worker_and_key(
    ids: tuple[str, str],
) -> None:
    requester, worker = ids
    name = pseudonym_of(KEY, requester, worker)
    assert name == pseudonym_of(KEY, requester, worker)
    others = {
        pseudonym_of(KEY, requester + "x", worker),
        pseudonym_of(KEY, requester, worker + "x"),
        pseudonym_of(b"\x18" * 32, requester, worker),
    }
    assert name not in others
    assert len(name) == 19
    assert name.startswith("A")
