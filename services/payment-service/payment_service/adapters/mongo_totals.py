"""task-service's control totals, and what its events came to, in MongoDB."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_work import ASSIGNMENTS, BATCHES, batch_book
from payment_service.domain.batches import BatchBook, EarlierTerms
from payment_service.domain.controls import Heard, Told, apart, slots_apart

TASK_TOTALS = "task_totals"
TOTALS_INDEXES = [IndexModel([("on", ASCENDING)], name="by_day")]


class MongoTaskTotals:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._totals = database[TASK_TOTALS]
        self._assignments = database[ASSIGNMENTS]
        self._batches = database[BATCHES]
        self._session = session

    def keep(self, told: Told) -> bool:
        before = self.get(told.key)
        if before is not None and before.as_of >= told.as_of:
            return False
        document = {"_id": told.key, **asdict(told), "rewards": told.rewards.to_wire()}
        self._totals.replace_one({"_id": told.key}, document, upsert=True, session=self._session)
        return True

    def get(self, key: str) -> Told | None:
        found = self._totals.find_one({"_id": key}, session=self._session)
        return None if found is None else _told(found)

    def heard(self, told: Told) -> Heard:
        of_day = {
            "batch_id": told.batch_id,
            "accepted_at": {"$gte": told.since, "$lte": told.as_of},
        }
        count = self._assignments.count_documents(of_day, session=self._session)
        overturned = self._assignments.count_documents(
            {**of_day, "overturned": True}, session=self._session
        )
        row = self._batches.find_one({"_id": told.batch_id}, session=self._session)
        book = BatchBook(told.batch_id) if row is None else batch_book(row)
        slots = None if book.terms is None else book.terms.slot_count
        return Heard(
            count - overturned,
            overturned,
            _reward(book),
            slots,
            None if slots is None else slots - self._settled_slots(told),
        )

    def _settled_slots(self, told: Told) -> int:
        of_batch, until = {"batch_id": told.batch_id}, {"$lte": told.as_of}
        accepted = {**of_batch, "accepted_at": until, "overturned": {"$exists": False}}
        closed = {**of_batch, "closed_at": until}
        return sum(
            self._assignments.count_documents(each, session=self._session)
            for each in (accepted, closed)
        )

    def count(self, month: str = "") -> int:
        return self._totals.count_documents(_of(month))

    def apart(self, month: str = "") -> tuple[Sequence[str], Sequence[str]]:
        """What differs, in words: of accepted work, and of slots that are still to be paid for; of
        one month, or of all.
        """
        compared = [(told, self.heard(told)) for told in self._all(month)]
        work = (apart(told, heard) for told, heard in compared)
        slots = (slots_apart(told, heard) for told, heard in compared)
        return [each for each in work if each], [each for each in slots if each]

    def _all(self, month: str) -> Iterator[Told]:
        for row in self._totals.find(_of(month)).sort("_id", ASCENDING):
            yield _told(row)


def _of(month: str) -> Document:
    # A day is ISO text: the next character after its last "-" ends the range.
    return {"on": {"$gte": f"{month}-", "$lt": f"{month}."}} if month else {}


def _told(row: Document) -> Told:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return Told(**{**fields, "rewards": Money.from_wire(row["rewards"])})


def _reward(book: BatchBook) -> Money | None:
    """Where it was raised, one reward does not say what a day's work earns."""
    if book.terms is None or book.earlier != EarlierTerms():
        return None
    return book.terms.reward
