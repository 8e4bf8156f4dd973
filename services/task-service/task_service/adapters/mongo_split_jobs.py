"""Collection `split_jobs`: wholes that are split by a job, the latest of each batch."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, IndexModel
from pymongo.database import Database

from task_service.application.split_later import SplitJob, SplitState
from task_service.domain.splitting.pieces import Wish

INDEXES = {"split_jobs": [IndexModel([("state", ASCENDING)], name="by_state")]}
_FOUND_MAX = 20


class MongoSplitJobs:
    """{_id: batch, ..., taken_until: when somebody else may take it up}"""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._jobs = database["split_jobs"]

    def put(self, job: SplitJob) -> None:
        self._jobs.replace_one({"_id": job.batch_id}, _row(job), upsert=True)

    def get(self, batch_id: BatchId) -> SplitJob | None:
        row = self._jobs.find_one({"_id": batch_id})
        return _job(row) if row else None

    def take(self, now: datetime, until: datetime) -> SplitJob | None:
        for row in self._jobs.find({"state": str(SplitState.WAITING)}).limit(_FOUND_MAX):
            taken_until = row.get("taken_until")
            if taken_until is not None and taken_until > now:
                continue
            as_found = {**_same(_job(row)), "taken_until": taken_until}
            change = {"$set": {"taken_until": until}, "$inc": {"tries": 1}}
            if self._jobs.update_one(as_found, change).modified_count:
                return _job({**row, "tries": row["tries"] + 1})
        return None

    def note(self, job: SplitJob, until: datetime) -> bool:
        how = {name: _row(job)[name] for name in ("state", "made", "faults")}
        change = {"$set": {**how, "taken_until": until}}
        return self._jobs.update_one({**_same(job), "tries": job.tries}, change).matched_count == 1


def _same(job: SplitJob) -> dict[str, Any]:
    return {"_id": job.batch_id, "asked_at": job.asked_at, "digest": job.digest}


def _row(job: SplitJob) -> dict[str, Any]:
    row = {**asdict(job), "state": str(job.state), "faults": [dict(one) for one in job.faults]}
    row["_id"] = row.pop("batch_id")
    return row


def _job(row: dict[str, Any]) -> SplitJob:
    kept = {name: value for name, value in row.items() if name not in ("_id", "taken_until")}
    kept["wish"] = Wish(**row["wish"])
    kept["state"] = SplitState(row["state"])
    kept["faults"] = tuple(row["faults"])
    return SplitJob(batch_id=row["_id"], **kept)
