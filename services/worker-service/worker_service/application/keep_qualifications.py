"""Qualifications by rule follow a worker's decided work, and those with a date end on it: a job."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import AssignmentId

from worker_service.application.granting import grant, revoke
from worker_service.application.ports import DecidedItem, Session, Store
from worker_service.domain.appeals import AppealStatus
from worker_service.domain.qualifications import (
    EXPIRED,
    RULE_NOT_MET,
    GrantedBy,
    Held,
    Qualification,
    Record,
    due_of_age,
)
from worker_service.domain.work_items import Status

ITEMS_MAX = 20
"""In one transaction: each item costs several writes, and a transaction has seconds. A job that did
something is run again at once.
"""
_ACCEPTED, _REJECTED = "accepted", "rejected"


class KeepQualifications:
    def __init__(
        self, store: Store[Session], clock: Clock, market: Sequence[Qualification]
    ) -> None:
        self._store = store
        self._clock = clock
        self._by_rule = [one for one in market if one.rule is not None]

    def __call__(self) -> int:
        """Count some decisions and end what has run out; returns how many. Each decision counts
        once: the mark that it is counted commits with the count.
        """
        return self._store.run(self._count) + self._store.run(self._end)

    def _count(self, session: Session) -> int:
        items = session.work_items.uncounted(ITEMS_MAX)
        scored = session.work_items.unscored(ITEMS_MAX)
        due = session.records.due(self._clock.now(), ITEMS_MAX)
        records = {
            worker_id: session.records.get(worker_id)
            for worker_id in sorted(
                {item.worker_id for item in items} | {one.worker_id for one in scored} | set(due)
            )
        }
        marks: dict[str | None, list[AssignmentId]] = defaultdict(list)
        for item in items:
            verdict = _verdict(session, item)
            records[item.worker_id] = _counted(records[item.worker_id], item.counted_as, verdict)
            marks[verdict].append(item.assignment_id)
        for verdict, assignment_ids in marks.items():
            session.work_items.mark_counted(assignment_ids, verdict)
        for one in scored:
            records[one.worker_id] = records[one.worker_id].with_scored(right=one.right)
        session.work_items.mark_scored([one.assignment_id for one in scored])
        for record in records.values():
            self._apply(session, record)
        return len(items) + len(scored) + len(due)

    def _apply(self, session: Session, record: Record) -> None:
        """Of a closed account nothing is kept."""
        worker = session.workers.get(record.worker_id)
        if worker is None:
            session.records.forget(record.worker_id)
            return
        now = self._clock.now()
        holdings = {one.code: one for one in session.held.of_worker(record.worker_id)}
        for one in self._by_rule:
            met = one.rule is not None and one.rule.is_met_by(record, now - worker.registered_at)
            held = holdings.get(one.code)
            if met and (held is None or not held.is_active(now)):
                grant(
                    session, Held(record.worker_id, one.code, GrantedBy.RULE, now, one.ends_at(now))
                )
            elif not met:
                revoke(session, held, now, RULE_NOT_MET)
        rules = [one.rule for one in self._by_rule if one.rule is not None]
        session.records.put(record, due_of_age(rules, record, worker.registered_at, now))

    def _end(self, session: Session) -> int:
        ended = session.held.ended(self._clock.now(), ITEMS_MAX)
        for held in ended:
            revoke(session, held, held.expires_at or self._clock.now(), EXPIRED)
        return len(ended)


def _verdict(session: Session, item: DecidedItem) -> str | None:
    """What the item counts as. A rejection under appeal counts for nothing."""
    if item.status.rank >= Status.ACCEPTED.rank:
        return _ACCEPTED
    if item.status is not Status.REJECTED:
        return None
    appeal = session.appeals.get(item.assignment_id)
    open_one = appeal is not None and appeal.status is AppealStatus.OPEN
    return None if open_one else _REJECTED


def _counted(record: Record, before: str | None, after: str | None) -> Record:
    return replace(
        record,
        accepted_count=record.accepted_count + (after == _ACCEPTED) - (before == _ACCEPTED),
        rejected_count=record.rejected_count + (after == _REJECTED) - (before == _REJECTED),
    )
