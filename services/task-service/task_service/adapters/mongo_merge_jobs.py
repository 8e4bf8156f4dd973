"""Collection `merge_jobs`: wholes that are merged by a job, the latest of each batch."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from task_service.application.merge_later import MergedFile, MergeJob, MergeState

INDEXES = {"merge_jobs": [IndexModel([("state", ASCENDING)], name="by_state")]}
_WAITING = str(MergeState.WAITING)
_FOUND_MAX = 20


class MongoMergeJobs:
    """{_id: batch, ..., taken_until: when somebody else may take it up}"""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._jobs = database["merge_jobs"]

    def ask(self, job: MergeJob) -> MergeJob:
        over = {"_id": job.batch_id, "state": {"$ne": _WAITING}}
        try:
            self._jobs.replace_one(over, _row(job), upsert=True)
        except DuplicateKeyError:  # one waits: it is there, and is not replaced
            return self.get(job.batch_id) or job
        return job

    def get(self, batch_id: BatchId) -> MergeJob | None:
        row = self._jobs.find_one({"_id": batch_id})
        return _job(row) if row else None

    def take(self, now: datetime, until: datetime) -> MergeJob | None:
        for row in self._jobs.find({"state": _WAITING}).limit(_FOUND_MAX):
            taken_until = row.get("taken_until")
            if taken_until is not None and taken_until > now:
                continue
            as_found = {"_id": row["_id"], "state": _WAITING, "tries": row["tries"]}
            change = {"$set": {"taken_until": until, "began_at": now}, "$inc": {"tries": 1}}
            if self._jobs.update_one(as_found, change).modified_count:
                return _job({**row, "tries": row["tries"] + 1, "began_at": now})
        return None

    def note(self, job: MergeJob, until: datetime) -> bool:
        row = _row(job)
        del row["_id"]
        # A try is told by when it began: another job of the batch counts its tries anew.
        ours = {"_id": job.batch_id, "tries": job.tries, "began_at": job.began_at}
        change = {"$set": {**row, "taken_until": until}}
        return self._jobs.update_one({**ours, "state": _WAITING}, change).matched_count == 1


def _row(job: MergeJob) -> dict[str, Any]:
    row = {**asdict(job), "state": str(job.state)}
    row["_id"] = row.pop("batch_id")
    return row


def _job(row: dict[str, Any]) -> MergeJob:
    kept = {name: value for name, value in row.items() if name not in ("_id", "taken_until")}
    kept["state"] = MergeState(row["state"])
    kept["file"] = MergedFile(**row["file"]) if row["file"] else None
    return MergeJob(batch_id=row["_id"], **kept)
