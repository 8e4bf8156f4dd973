"""What a requester answers is kept for whoever asked, and for nobody else."""

from dataclasses import replace
from typing import Any

import pytest
from crowdloom.contracts.task import TalkAnswered
from crowdloom.kernel import TransientError
from crowdloom.testkit.ports import BEGINNING
from flask.testing import FlaskClient
from worker_service.bootstrap import Application

ANSWERED = TalkAnswered(
    message_id="msg_1",
    assignment_id="asg_001",  # type: ignore[arg-type]
    batch_id="bat_1",  # type: ignore[arg-type]
    question="Does a bot count?",
    answer="<b>No.</b>",
    answered_at=BEGINNING,
)


def test_an_answer_reaches_whoever_asked_and_goes_with_the_account(
    api: FlaskClient, application: Application, deliver: Any, make: Any, outbox: Any
) -> None:
    asker, other = (api.post("/api/workers/v1/workers", json={}).json for _ in range(2))

    def page_of(worker: Any) -> str:
        headers = {"Authorization": f"Bearer {worker['token']}", "Accept": "text/html"}
        return str(api.get("/work/talk", headers=headers).text)

    with pytest.raises(TransientError):
        deliver(ANSWERED)
    deliver(make.opened(), make.claimed(worker_id=asker["worker_id"]), ANSWERED, ANSWERED)
    shown = page_of(asker)
    assert shown.count("&lt;b&gt;No.&lt;/b&gt;") == 1
    assert "Does the second sentence follow?" in shown
    assert "No answers yet" in page_of(other)
    letter = replace(ANSWERED, message_id="msg_2", question="", answer="Thank you.")
    deliver(letter)
    assert "The requester writes to you alone" in page_of(asker)
    assert "Thank you." in page_of(asker)
    reports(api, asker, other, outbox)
    deliver(letter)
    assert "You reported it." in page_of(asker)
    kept = application.show_belongings(asker["worker_id"])
    assert sorted(one.question for one in kept.talk) == ["", "Does a bot count?"]
    application.close_account(asker["worker_id"])
    deliver(ANSWERED)
    assert application.database["talk_answers"].count_documents({}) == 0


def reports(api: FlaskClient, asker: Any, other: Any, outbox: Any) -> None:
    """Its reader reports a letter once, with words; nobody else does, and no answer is one."""

    def report(worker: Any, message_id: str, reason: str) -> int:
        headers = {"Authorization": f"Bearer {worker['token']}", "Accept": "text/html"}
        address = f"/work/talk/{message_id}/report"
        return api.post(address, data={"reason": reason}, headers=headers).status_code

    assert report(other, "msg_2", "Rude.") == 404
    assert report(asker, "msg_1", "Rude.") == 404
    assert [report(asker, "msg_2", said) for said in (" ", "Rude.", "Again.")] == [303] * 3
    told = [body for name, body in outbox() if name == "worker.letter.reported.v1"]
    assert [(one["message_id"], one["reason"]) for one in told] == [("msg_2", "Rude.")]
    assert asker["worker_id"] not in str(told)
