"""Collections `workers` (profiles, from worker-service's events) and `watermarks`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.chassis.bus import PARTITION_COUNT
from crowdloom.kernel.ids import WorkerId
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.domain.requirements import Holding, WorkerProfile


class MongoWorkers:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._workers = database["workers"]
        self._session = session

    def put(self, worker_id: WorkerId, profile: WorkerProfile) -> None:
        self._workers.update_one(
            {"_id": worker_id},
            {"$set": {"languages": sorted(profile.languages)}},
            upsert=True,
            session=self._session,
        )

    def learn(self, worker_id: WorkerId, qualification: str, holding: Holding) -> None:
        row = self._workers.find_one({"_id": worker_id}, session=self._session) or {}
        known = {one["code"]: one for one in row.get("qualifications", ())}
        if qualification in known and known[qualification]["told_at"] > holding.told_at:
            return
        known[qualification] = {"code": qualification, **asdict(holding)}
        self._workers.update_one(
            {"_id": worker_id},
            {"$set": {"qualifications": [known[code] for code in sorted(known)]}},
            upsert=True,
            session=self._session,
        )

    def close(self, worker_id: WorkerId) -> None:
        self._workers.update_one(
            {"_id": worker_id},
            {"$set": {"languages": [], "closed": True}},
            upsert=True,
            session=self._session,
        )

    def get(self, worker_id: WorkerId) -> WorkerProfile:
        row = self._workers.find_one({"_id": worker_id}, session=self._session)
        if row is None:
            return WorkerProfile()
        return WorkerProfile(
            frozenset(row.get("languages", ())),
            closed=row.get("closed", False),
            holdings={one["code"]: _holding(one) for one in row.get("qualifications", ())},
        )


def _holding(row: dict[str, Any]) -> Holding:
    return Holding(row["held"], row["told_at"], row.get("score"), row.get("expires_at"))


class MongoWatermarks:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._watermarks = database["watermarks"]
        self._session = session

    def advance(self, partition: int, as_of: datetime) -> None:
        self._watermarks.update_one(
            {"_id": partition}, {"$max": {"as_of": as_of}}, upsert=True, session=self._session
        )

    def lowest(self) -> datetime | None:
        known: list[datetime] = [
            row["as_of"] for row in self._watermarks.find(session=self._session)
        ]
        return min(known) if len(known) == PARTITION_COUNT else None
