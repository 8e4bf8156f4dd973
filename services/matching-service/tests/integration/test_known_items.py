"""Items whose answer is known reach each worker by the schedule, from the batch's own slots."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

from crowdloom.testkit.ports import FrozenClock
from matching_service.bootstrap import Application

Deliver = Callable[..., None]
KNOWN = tuple(range(0, 72, 6))


def given(application: Application, worker_id: str, count: int) -> list[str]:
    """The next tasks that a worker gets; he hands each in before he asks again."""
    found = []
    for number in range(count):
        made = application.claim_task(worker_id, f"{worker_id}-{number}")
        assert made is not None
        asked = made.assignment
        application.store.run(
            lambda s, asked=asked: s.assignments.submit({asked.assignment_id: asked.claimed_at})
        )
        found.append(asked.task_id)
    return found


def test_each_worker_is_given_known_items_by_the_schedule_and_none_of_them_twice(
    build_in_memory: Callable[..., Application],
    make: ModuleType,
    hand_to: Callable[..., None],
    clock: FrozenClock,
) -> None:
    application = build_in_memory(clock)
    events = [
        *(make.opened(task_count=200, redundancy=3), make.released(count=200), make.marked(*KNOWN)),
        # Said again, as a broker may: no task is dealt twice.
        *(make.marked(*KNOWN), make.marked(1, 2), make.marked(1, 2, known=False)),
    ]
    for number, event in enumerate(events):
        hand_to(application, event, f"evt_{number:026d}")
    known = {f"tsk_bat_1_0_{number}" for number in KNOWN}
    order = [given(application, f"wrk_{number}", 50) for number in range(2)]
    for tasks in order:
        assert len({*tasks}) == 50
        assert len(known.intersection(tasks[:5])) == 2
        assert len(known.intersection(tasks)) == 10
    assert known.intersection(order[0]) != known.intersection(order[1])


def test_a_batch_in_which_much_is_known_gives_it_as_it_comes_and_all_of_it(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=6, redundancy=1), make.released(count=6, redundancy=1))
    deliver(make.marked(0, 1, 2))
    assert len({*given(application, "wrk_1", 6)}) == 6
    assert application.claim_task("wrk_1", "more") is None


def test_claims_at_the_same_moment_have_places_of_their_own_in_the_schedule(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=40, redundancy=1), make.released(count=40, redundancy=1))
    deliver(make.marked(3, 4, 5))
    with ThreadPoolExecutor(5) as threads:
        made = list(threads.map(lambda n: application.claim_task("wrk_1", f"k{n}"), range(5)))
    tasks = [one.assignment.task_id for one in made if one is not None]
    assert len(tasks) == 5
    known = {f"tsk_bat_1_0_{number}" for number in (3, 4, 5)}
    assert len(known.intersection(tasks)) == 2
    tally = application.store.run(lambda session: session.tallies.get("prj_1", "wrk_1"))
    assert (tally.given, tally.known) == (5, 2)


def test_who_misses_most_known_items_is_given_no_more_of_the_project_until_others_are_right(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(choice_count=2, task_type="choose"), make.released())
    deliver(make.opened("bat_2", project_id="prj_2", choice_count=2), make.released("bat_2"))
    held = application.claim_task("wrk_1", "k1", batch_id="bat_1")
    assert held is not None
    deliver(*[make.scored(held.assignment, right=False)] * 9)
    assert application.claim_task.why_not("wrk_1", "bat_1") is None
    deliver(make.scored(held.assignment, right=False))
    assert application.claim_task.why_not("wrk_1", "bat_1") == "known_missed"
    assert application.claim_task("wrk_1", "k2", batch_id="bat_1") is None
    assert application.claim_task("wrk_1", "k3") is not None, "other projects are open to him"
    deliver(*[make.scored(held.assignment)] * 20)
    assert application.claim_task.why_not("wrk_1", "bat_1") is None
