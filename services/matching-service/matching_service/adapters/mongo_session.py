"""MongoDB behind the application's ports: one session over all collections."""

from functools import cached_property
from typing import Any

from crowdloom.chassis.store import Document, MongoSession, MongoStore
from crowdloom.contracts.task import SubmissionReceived
from crowdloom.kernel import Clock, IdFactory
from pymongo import IndexModel, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.adapters import (
    mongo_assignments,
    mongo_batches,
    mongo_policy,
    mongo_tallies,
    mongo_tasks,
)
from matching_service.adapters.mongo_assignments import MongoAssignments
from matching_service.adapters.mongo_batches import MongoBatches
from matching_service.adapters.mongo_policy import MongoAsks, MongoPolicies
from matching_service.adapters.mongo_tallies import MongoTallies
from matching_service.adapters.mongo_tasks import MongoTasks
from matching_service.adapters.mongo_workers import MongoWatermarks, MongoWorkers
from matching_service.application.ports import Verdict
from matching_service.application.take_answers import take_answers, take_verdicts

INDEXES: dict[str, list[IndexModel]] = {
    mongo_assignments.COLLECTION: mongo_assignments.INDEXES,
    mongo_batches.COLLECTION: mongo_batches.INDEXES,
    mongo_tasks.COLLECTION: mongo_tasks.INDEXES,
    mongo_batches.POOLS: [],
    mongo_batches.WORK_TIMES: [],
    mongo_tallies.COLLECTION: [],
    mongo_tallies.RECORDS: [],
    "workers": [],
    "watermarks": [],
    **mongo_policy.INDEXES,
}


class _Repositories:
    database: Database[dict[str, Any]]
    session: ClientSession | None

    @cached_property
    def batches(self) -> MongoBatches:
        return MongoBatches(self.database, self.session)

    @cached_property
    def tasks(self) -> MongoTasks:
        return MongoTasks(self.database, self.session)

    @cached_property
    def assignments(self) -> MongoAssignments:
        return MongoAssignments(self.database, self.session)

    @cached_property
    def workers(self) -> MongoWorkers:
        return MongoWorkers(self.database, self.session)

    @cached_property
    def tallies(self) -> MongoTallies:
        return MongoTallies(self.database, self.session)

    @cached_property
    def asks(self) -> MongoAsks:
        return MongoAsks(self.database, self.session)

    @cached_property
    def policies(self) -> MongoPolicies:
        return MongoPolicies(self.database, self.session)

    @cached_property
    def watermarks(self) -> MongoWatermarks:
        return MongoWatermarks(self.database, self.session)


class MatchingSession(_Repositories, MongoSession):
    """One transaction over everything matching-service owns."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        session: ClientSession,
        *,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        MongoSession.__init__(self, database, session, clock=clock, ids=ids)
        self.answered: list[SubmissionReceived] = []
        self.verdicts: list[Verdict] = []

    @cached_property
    def tasks(self) -> MongoTasks:
        return MongoTasks(self.database, self.session, self.hold)

    @cached_property
    def assignments(self) -> MongoAssignments:
        return MongoAssignments(self.database, self.session, self.hold)

    def take_answers(self) -> None:
        take_answers(self)

    def finish(self) -> None:
        take_answers(self)
        take_verdicts(self)


class MatchingStore(MongoStore[MatchingSession]):
    """In the database of matching-service."""

    def __init__(
        self, client: "MongoClient[Document]", database: str, *, clock: Clock, ids: IdFactory
    ) -> None:
        super().__init__(client, database, session_class=MatchingSession, clock=clock, ids=ids)

    def migrate(self, indexes: dict[str, list[IndexModel]]) -> None:
        super().migrate(indexes)
        mongo_batches.take_pools_out(self.database)


class MatchingReader(_Repositories):
    """The same repositories outside any transaction."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self.database = database
        self.session = None
        self.answered: list[SubmissionReceived] = []
        self.verdicts: list[Verdict] = []

    def emit(self, *_events: object) -> None:
        raise TypeError("events are emitted in a transaction, never beside one")

    def take_answers(self) -> None:
        raise TypeError("answers take effect in a transaction, never beside one")
