"""GridFS bucket `kept`: files by owner and content.

A file that nothing uses yet says since when, by our own clock; what was kept before that was noted
counts as used.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import RequesterId
from gridfs import GridFSBucket, GridOut, NoFile
from gridfs.errors import FileExists
from pymongo import ASCENDING, IndexModel
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

_UNUSED = "metadata.unused_since"
INDEXES = {"kept.files": [IndexModel([(_UNUSED, ASCENDING)], name="unused", sparse=True)]}


class KeptFile:
    """A GridFS file behind `application.ports.StoredFile`."""

    def __init__(self, file: GridOut) -> None:
        self._file = file

    @property
    def media_type(self) -> str:
        return str((self._file.metadata or {}).get("media_type", "application/octet-stream"))

    @property
    def length(self) -> int:
        return int(self._file.length)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, pos: int, whence: int = 0) -> int:
        return self._file.seek(pos, whence)

    def tell(self) -> int:
        return self._file.tell()


class MongoFiles:
    """The owner is part of the id: a digest alone opens nothing of somebody else's."""

    def __init__(self, database: Database[dict[str, Any]], clock: Clock) -> None:
        self._bucket = GridFSBucket(database, bucket_name="kept")
        self._index = database["kept.files"]
        self._chunks = database["kept.chunks"]
        self._clock = clock

    def keep(self, requester_id: RequesterId, content: bytes, media_type: str) -> str:
        digest = hashlib.sha256(content).hexdigest()
        file_id = _file_id(requester_id, digest)
        now = self._clock.now()
        known = self._index.find_one({"_id": file_id}, {_UNUSED: 1})
        if known is None:
            about = {"media_type": media_type, "unused_since": now}
            # Where the same bytes come twice at once, either copy is the file.
            with suppress(FileExists, DuplicateKeyError):
                self._bucket.upload_from_stream_with_id(file_id, digest, content, metadata=about)
        elif known.get("metadata"):
            self._index.update_one(
                {"_id": file_id, _UNUSED: {"$exists": True}}, {"$set": {_UNUSED: now}}
            )
        return digest

    def use(self, requester_id: RequesterId, digests: Sequence[str]) -> None:
        ids = [_file_id(requester_id, digest) for digest in digests]
        self._index.update_many({"_id": {"$in": ids}}, {"$unset": {_UNUSED: ""}})

    def forget_unused(self, before: datetime, count_max: int) -> int:
        old = self._index.find({_UNUSED: {"$lt": before}}, {"_id": 1}).limit(count_max)
        return sum(self._forget(row["_id"], before) for row in list(old))

    def _forget(self, file_id: str, before: datetime) -> bool:
        # Its parts are listed before it goes: the same bytes may come again right after.
        parts = [row["_id"] for row in self._chunks.find({"files_id": file_id}, {"_id": 1})]
        old = {"_id": file_id, _UNUSED: {"$lt": before}}
        gone = self._index.delete_one(old).deleted_count == 1
        if gone:
            self._chunks.delete_many({"_id": {"$in": parts}})
        return gone

    def open(self, requester_id: RequesterId, digest: str) -> KeptFile | None:
        try:
            return KeptFile(self._bucket.open_download_stream(_file_id(requester_id, digest)))
        except NoFile:
            return None


def _file_id(requester_id: RequesterId, digest: str) -> str:
    return f"{requester_id}:{digest}"
