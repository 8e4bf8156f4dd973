"""The OpenAPI document against the service: whatever it allows, and much that it does not."""

from typing import Any

import pytest
from crowdloom.testkit.everything import send_everything
from flask import Flask


@pytest.fixture
def ids(requester: Any, open_batch: Any, hand_out: Any) -> dict[str, str]:
    batch = open_batch(requester)
    holder = hand_out(requester, batch)
    return {
        "project_id": batch["project_id"],
        "batch_id": batch["batch_id"],
        "submission_id": holder.submit().json["submission_id"],
        "assignment_id": holder.assignment_id,
    }


def test_nothing_that_is_sent_breaks_the_service(
    web: Flask, requester: Any, ids: dict[str, str]
) -> None:
    tried = send_everything(web, "tasks", people=[requester.headers], ids=ids, examples=2)
    assert len(tried) >= 70
