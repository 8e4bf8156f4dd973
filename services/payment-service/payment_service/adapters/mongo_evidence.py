"""GridFS bucket `evidence`: files by exception and content."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from crowdloom.chassis.store import MongoDatabase
from gridfs import GridFSBucket, NoFile
from gridfs.errors import FileExists
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from payment_service.domain.evidence import EvidenceFile

_BUCKET = "evidence"


class MongoEvidence:
    """The exception is part of the id: a digest alone opens nothing that is beside another one."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._index = database[f"{_BUCKET}.files"]

    @cached_property
    def _bucket(self) -> GridFSBucket:
        return GridFSBucket(self._database, bucket_name=_BUCKET)

    def keep(self, exception_id: str, file: EvidenceFile, content: bytes) -> None:
        key = _key(exception_id, file.file_id)
        if self._index.find_one({"_id": key}, {"_id": 1}) is not None:
            return
        # Where the same bytes come twice at once, either copy is the file.
        with suppress(FileExists, DuplicateKeyError):
            self._bucket.upload_from_stream_with_id(
                key, file.name, content, metadata={"media_type": file.media_type}
            )

    def of_exception(self, exception_id: str) -> Sequence[EvidenceFile]:
        # A semicolon follows the colon: all ids that begin with the exception's.
        ours = {"_id": {"$gte": f"{exception_id}:", "$lt": f"{exception_id};"}}
        return [_file(row) for row in self._index.find(ours).sort("uploadDate", ASCENDING)]

    def read(self, exception_id: str, file_id: str) -> tuple[EvidenceFile, bytes] | None:
        key = _key(exception_id, file_id)
        row = self._index.find_one({"_id": key})
        if row is None:
            return None
        try:
            return _file(row), self._bucket.open_download_stream(key).read()
        except NoFile:
            return None


def _key(exception_id: str, file_id: str) -> str:
    return f"{exception_id}:{file_id}"


def _file(row: Any) -> EvidenceFile:
    return EvidenceFile(
        file_id=str(row["_id"]).rpartition(":")[2],
        name=row["filename"],
        media_type=row["metadata"]["media_type"],
        length=int(row["length"]),
    )
