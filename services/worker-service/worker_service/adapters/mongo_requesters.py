"""The newest decisions and rates of each requester in MongoDB: one document a requester."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId
from pymongo.client_session import ClientSession

from worker_service.domain.requesters import SAMPLES_MAX, History, Judged

REQUESTERS = "requesters"


class MongoRequesters:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._requesters = database[REQUESTERS]
        self._session = session

    def add(self, requester_id: RequesterId, judged: Sequence[Judged]) -> None:
        self._push(requester_id, "judged", [asdict(one) for one in judged])

    def add_hourly(self, requester_id: RequesterId, rates: Sequence[Money]) -> None:
        self._push(requester_id, "hourly", [rate.to_wire() for rate in rates])

    def many(self, requester_ids: Sequence[RequesterId]) -> Mapping[RequesterId, History]:
        if not requester_ids:
            return {}
        found = self._requesters.find({"_id": {"$in": list(requester_ids)}}, session=self._session)
        return {
            row["_id"]: History(
                judged=[Judged(**one) for one in row.get("judged", ())],
                hourly=[Money.from_wire(one) for one in row.get("hourly", ())],
            )
            for row in found
        }

    def _push(self, requester_id: RequesterId, name: str, values: Sequence[object]) -> None:
        newest = {"$each": list(values), "$slice": -SAMPLES_MAX}
        self._requesters.update_one(
            {"_id": requester_id}, {"$push": {name: newest}}, upsert=True, session=self._session
        )
