"""GridFS bucket `kept`: files by owner and content."""

import hashlib
from contextlib import suppress
from typing import Any

from crowdloom.kernel.ids import RequesterId
from gridfs import GridFSBucket, GridOut, NoFile
from gridfs.errors import FileExists
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError


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

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._bucket = GridFSBucket(database, bucket_name="kept")
        self._index = database["kept.files"]

    def keep(self, requester_id: RequesterId, content: bytes, media_type: str) -> str:
        digest = hashlib.sha256(content).hexdigest()
        file_id = _file_id(requester_id, digest)
        if self._index.find_one({"_id": file_id}, {"_id": 1}) is None:
            # Where the same bytes come twice at once, either copy is the file.
            with suppress(FileExists, DuplicateKeyError):
                self._bucket.upload_from_stream_with_id(
                    file_id, digest, content, metadata={"media_type": media_type}
                )
        return digest

    def open(self, requester_id: RequesterId, digest: str) -> KeptFile | None:
        try:
            return KeptFile(self._bucket.open_download_stream(_file_id(requester_id, digest)))
        except NoFile:
            return None


def _file_id(requester_id: RequesterId, digest: str) -> str:
    return f"{requester_id}:{digest}"
