"""Events about one batch, in any order and repeated, end in the same state."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from crowdloom.contracts import Event
from crowdloom.contracts.task import BatchCancelled, BatchPaused, BatchResumed
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matching_service.bootstrap import Application

Build = Callable[[FrozenClock], Application]
HandTo = Callable[[Application, Event, str], None]
Told = tuple[str, Event]
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def state(application: Application) -> dict[str, list[dict[str, Any]]]:
    """All that follows from events; times of work are a set, whose order means nothing."""
    found = {
        name: list(application.database[name].find().sort("_id", 1))
        for name in ("batches", "batch_pools", "tasks", "assignments", "work_times", "workers")
    }
    for row in found["work_times"]:
        row["seconds"] = sorted(row["seconds"])
    return found


def disturbed(count: int) -> st.SearchStrategy[list[int]]:
    """Every position at least once, in any order, some of them again."""
    again = st.lists(st.integers(0, count - 1), max_size=count)
    return again.flatmap(lambda more: st.permutations([*range(count), *more]))


def numbered(events: Sequence[Event], *, first: int = 1) -> list[Told]:
    return [(f"evt_{number:026d}", event) for number, event in enumerate(events, first)]


def tell(application: Application, hand_to: HandTo, told: Sequence[Told]) -> None:
    for event_id, event in told:
        hand_to(application, event, event_id)


@given(order=disturbed(7))
@EXAMPLES
def test_what_opens_and_pauses_a_batch_converges(
    order: list[int], make: ModuleType, build_in_memory: Build, hand_to: HandTo
) -> None:
    told = numbered(
        [
            make.opened(),
            make.released(),
            make.released(chunk=1, count=40),
            BatchPaused("bat_1"),
            BatchResumed("bat_1"),
            make.grown(),
            make.registered("wrk_1", "en"),
        ]
    )
    plain, other = build_in_memory(FrozenClock()), build_in_memory(FrozenClock())
    tell(plain, hand_to, told)
    tell(other, hand_to, [told[position] for position in order])
    assert state(other) == state(plain)
    assert other.claim_task("wrk_1", "k") is not None


@given(order=disturbed(10))
@EXAMPLES
def test_what_becomes_of_assignments_converges(
    order: list[int], make: ModuleType, build_in_memory: Build, hand_to: HandTo
) -> None:
    applications = [build_in_memory(FrozenClock()) for _ in range(2)]
    told: list[Told] = []
    for application in applications:
        opened = make.opened(task_type="choose")
        tell(application, hand_to, numbered([opened, make.released()]))
        held = [application.claim_task(f"wrk_{number}", "k").assignment for number in range(5)]
        for number in (2, 3):
            application.hold_assignment.give_back(f"wrk_{number}", held[number].assignment_id)
        told = numbered(
            [
                make.submitted(held[0]),
                make.submitted(held[1]),
                make.rejected(held[0]),
                make.rejected(held[1], reopened=False),
                make.accepted(held[3]),
                make.accepted(held[1], decided_by="appeal", overturns=True),
                make.closed(held[2]),
                make.submitted(held[3]),
                BatchPaused("bat_1"),
                BatchCancelled("bat_1", BEGINNING),
            ],
            first=100,
        )
    plain, other = applications
    tell(plain, hand_to, told)
    tell(other, hand_to, [told[position] for position in order])
    assert state(other) == state(plain)
