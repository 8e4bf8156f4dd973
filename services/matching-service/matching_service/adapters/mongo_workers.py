"""Collections `workers` (profiles, from worker-service's events) and `watermarks`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.chassis.bus import PARTITION_COUNT
from crowdloom.kernel.ids import WorkerId, least_id
from pymongo import DESCENDING, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.domain.requirements import (
    KNOWN_TOLD_EVERY,
    NEVER_JUDGED,
    NEWCOMER_ANSWERS,
    Holding,
    Judged,
    WorkerProfile,
    summed,
)

_LEARNT = ("qualifications", "answered", "judged", "scored", "stopped")


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

    def count_answers(self, worker_ids: Sequence[WorkerId]) -> list[bool]:
        found = self._workers.find(
            {"_id": {"$in": sorted(set(worker_ids))}}, {"answered": 1}, session=self._session
        )
        answered = Counter({row["_id"]: row.get("answered", 0) for row in found})
        more: Counter[WorkerId] = Counter()
        were_newcomers = []
        for worker_id in worker_ids:
            is_newcomer = answered[worker_id] + more[worker_id] < NEWCOMER_ANSWERS
            more[worker_id] += is_newcomer
            were_newcomers.append(is_newcomer)
        self._add({worker_id: {"answered": count} for worker_id, count in more.items() if count})
        return were_newcomers

    def judge(self, verdicts: Mapping[tuple[WorkerId, str], Judged]) -> None:
        changes: dict[WorkerId, dict[str, int]] = {}
        for (worker_id, task_type), judged in verdicts.items():
            change = changes.setdefault(worker_id, {})
            change[f"judged.{task_type}.accepted"] = judged.accepted
            change[f"judged.{task_type}.count"] = judged.count
        self._add(changes)

    def judge_by_known(self, verdicts: Sequence[tuple[WorkerId, str, Judged]]) -> None:
        names = sorted({worker_id for worker_id, _type, _judged in verdicts})
        kept = {worker_id: self._scored(worker_id) for worker_id in names}
        for worker_id, task_type, judged in verdicts:
            of_type = summed([kept[worker_id].get(task_type, NEVER_JUDGED), judged])
            if of_type.count >= KNOWN_TOLD_EVERY:
                self.judge({(worker_id, task_type): of_type})
                of_type = NEVER_JUDGED
            kept[worker_id][task_type] = of_type
        for worker_id, by_type in kept.items():
            scored = {"scored": {name: asdict(one) for name, one in by_type.items()}}
            self._workers.update_one(
                {"_id": worker_id}, {"$set": scored}, upsert=True, session=self._session
            )

    def _scored(self, worker_id: WorkerId) -> dict[str, Judged]:
        row = self._workers.find_one({"_id": worker_id}, {"scored": 1}, session=self._session)
        return {name: Judged(**one) for name, one in (row or {}).get("scored", {}).items()}

    def _add(self, changes: Mapping[WorkerId, Mapping[str, int]]) -> None:
        writes = [
            UpdateOne({"_id": worker_id}, {"$inc": change}, upsert=True)
            for worker_id, change in changes.items()
        ]
        if writes:
            self._workers.bulk_write(writes, ordered=False, session=self._session)

    def stop(self, worker_id: WorkerId, project: str, *, stopped: bool) -> None:
        change = {"$addToSet" if stopped else "$pull": {"stopped": project}}
        self._workers.update_one({"_id": worker_id}, change, upsert=True, session=self._session)

    def close(self, worker_id: WorkerId) -> None:
        self._workers.update_one(
            {"_id": worker_id},
            {"$set": {"languages": [], "closed": True}, "$unset": dict.fromkeys(_LEARNT, "")},
            upsert=True,
            session=self._session,
        )

    def get(self, worker_id: WorkerId) -> WorkerProfile:
        row = self._workers.find_one({"_id": worker_id}, session=self._session)
        return _profile(row) if row else WorkerProfile()

    def of_ids(self, worker_ids: Sequence[WorkerId]) -> Mapping[WorkerId, WorkerProfile]:
        wanted = {"_id": {"$in": list(worker_ids)}}
        rows = self._workers.find(wanted, session=self._session)
        return {row["_id"]: _profile(row) for row in rows}

    def registered(self, since: datetime, count_max: int) -> list[WorkerId]:
        # Worker ids sort by the moment of the registration.
        late = {"_id": {"$gte": least_id("worker", since)}}
        rows = self._workers.find(late, {"_id": 1}, session=self._session)
        return [row["_id"] for row in rows.sort("_id", DESCENDING).limit(count_max)]


def _profile(row: dict[str, Any]) -> WorkerProfile:
    if row.get("closed"):
        # Of work that was handed in before, something may still have been decided.
        return WorkerProfile(closed=True)
    return WorkerProfile(
        frozenset(row.get("languages", ())),
        holdings={one["code"]: _holding(one) for one in row.get("qualifications", ())},
        answered=row.get("answered", 0),
        judged={name: Judged(**one) for name, one in row.get("judged", {}).items()},
        stopped=frozenset(row.get("stopped", ())),
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
