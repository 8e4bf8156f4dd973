"""Collections `uploads` and `upload_parts`; the engine forgets both a day later."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import RequesterId
from pymongo import ASCENDING, IndexModel
from pymongo.database import Database

from task_service.application.receive_uploads import PartialUpload

_FORGOTTEN_SECONDS = 2 * 86_400
INDEXES = {
    "uploads": [
        IndexModel([("requester_id", ASCENDING)], name="of_requester"),
        IndexModel(
            [("began_at", ASCENDING)], name="forgotten", expireAfterSeconds=_FORGOTTEN_SECONDS
        ),
    ],
    "upload_parts": [
        IndexModel([("upload_id", ASCENDING)], name="of_upload"),
        IndexModel(
            [("began_at", ASCENDING)], name="forgotten", expireAfterSeconds=_FORGOTTEN_SECONDS
        ),
    ],
}


class MongoUploads:
    """A part is kept under an id of its own, and belongs to the file once the upload names it: of
    two that came for one place, one counts.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._uploads = database["uploads"]
        self._parts = database["upload_parts"]

    def begin(self, upload: PartialUpload) -> None:
        row = asdict(upload)
        row["_id"] = row.pop("upload_id")
        self._uploads.insert_one(row)

    def get(self, upload_id: str) -> PartialUpload | None:
        row = self._uploads.find_one({"_id": upload_id}, {"parts": 0})
        return PartialUpload(upload_id=row.pop("_id"), **row) if row else None

    def unfinished_count(self, requester_id: RequesterId, since: datetime) -> int:
        unfinished = {"requester_id": requester_id, "digest": None, "began_at": {"$gt": since}}
        return self._uploads.count_documents(unfinished)

    def append(self, upload: PartialUpload, part: bytes) -> bool:
        kept = {"upload_id": upload.upload_id, "bytes": part, "began_at": upload.began_at}
        part_id = self._parts.insert_one(kept).inserted_id
        counted = self._uploads.update_one(
            {"_id": upload.upload_id, "received": upload.received},
            {"$set": {"received": upload.received + len(part)}, "$push": {"parts": part_id}},
        )
        return counted.modified_count == 1

    def content(self, upload: PartialUpload) -> bytes:
        row = self._uploads.find_one({"_id": upload.upload_id}, {"parts": 1}) or {}
        kept = {
            part["_id"]: part["bytes"] for part in self._parts.find({"upload_id": upload.upload_id})
        }
        return b"".join(kept[part_id] for part_id in row.get("parts", ()))

    def finish(self, upload_id: str, digest: str) -> None:
        self._uploads.update_one({"_id": upload_id}, {"$set": {"digest": digest}})
        self._parts.delete_many({"upload_id": upload_id})
