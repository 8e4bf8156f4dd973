"""GridFS bucket `kept`: files by owner and content.

A file that nothing uses yet says since when, by our own clock; what was kept before that was noted
counts as used.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import RequesterId
from gridfs import GridFSBucket, GridOut, NoFile
from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from task_service.application.source_ports import Keep

_UNUSED = "metadata.unused_since"
INDEXES = {
    "kept.files": [IndexModel([(_UNUSED, ASCENDING)], name="unused", sparse=True)],
    "kept.chunks": [
        # As GridFS itself would name it.
        IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], name="files_id_1_n_1", unique=True)
    ],
}
_CHUNK_BYTES = 255 * 1_024
# More ids in one condition take an embedded engine longer than several with fewer.
_TOGETHER_MAX = 100
_TOGETHER_BYTES_MAX = 8_000_000
_DUPLICATE = 11_000


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
        with self.keeping(requester_id) as keep:
            return keep(content, media_type)

    @contextmanager
    def keeping(self, requester_id: RequesterId) -> Iterator[Keep]:
        waiting: dict[str, tuple[bytes, str]] = {}

        def keep(content: bytes, media_type: str) -> str:
            digest = hashlib.sha256(content).hexdigest()
            waiting[digest] = (content, media_type)
            size = sum(len(one) for one, _ in waiting.values())
            if len(waiting) >= _TOGETHER_MAX or size >= _TOGETHER_BYTES_MAX:
                self._keep(requester_id, waiting)
                waiting.clear()
            return digest

        yield keep
        self._keep(requester_id, waiting)

    def _keep(self, requester_id: RequesterId, files: Mapping[str, tuple[bytes, str]]) -> None:
        """Not through GridFSBucket, which looks before each file whether there is any."""
        now = self._clock.now()
        named = {_file_id(requester_id, digest): digest for digest in files}
        about = {_UNUSED: 1, "metadata.media_type": 1}
        found = list(self._index.find({"_id": {"$in": list(named)}}, about))
        unused = [row["_id"] for row in found if "unused_since" in row.get("metadata", {})]
        if unused:
            # The condition again: something may have begun to use one meanwhile.
            still = {"_id": {"$in": unused}, _UNUSED: {"$exists": True}}
            self._index.update_many(still, {"$set": {_UNUSED: now}})
        fresh = {
            file_id: files[digest]
            for file_id, digest in named.items()
            if file_id not in {row["_id"] for row in found}
        }
        if fresh:
            self._write_chunks(fresh)
            _insert(
                self._index,
                (
                    {
                        "_id": file_id,
                        "filename": named[file_id],
                        "length": len(content),
                        "chunkSize": _CHUNK_BYTES,
                        "uploadDate": now,
                        "metadata": {"media_type": media_type, "unused_since": now},
                    }
                    for file_id, (content, media_type) in fresh.items()
                ),
            )

    def _write_chunks(self, files: Mapping[str, tuple[bytes, str]]) -> None:
        if not _insert(self._chunks, _chunks(files)):
            # Left by a call that was stopped, or about to be forgotten: neither can be relied on.
            self._chunks.delete_many({"files_id": {"$in": list(files)}})
            _insert(self._chunks, _chunks(files))

    def use(self, requester_id: RequesterId, digests: Sequence[str]) -> None:
        ids = [_file_id(requester_id, digest) for digest in digests]
        for at in range(0, len(ids), _TOGETHER_MAX):
            some = {"_id": {"$in": ids[at : at + _TOGETHER_MAX]}}
            self._index.update_many(some, {"$unset": {_UNUSED: ""}})

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


def _chunks(files: Mapping[str, tuple[bytes, str]]) -> Iterator[dict[str, Any]]:
    for file_id, (content, _) in files.items():
        for number, start in enumerate(range(0, len(content), _CHUNK_BYTES)):
            part = content[start : start + _CHUNK_BYTES]
            yield {"files_id": file_id, "n": number, "data": part}


def _insert(into: Collection[dict[str, Any]], documents: Iterable[dict[str, Any]]) -> bool:
    """False where some were there: where the same bytes come twice at once, either is the file."""
    try:
        into.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(one["code"] != _DUPLICATE for one in error.details["writeErrors"]):
            raise
        return False
    return True


def _file_id(requester_id: RequesterId, digest: str) -> str:
    return f"{requester_id}:{digest}"
