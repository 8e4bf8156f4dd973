"""The newest decisions of each requester in MongoDB: one document a requester."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel.ids import RequesterId
from pymongo.client_session import ClientSession

from worker_service.domain.requesters import SAMPLES_MAX, Judged

REQUESTERS = "requesters"


class MongoRequesters:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._requesters = database[REQUESTERS]
        self._session = session

    def add(self, requester_id: RequesterId, judged: Sequence[Judged]) -> None:
        newest = {"$each": [asdict(one) for one in judged], "$slice": -SAMPLES_MAX}
        self._requesters.update_one(
            {"_id": requester_id},
            {"$push": {"judged": newest}},
            upsert=True,
            session=self._session,
        )

    def many(self, requester_ids: Sequence[RequesterId]) -> Mapping[RequesterId, Sequence[Judged]]:
        if not requester_ids:
            return {}
        found = self._requesters.find({"_id": {"$in": list(requester_ids)}}, session=self._session)
        return {row["_id"]: [Judged(**one) for one in row["judged"]] for row in found}
