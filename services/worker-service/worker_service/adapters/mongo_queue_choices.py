"""What workers chose for their queue, in MongoDB: one document a worker."""

from dataclasses import asdict

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel.ids import WorkerId
from pymongo.client_session import ClientSession

from worker_service.domain.queue_choices import QueueChoices, QuietHours, Watch

QUEUE_CHOICES = "queue_choices"


class MongoQueueChoices:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._choices = database[QUEUE_CHOICES]
        self._session = session

    def get(self, worker_id: WorkerId) -> QueueChoices:
        found = self._choices.find_one({"_id": worker_id}, session=self._session)
        return QueueChoices(worker_id) if found is None else _choices(found)

    def put(self, choices: QueueChoices) -> None:
        self._choices.replace_one(
            {"_id": choices.worker_id}, _document(choices), upsert=True, session=self._session
        )

    def forget(self, worker_id: WorkerId) -> None:
        self._choices.delete_one({"_id": worker_id}, session=self._session)


def _document(choices: QueueChoices) -> Document:
    return {
        "_id": choices.worker_id,
        "filter": dict(choices.filter),
        # Pairs, not fields: the order of hiding is kept, and an id is never taken for a field name.
        "hidden_batches": [list(pair) for pair in choices.hidden_batches.items()],
        "hidden_requesters": [list(pair) for pair in choices.hidden_requesters.items()],
        "watches": [asdict(watch) for watch in choices.watches],
        "sound": choices.sound,
        "quiet": asdict(choices.quiet),
        "seen_at": choices.seen_at,
    }


def _choices(document: Document) -> QueueChoices:
    return QueueChoices(
        worker_id=document["_id"],
        filter=document["filter"],
        hidden_batches=dict(document["hidden_batches"]),
        hidden_requesters=dict(document["hidden_requesters"]),
        watches=tuple(Watch(**watch) for watch in document["watches"]),
        sound=document["sound"],
        quiet=QuietHours(**document["quiet"]),
        seen_at=document["seen_at"],
    )
