"""The OpenAPI document against the service: whatever it allows, and much that it does not."""

from crowdloom.chassis.tokens import Principal
from crowdloom.testkit.everything import send_everything
from flask import Flask
from worker_service.bootstrap import SESSION_LIFETIME, Application


def test_nothing_that_is_sent_breaks_the_service(web: Flask, application: Application) -> None:
    people = []
    for source in ("one", "another", "a third"):  # whose accounts some of the calls delete
        made = application.register_worker(languages=["en"], source=source).worker
        who = Principal("worker", made.worker_id)
        token = application.sessions.issue(who, lifetime=SESSION_LIFETIME)
        people.append({"Authorization": f"Bearer {token}"})
    ids = {"code": "language-en"}
    assert len(send_everything(web, "workers", people=people, ids=ids, examples=2)) >= 19
