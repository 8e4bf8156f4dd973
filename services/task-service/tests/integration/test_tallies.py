"""How many answers are in each state is kept with every change, and is what counting them gives."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from task_service.adapters import id_windows, mongo_submissions
from task_service.bootstrap import Application
from task_service.domain.submissions import SubmissionStatus
from task_service.domain.tallies import Tally, tally_of

NO = {"reason": "It is about another sentence."}


class Given:
    """Windows with these edges."""

    def __init__(self, edges: list[str], _kind: str, _from: object) -> None:
        self._edges = iter(edges)

    def edge(self, _found: int, _left: int) -> str | None:
        return next(self._edges, None)


def counted(application: Application, batch_id: Any) -> Tally:
    found = [vars(tally_of(one)) for one in application.reader.submissions.all(batch_id)]
    return Tally(**{name: sum(one[name] for one in found) for name in vars(Tally())})


@pytest.mark.parametrize("asked_before", [True, False], ids=["begun_empty", "begun_late"])
def test_a_tally_is_what_counting_gives(
    requester: Any, open_batch: Any, hand_out: Any, application: Application, asked_before: bool
) -> None:
    batch = open_batch(requester, redundancy=5)
    tally, batch_id = application.reader.submissions.tally, batch["batch_id"]
    if asked_before:
        assert tally(batch_id) == Tally()
    ids = [
        hand_out(requester, batch, assignment=number).submit().json["submission_id"]
        for number in range(1, 6)
    ]
    requester.post(f"/submissions/{ids[0]}/accept")
    requester.post(f"/submissions/{ids[1]}/reject", {**NO, "reopen": True})
    requester.post(f"/submissions/{ids[2]}/reject", {**NO, "reopen": False})
    requester.post(f"/submissions/{ids[3]}/return", {"note": "Once more, please."})
    assert tally(batch_id) == counted(application, batch_id)
    assert tally(batch_id) == Tally(1, 1, 2, 1, closed_slots=1, used_slots=2)
    for overturned in ids[1:3]:
        requester.post(f"/submissions/{overturned}/accept", {"override": True})
    requester.post(f"/submissions/{ids[4]}/accept")
    requester.post(f"/submissions/{ids[4]}/accept")
    assert tally(batch_id) == counted(application, batch_id)
    assert tally(batch_id) == Tally(0, 4, 0, 1, closed_slots=0, used_slots=3)
    kept = application.database["tallies"]
    kept.update_one({"_id": f"{batch_id}:first"}, {"$inc": {"accepted": 3, "used_slots": -1}})
    assert tally(batch_id) != counted(application, batch_id)
    assert (application.recount_answers(), application.recount_answers()) == (1, 0)
    assert tally(batch_id) == counted(application, batch_id), "what drifted is mended"


def test_what_did_not_commit_is_not_counted(
    requester: Any, open_batch: Any, hand_out: Any, application: Application
) -> None:
    batch = open_batch(requester, redundancy=2)
    hand_out(requester, batch).submit()
    inside = []

    def work(session: Any) -> None:
        waiting = session.submissions.of_assignment("asg_001")
        session.submissions.decide([replace(waiting, status=SubmissionStatus.ACCEPTED)])
        inside.append(session.submissions.tally(batch["batch_id"]))
        raise RuntimeError("stopped before the commit")

    with pytest.raises(RuntimeError):
        application.store.run(work)
    assert inside == [Tally(accepted=1, used_slots=1)], "the transaction itself sees it"
    assert application.reader.submissions.tally(batch["batch_id"]) == Tally(submitted=1)


def test_a_long_batch_is_read_in_windows_that_leave_nothing_out(
    requester: Any,
    open_batch: Any,
    hand_out: Any,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = open_batch(requester, redundancy=5)
    ids = [
        hand_out(requester, batch, assignment=number).submit().json["submission_id"]
        for number in range(1, 6)
    ]
    requester.post(f"/submissions/{ids[1]}/accept")
    monkeypatch.setattr(mongo_submissions, "_SHORT_MAX", 0)
    ends = {"after": [ids[0], ids[2], "sub_z"], "before": [ids[3], ids[2], ids[0]]}
    for direction, edges in ends.items():
        monkeypatch.setattr(id_windows, direction, partial(Given, edges))
    batch_id = batch["batch_id"]

    def seen(**asked: Any) -> list[str]:
        wanted = {"status": None, "after": None, "count_max": 10, **asked}
        found = application.reader.submissions.page(batch_id, **wanted)
        return [one.submission_id for one in found]

    assert seen() == ids
    assert seen(after=ids[1], count_max=2) == ids[2:4]
    assert seen(status=SubmissionStatus.SUBMITTED, count_max=2) == [ids[0], ids[2]]
    assert seen(status=SubmissionStatus.SUBMITTED, held=False) == [ids[0], *ids[2:]]
    newest = application.reader.submissions.newest_of_requester
    now = application.clock.now()
    for count in (1, 2, 3, 9):
        found = newest(requester.requester_id, count, now)
        assert [one.submission_id for one in found] == ids[::-1][:count]


def test_answers_of_the_last_hour_are_all_counted_however_often_one_asks(
    requester: Any, open_batch: Any, hand_out: Any, application: Application
) -> None:
    batch = open_batch(requester, redundancy=1)
    submissions = application.reader.submissions
    one = submissions.get(hand_out(requester, batch).submit().json["submission_id"])
    assert one is not None
    began = one.submitted_at
    came = [
        began + timedelta(seconds=after) for after in (30, 59, 61, 3500, 3599, 3601, 3700, 3719)
    ]
    for number, at in enumerate(came):
        ids = {"submission_id": f"sub_{number}", "assignment_id": f"asg_x{number}"}
        status = SubmissionStatus.CLOSED if number == 1 else one.status
        submissions.add(replace(one, **ids, submitted_at=at, status=status))
    shown = [began, came[0], *came[2:]]
    for after in (5, 65, 66, 3600, 3605, 3665, 3720, 3730, 3731, 3800, 7230, 9000):
        now = began + timedelta(seconds=after)
        since = now - timedelta(hours=1)
        found = submissions.count_since(one.batch_id, since, now)
        later = [at for at in shown if at > now]
        assert found == sum(at >= since for at in shown), f"{after} s, {len(later)} to come"
