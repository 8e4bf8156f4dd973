"""An upheld appeal, heard of as an event that names no worker, is accepted once and paid."""

from typing import Any

import pytest
from crowdloom.contracts.worker import AppealDecided
from crowdloom.testkit.ports import BEGINNING


def decided(*, upheld: bool) -> AppealDecided:
    return AppealDecided(
        assignment_id="asg_001",
        batch_id="bat_1",
        upheld=upheld,
        reason="The answer follows the instructions.",
        decided_at=BEGINNING,
    )


@pytest.fixture
def rejected(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    batch = open_batch(requester, redundancy=1)
    submission_id = hand_out(requester, batch).submit().json["submission_id"]
    return requester.post(f"/submissions/{submission_id}/reject", {"reason": "Wrong."}).json


@pytest.mark.parametrize(
    ("upheld", "status", "count"), [(True, "accepted", 1), (False, "rejected", 0)]
)
def test_only_an_upheld_appeal_overturns_and_says_so_once(
    requester: Any,
    rejected: Any,
    deliver: Any,
    outbox: Any,
    *,
    upheld: bool,
    status: str,
    count: int,
) -> None:
    deliver(decided(upheld=upheld), decided(upheld=upheld))
    shown = requester.get(f"/submissions/{rejected['submission_id']}").json
    assert shown["status"] == status
    said = [body for name, body in outbox() if name == "task.submission.accepted.v1"]
    assert [body["decided_by"] for body in said] == ["appeal"] * count
