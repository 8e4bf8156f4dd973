"""Between events and the domain: the only place that knows both."""

from crowdloom.contracts import task as contract
from crowdloom.contracts.matching import AssignmentClaimed
from crowdloom.contracts.task import BatchOpened

from matching_service.domain.assignments import Assignment
from matching_service.domain.batches import Batch, BatchStatus
from matching_service.domain.requirements import Condition, Requirements


def batch_of(event: BatchOpened) -> Batch:
    return Batch(
        batch_id=event.batch_id,
        project_id=event.project_id,
        requester_id=event.requester_id,
        requester_name=event.requester_name,
        title=event.title,
        description=event.description,
        language=event.language,
        reward=event.reward,
        task_count=event.task_count,
        redundancy=event.redundancy,
        lease_seconds=event.lease_seconds,
        status=BatchStatus.OPEN,
        opened_at=event.opened_at,
        wanted_at=event.wanted_at,
        choice_count=event.choice_count,
        requirements=_requirements(event.requirements),
        # It names a field where workers' judgements are kept.
        task_type=event.task_type if event.task_type and event.task_type.isidentifier() else None,
    )


def _requirements(said: contract.Requirements | None) -> Requirements:
    if said is None:
        return Requirements()
    return Requirements(
        all_of=_conditions(said.all_of),
        any_of=_conditions(said.any_of),
        none_of=_conditions(said.none_of),
        languages=said.languages,
        devices=said.devices,
        only=frozenset(said.only),
        excluded=frozenset(said.excluded),
        answers_per_worker_max=said.answers_per_worker_max,
        answers_per_worker_a_day_max=said.answers_per_worker_a_day_max,
    )


def _conditions(said: tuple[contract.Condition, ...]) -> tuple[Condition, ...]:
    return tuple(Condition(one.qualification, one.comparator, one.score) for one in said)


def claimed(assignment: Assignment) -> AssignmentClaimed:
    return AssignmentClaimed(
        assignment_id=assignment.assignment_id,
        task_id=assignment.task_id,
        batch_id=assignment.batch_id,
        requester_id=assignment.requester_id,
        worker_id=assignment.worker_id,
        pseudonym=assignment.pseudonym,
        claimed_at=assignment.claimed_at,
        deadline=assignment.deadline,
    )
