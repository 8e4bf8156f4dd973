"""A rejected answer that is accepted after all counts again, is announced once, and is one more
than was asked for where its slot was opened again.
"""

from typing import Any

import pytest
from task_service.application.overturn_rejection import BY_APPEAL, overturn_rejection
from task_service.bootstrap import Application

NO = "It is about another sentence."


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester, redundancy=1)


@pytest.fixture
def rejected(requester: Any, batch: Any, hand_out: Any) -> Any:
    submission_id = hand_out(requester, batch).submit().json["submission_id"]
    return reject(requester, submission_id)


def reject(requester: Any, submission_id: str, *, reopen: bool = True) -> Any:
    body = {"reason": NO, "reopen": reopen}
    return requester.post(f"/submissions/{submission_id}/reject", body).json


def accept(who: Any, submission: Any, *, override: bool = True) -> Any:
    return who.post(f"/submissions/{submission['submission_id']}/accept", {"override": override})


def said(outbox: Any) -> list[Any]:
    return [body for name, body in outbox() if name == "task.submission.accepted.v1"]


def test_it_takes_the_word_and_is_announced_once(
    requester: Any, rejected: Any, outbox: Any
) -> None:
    refused = accept(requester, rejected, override=False)
    assert (refused.status_code, refused.json["code"]) == (409, "already_decided")
    first, again = accept(requester, rejected), accept(requester, rejected)
    assert (first.status_code, first.json) == (200, again.json)
    assert (first.json["status"], first.json["overturned"]) == ("accepted", True)
    assert first.json["reason"] == NO
    assert [(one["assignment_id"], one["overturns"]) for one in said(outbox)] == [("asg_001", True)]


def test_nobody_accepts_somebody_elses(stranger: Any, rejected: Any, outbox: Any) -> None:
    assert accept(stranger, rejected).status_code == 404
    assert said(outbox) == []


def test_an_answer_that_waits_is_accepted_like_any_other(
    requester: Any, batch: Any, hand_out: Any, outbox: Any
) -> None:
    waiting = hand_out(requester, batch).submit().json
    assert accept(requester, waiting).json["overturned"] is False
    assert [one["overturns"] for one in said(outbox)] == [False]


def test_an_answer_more_than_was_asked_for_completes_nothing(
    requester: Any, batch: Any, rejected: Any, hand_out: Any, application: Application
) -> None:
    accept(requester, rejected)
    other = hand_out(requester, batch, task=1, assignment=2).submit().json
    accept(requester, other, override=False)
    assert application.complete_batches() == 0, "the reopened slot is still somebody's"
    last = hand_out(requester, batch, assignment=3).submit().json
    accept(requester, last, override=False)
    assert application.complete_batches() == 1


def test_an_appeal_overturns_it_in_a_transaction_of_its_own(
    requester: Any, rejected: Any, application: Application, outbox: Any
) -> None:
    def work(session: Any) -> bool:
        submission = session.submissions.of_assignment("asg_001")
        return overturn_rejection(
            session, submission, decided_by=BY_APPEAL, at=application.clock.now()
        )

    assert [application.store.run(work), application.store.run(work)] == [True, False]
    shown = requester.get(f"/submissions/{rejected['submission_id']}").json
    assert (shown["status"], shown["decided_by"]) == ("accepted", "appeal")
    assert len(said(outbox)) == 1
