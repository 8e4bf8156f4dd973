"""The repositories of one transaction, and the same outside of any."""

from functools import cached_property

from crowdloom.chassis.passkeys import PASSKEY_INDEXES
from crowdloom.chassis.session_records import SESSION_INDEXES, SESSIONS
from crowdloom.chassis.store import MongoDatabase, MongoSession

from worker_service.adapters.mongo_appeals import APPEAL_INDEXES, APPEALS, MongoAppeals
from worker_service.adapters.mongo_batches import (
    BATCH_DURATIONS,
    BATCH_INDEXES,
    BATCHES,
    PROJECT_DURATIONS,
    MongoBatches,
)
from worker_service.adapters.mongo_qualifications import (
    QUALIFICATION_INDEXES,
    MongoHeld,
    MongoQualifications,
    MongoRecords,
)
from worker_service.adapters.mongo_queue_choices import QUEUE_CHOICES, MongoQueueChoices
from worker_service.adapters.mongo_registration_limit import (
    REGISTRATION_COUNT_INDEXES,
    REGISTRATION_COUNTS,
)
from worker_service.adapters.mongo_requesters import REQUESTERS, MongoRequesters
from worker_service.adapters.mongo_talk_answers import (
    TALK_ANSWER_INDEXES,
    TALK_ANSWERS,
    MongoTalkAnswers,
)
from worker_service.adapters.mongo_work_items import (
    WORK_ITEM_INDEXES,
    WORK_ITEMS,
    MongoWorkItems,
)
from worker_service.adapters.mongo_workers import WORKER_INDEXES, WORKERS, MongoWorkers

INDEXES = {
    WORKERS: WORKER_INDEXES,
    WORK_ITEMS: WORK_ITEM_INDEXES,
    BATCHES: BATCH_INDEXES,
    BATCH_DURATIONS: [],
    PROJECT_DURATIONS: [],
    APPEALS: APPEAL_INDEXES,
    REQUESTERS: [],
    QUEUE_CHOICES: [],
    SESSIONS: SESSION_INDEXES,
    **PASSKEY_INDEXES,
    REGISTRATION_COUNTS: REGISTRATION_COUNT_INDEXES,
    **QUALIFICATION_INDEXES,
    TALK_ANSWERS: TALK_ANSWER_INDEXES,
}


class WorkerSession(MongoSession):
    def finish(self) -> None:
        self.work_items.write_learnt()

    @cached_property
    def workers(self) -> MongoWorkers:
        return MongoWorkers(self.database, self.session)

    @cached_property
    def work_items(self) -> MongoWorkItems:
        return MongoWorkItems(self.database, self.session)

    @cached_property
    def batches(self) -> MongoBatches:
        return MongoBatches(self.database, self.session)

    @cached_property
    def appeals(self) -> MongoAppeals:
        return MongoAppeals(self.database, self.session)

    @cached_property
    def requesters(self) -> MongoRequesters:
        return MongoRequesters(self.database, self.session)

    @cached_property
    def choices(self) -> MongoQueueChoices:
        return MongoQueueChoices(self.database, self.session)

    @cached_property
    def qualifications(self) -> MongoQualifications:
        return MongoQualifications(self.database, self.session)

    @cached_property
    def held(self) -> MongoHeld:
        return MongoHeld(self.database, self.session)

    @cached_property
    def records(self) -> MongoRecords:
        return MongoRecords(self.database, self.session)

    @cached_property
    def talk_answers(self) -> MongoTalkAnswers:
        return MongoTalkAnswers(self.database, self.session)


class MongoReaders:
    """For pages and lists, which need no transaction."""

    def __init__(self, database: MongoDatabase) -> None:
        self.workers = MongoWorkers(database)
        self.work_items = MongoWorkItems(database)
        self.batches = MongoBatches(database)
        self.appeals = MongoAppeals(database)
        self.requesters = MongoRequesters(database)
        self.choices = MongoQueueChoices(database)
        self.qualifications = MongoQualifications(database)
        self.held = MongoHeld(database)
        self.records = MongoRecords(database)
        self.talk_answers = MongoTalkAnswers(database)
