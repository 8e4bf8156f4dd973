from datetime import UTC, datetime
from typing import Any

import pytest
from crowdloom.contracts.payment import slot_fee
from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput
from task_service.domain.batches import (
    Addition,
    AdditionStatus,
    Batch,
    BatchStatus,
    Terms,
    check_terms,
    chunks_of,
)
from task_service.domain.errors import NothingToPublish, WrongBatchStatus

FIVE_CENTS = Money.of_minor(5, "USD")


def terms(**changes: Any) -> Terms:
    fields: dict[str, Any] = {
        "redundancy": 3,
        "reward": FIVE_CENTS,
        "fee": slot_fee(changes.get("reward", FIVE_CENTS)),
        "lease_seconds": 600,
        "auto_accept_seconds": 86_400,
    }
    return Terms(**{**fields, **changes})


def batch(**changes: Any) -> Batch:
    fields: dict[str, Any] = {
        "batch_id": "bat_1",
        "project_id": "prj_1",
        "requester_id": "req_1",
        "title": "T",
        "terms": terms(),
        "status": BatchStatus.DRAFT,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return Batch(**{**fields, **changes})


def test_the_cost_is_every_slot_with_its_fee() -> None:
    assert batch(task_count=100).cost == Money.of_minor(1_800, "USD")
    assert batch(task_count=100).slot_count == 300


@pytest.mark.parametrize(("tasks", "chunks"), [(0, 0), (1, 1), (500, 1), (501, 2), (1_000, 2)])
def test_tasks_are_released_in_chunks_of_five_hundred(tasks: int, chunks: int) -> None:
    assert chunks_of(tasks) == chunks


@pytest.mark.parametrize(
    "changes",
    [
        {"redundancy": 0},
        {"redundancy": 100},
        {"lease_seconds": 9},
        {"lease_seconds": 86_401},
        {"auto_accept_seconds": -1},
        {"auto_accept_seconds": 30 * 86_400 + 1},
        {"reward": Money.of_minor(0, "USD")},
        {"reward": Money.of_minor(-1, "USD")},
        {"reward": Money.of_minor(100_001, "USD")},
        {"reward": Money(550, FIVE_CENTS.currency)},
    ],
)
def test_terms_out_of_bounds_name_what_is_wrong(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_terms(terms(**changes))
    assert list(refused.value.facts["errors"]) == list(changes)  # type: ignore[call-overload]


def test_terms_at_their_bounds_pass() -> None:
    check_terms(terms(redundancy=1, lease_seconds=10, auto_accept_seconds=0))
    check_terms(terms(redundancy=99, lease_seconds=86_400, auto_accept_seconds=30 * 86_400))
    check_terms(terms(reward=Money.of_minor(1, "USD")))


def test_vat_is_on_the_fee_of_every_slot_and_a_raise_keeps_its_rate() -> None:
    taxed = batch(task_count=100, terms=terms(vat_basis_points=1_900))
    # 19 % of a cent: nineteen hundredths of it.
    assert taxed.terms.vat == Money(19, FIVE_CENTS.currency)
    assert taxed.cost == Money(300 * 619, FIVE_CENTS.currency)
    ten_cents = Money.of_minor(10, "USD")
    raised = Addition(
        AdditionStatus.DRAFT, version=1, redundancy=3, reward=ten_cents, fee=slot_fee(ten_cents)
    )
    assert taxed.growth_cost(raised, 100) == Money(200 * (1_238 - 619), FIVE_CENTS.currency)


def test_only_a_draft_with_tasks_can_be_published() -> None:
    batch(task_count=1).check_publishable()
    with pytest.raises(NothingToPublish):
        batch().check_publishable()
    with pytest.raises(WrongBatchStatus):
        batch(task_count=1, status=BatchStatus.OPEN).check_publishable()
