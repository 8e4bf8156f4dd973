"""Batch cards and measured work times in MongoDB. Batches are few beside their items, so a card is
read, changed and written within the event's transaction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from worker_service.application.ports import Durations
from worker_service.domain.batches import BatchCard, BatchTerms, Growth
from worker_service.domain.pay import SAMPLES_MAX

BATCHES = "batches"
BATCH_DURATIONS = "batch_durations"
PROJECT_DURATIONS = "project_durations"
BATCH_INDEXES = [
    IndexModel([("listed", ASCENDING), ("_id", DESCENDING)], name="listed_newest_first"),
    IndexModel([("terms.requester_id", ASCENDING)], name="of_requester"),
]


class MongoBatches:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._batches = database[BATCHES]
        self._of_batch = database[BATCH_DURATIONS]
        self._of_project = database[PROJECT_DURATIONS]
        self._session = session

    def get(self, batch_id: BatchId) -> BatchCard | None:
        found = self._batches.find_one({"_id": batch_id}, session=self._session)
        return None if found is None else _card(found)

    def put(self, card: BatchCard) -> None:
        self._batches.replace_one(
            {"_id": card.batch_id}, _document(card), upsert=True, session=self._session
        )

    def many(self, batch_ids: Sequence[BatchId]) -> Mapping[BatchId, BatchCard]:
        if not batch_ids:
            return {}
        found = self._batches.find({"_id": {"$in": list(batch_ids)}}, session=self._session)
        return {document["_id"]: _card(document) for document in found}

    def listed(self, count_max: int) -> Sequence[BatchCard]:
        found = self._batches.find({"listed": True}, session=self._session)
        return [_card(document) for document in found.sort("_id", DESCENDING).limit(count_max)]

    def saying(self, words: str, count_max: int) -> Sequence[BatchId]:
        each = [
            {"$or": [{f"terms.{name}": like} for name in ("title", "requester_name")]}
            for like in ({"$regex": re.escape(word), "$options": "i"} for word in words.split())
        ]
        found = self._batches.find({"$and": each}, {"_id": 1}, session=self._session)
        return [document["_id"] for document in found.sort("_id", DESCENDING).limit(count_max)]

    def requester_name(self, requester_id: RequesterId) -> str | None:
        found = self._batches.find_one(
            {"terms.requester_id": requester_id}, {"terms": 1}, session=self._session
        )
        return found["terms"]["requester_name"] if found else None

    def add_durations(self, batch_id: BatchId, durations_ms: Sequence[int]) -> None:
        self._push(self._of_batch, batch_id, durations_ms)
        card = self.get(batch_id)
        if card is not None and card.terms is not None:
            self._push(self._of_project, card.terms.project_id, durations_ms)

    def durations_of(self, cards: Sequence[BatchCard]) -> Durations:
        projects = {card.terms.project_id for card in cards if card.terms}
        return Durations(
            of_batch=self._durations(self._of_batch, [card.batch_id for card in cards]),
            of_project=self._durations(self._of_project, sorted(projects)),
        )

    def _push(self, collection: Any, key: str, durations_ms: Sequence[int]) -> None:
        newest = {"$each": list(durations_ms), "$slice": -SAMPLES_MAX}
        collection.update_one(
            {"_id": key}, {"$push": {"durations_ms": newest}}, upsert=True, session=self._session
        )

    def _durations(
        self, collection: Any, keys: "Sequence[BatchId] | Sequence[ProjectId]"
    ) -> dict[Any, Sequence[int]]:
        if not keys:
            return {}
        found = collection.find({"_id": {"$in": list(keys)}}, session=self._session)
        return {document["_id"]: document["durations_ms"] for document in found}


def _document(card: BatchCard) -> Document:
    terms, growth = card.terms, card.growth
    return {
        **{name: value for name, value in asdict(card).items() if name != "batch_id"},
        "_id": card.batch_id,
        "terms": None if terms is None else {**vars(terms), "reward": terms.reward.to_wire()},
        "growth": growth and {**vars(growth), "reward": growth.reward.to_wire()},
        "listed": card.listed,
    }


def _card(document: Document) -> BatchCard:
    terms, growth = document["terms"], document.get("growth")
    return BatchCard(
        batch_id=document["_id"],
        terms=None if terms is None else _terms(terms),
        growth=growth and Growth(**{**growth, "reward": Money.from_wire(growth["reward"])}),
        paused=document["paused"],
        switch=document["switch"],
        cancelled=document["cancelled"],
        completed=document["completed"],
        chunks=document["chunks"],
        open_slot_count=document["open_slot_count"],
        counted_at=document["counted_at"],
    )


def _terms(document: Document) -> BatchTerms:
    # Cards that were written before requesters were measured name none.
    known = {"requester_id": "", **document}
    known.update({name: tuple(document.get(name, ())) for name in ("qualifications", "languages")})
    return BatchTerms(**{**known, "reward": Money.from_wire(document["reward"])})
