"""The log of a requester: each line commits with the change it tells of, and the owner reads it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Protocol

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId, SubmissionId

from task_service.application.ports import Batches, Submissions
from task_service.domain.deeds import Deed


class Deeds(Protocol):
    """Blocking; forgets deeds after DEEDS_LIFETIME."""

    def put(self, deed: Deed) -> None:
        """Add it, or say more of it."""
        ...

    def remove(self, deed_id: str) -> None: ...

    def page(
        self,
        requester_id: RequesterId,
        *,
        project_id: ProjectId | None,
        before: str | None,
        count_max: int,
    ) -> list[Deed]:
        """Newest first, ids below `before`."""
        ...


class LogSession(Protocol):
    """What of a transaction a line of the log needs."""

    @property
    def deeds(self) -> Deeds: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def submissions(self) -> Submissions: ...


@dataclass(frozen=True)
class Caller:
    """`person_id` acts for `requester_id`; `way` as in Deed."""

    requester_id: RequesterId
    person_id: RequesterId
    way: str


@dataclass(frozen=True)
class Doing:
    """What a call is about to do, as far as it says so itself. `team_id` is whose log it belongs
    to where that is not the caller's.
    """

    action: str
    team_id: RequesterId | None = None
    project_id: str | None = None
    batch_id: str | None = None
    submission_id: str | None = None
    subject: str | None = None


@dataclass
class UnderWay:
    """A call between its beginning and its answer. `deed` is what its transactions have kept so
    far; `caller` is None until the call is let in.
    """

    doing: Doing
    caller: Callable[[], Caller | None]
    clock: Clock
    ids: IdFactory
    deed: Deed | None = None

    @property
    def has_begun(self) -> bool:
        """The text of a draft is saved before a project is made of it; whoever joins is no member
        before.
        """
        doing = self.doing
        if doing.action == "member_joined":
            return doing.team_id is not None
        return doing.action != "project_made" or doing.project_id is not None


_UNDER_WAY: ContextVar[UnderWay | None] = ContextVar("deed_under_way", default=None)


def note_made(*, project_id: ProjectId, batch_id: BatchId | None = None) -> None:
    """The call under way makes this: its line names it."""
    under_way = _UNDER_WAY.get()
    if under_way is not None:
        doing = under_way.doing
        under_way.doing = replace(doing, project_id=project_id, batch_id=batch_id or doing.batch_id)


def note_joined(team_id: RequesterId) -> None:
    """The call under way makes its caller a member: its line is in the team's log."""
    under_way = _UNDER_WAY.get()
    if under_way is not None:
        under_way.doing = replace(under_way.doing, team_id=team_id)


def keep_deed(session: LogSession) -> None:
    """At the end of every transaction: with it commits the line of the call under way."""
    under_way = _UNDER_WAY.get()
    if under_way is None or not under_way.has_begun:
        return
    caller = under_way.caller()
    if caller is not None:
        under_way.deed = _placed(_deed(under_way, caller), under_way.doing, session)
        session.deeds.put(under_way.deed)


def _deed(under_way: UnderWay, caller: Caller) -> Deed:
    """The line of before, where an earlier transaction of the call kept one."""
    doing, before = under_way.doing, under_way.deed
    return Deed(
        deed_id=before.deed_id if before else under_way.ids.new("request"),
        requester_id=doing.team_id or caller.requester_id,
        person_id=caller.person_id,
        way=caller.way,
        action=doing.action,
        done_at=before.done_at if before else under_way.clock.now(),
        project_id=ProjectId(doing.project_id) if doing.project_id else None,
        batch_id=BatchId(doing.batch_id) if doing.batch_id else None,
        subject=doing.submission_id or doing.subject,
    )


def _placed(deed: Deed, doing: Doing, session: LogSession) -> Deed:
    """With the batch of the answer, and the project of the batch."""
    batch_id = deed.batch_id
    if batch_id is None and doing.submission_id:
        answer = session.submissions.get(SubmissionId(doing.submission_id))
        batch_id = answer.batch_id if answer else None
    batch = session.batches.get(batch_id) if batch_id else None
    if batch is None:
        return deed
    return replace(deed, batch_id=batch.batch_id, project_id=batch.project_id)


class KeepLog:
    def __init__(self, *, deeds: Deeds, clock: Clock, ids: IdFactory) -> None:
        self._deeds = deeds
        self._clock = clock
        self._ids = ids

    @contextmanager
    def keeping(self, doing: Doing, caller: Callable[[], Caller | None]) -> Iterator[UnderWay]:
        """Have every transaction inside the block keep the line of what is done."""
        under_way = UnderWay(doing, caller, self._clock, self._ids)
        token = _UNDER_WAY.set(under_way)
        try:
            yield under_way
        finally:
            _UNDER_WAY.reset(token)

    def take_back(self, under_way: UnderWay) -> None:
        """The call changed nothing after all."""
        if under_way.deed is not None:
            self._deeds.remove(under_way.deed.deed_id)

    def page(
        self,
        requester_id: RequesterId,
        *,
        project_id: ProjectId | None = None,
        before: str | None = None,
        count_max: int = 50,
    ) -> list[Deed]:
        return self._deeds.page(
            requester_id, project_id=project_id, before=before, count_max=count_max
        )
