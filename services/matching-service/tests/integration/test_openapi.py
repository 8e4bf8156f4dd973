"""The OpenAPI document against the service: whatever it allows, and much that it does not."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from crowdloom.testkit.everything import send_everything
from flask import Flask
from matching_service.bootstrap import Application


def test_nothing_that_is_sent_breaks_the_service(
    make: ModuleType,
    deliver: Callable[..., None],
    application: Application,
    web: Flask,
    worker_headers: Any,
    staff_headers: Any,
) -> None:
    deliver(make.opened(task_count=30), make.released(count=30))
    made = application.claim_task("wrk_1", "k")
    assert made is not None
    ids = {"batch_id": "bat_1", "assignment_id": made.assignment.assignment_id}
    people = [worker_headers("wrk_1"), staff_headers("operator")]
    assert len(send_everything(web, "matching", people=people, ids=ids)) >= 8
