"""Control totals: accepted work counted once more, told when it has changed and not otherwise."""

from typing import Any

from task_service.bootstrap import Application


def told(outbox: Any) -> list[tuple[str, int, int, Any]]:
    return [
        (body["on"], body["accepted_count"], body["overturned_count"], body["rewards"])
        for name, body in outbox()
        if name == "task.batch.totals.v1"
    ]


def test_totals_of_a_day_are_told_after_its_work_was_accepted_and_again_when_there_is_more(
    application: Application,
    requester: Any,
    open_batch: Any,
    hand_out: Any,
    outbox: Any,
    clock: Any,
) -> None:
    batch = open_batch(requester, redundancy=3)
    answers = [
        hand_out(requester, batch, assignment=number).submit().json["submission_id"]
        for number in (1, 2, 3)
    ]
    requester.post(f"/submissions/{answers[0]}/accept")
    assert application.tell_totals() == 0, "a transaction may still be under way"
    clock.advance(seconds=11)
    assert application.tell_totals() == 1
    assert application.tell_totals() == 0, "nothing is new"
    body = {"reason": "It is about another sentence.", "reopen": False}
    requester.post(f"/submissions/{answers[1]}/reject", body)
    requester.post(f"/submissions/{answers[1]}/accept", {"override": True})
    requester.post(f"/submissions/{answers[2]}/accept")
    clock.advance(seconds=11)
    assert application.tell_totals() == 1
    reward = batch["reward"]
    twice = {**reward, "amount_minor": 2 * reward["amount_minor"]}
    on = f"{clock.now():%Y-%m-%d}"
    assert told(outbox) == [(on, 1, 0, reward), (on, 2, 1, twice)]
    bodies = [body for name, body in outbox() if name == "task.batch.totals.v1"]
    slots = [(body["slot_count"], body["unsettled_slot_count"]) for body in bodies]
    # The slot of the rejected answer was closed, and stays so when that is overturned.
    count = bodies[0]["slot_count"]
    assert slots == [(count, count - 1), (count, count - 3)]
