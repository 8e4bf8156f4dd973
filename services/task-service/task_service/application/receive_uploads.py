"""Files that come in parts: what has arrived stays, and a dropped connection goes on from there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import Conflict, InvalidInput, NotFound
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.limits import TABLE_BYTES_MAX

from task_service.application.look_at_upload import LookAtUpload
from task_service.application.split_source import Upload

PART_BYTES_MAX = 4_000_000
UNFINISHED_MAX = 10
LIFETIME = timedelta(days=1)


class PartOutOfPlace(Conflict):
    """`facts["received"]` says from where to go on."""

    code = "part_out_of_place"


@dataclass(frozen=True)
class PartialUpload:
    """`received` of `size` bytes have come. It is forgotten a day after it began. `digest` names
    the whole once it is kept.
    """

    upload_id: str
    requester_id: RequesterId
    name: str
    media_type: str
    size: int
    received: int
    began_at: datetime
    digest: str | None = None


class PartialUploads(Protocol):
    """All blocking; idempotent but for `begin`."""

    def begin(self, upload: PartialUpload) -> None: ...

    def get(self, upload_id: str) -> PartialUpload | None: ...

    def unfinished_count(self, requester_id: RequesterId, since: datetime) -> int: ...

    def append(self, upload: PartialUpload, part: bytes) -> bool:
        """Keep the part and count it, together; False where other bytes came there first."""
        ...

    def content(self, upload: PartialUpload) -> bytes: ...

    def finish(self, upload_id: str, digest: str) -> None:
        """Note where the whole is kept, and forget the parts."""
        ...


class ReceiveUploads:
    def __init__(
        self, *, uploads: PartialUploads, look: LookAtUpload, clock: Clock, ids: IdFactory
    ) -> None:
        self._uploads = uploads
        self._look = look
        self._clock = clock
        self._ids = ids

    def begin(
        self, requester_id: RequesterId, *, name: str, size: int, media_type: str
    ) -> PartialUpload:
        """Raises InvalidInput, Conflict where too many are under way."""
        if not 0 < size <= TABLE_BYTES_MAX:
            limit = f"A file has 1 byte to {TABLE_BYTES_MAX // 1_000_000} MB"
            raise InvalidInput(limit, errors={"size": [f"{limit}."]})
        now = self._clock.now()
        if self._uploads.unfinished_count(requester_id, now - LIFETIME) >= UNFINISHED_MAX:
            raise Conflict(
                "%(unfinished_max)s uploads are under way; finish one, or wait a day",
                unfinished_max=UNFINISHED_MAX,
            )
        upload = PartialUpload(
            self._ids.new("upload"), requester_id, name, media_type, size, 0, now
        )
        self._uploads.begin(upload)
        return upload

    def get(self, requester_id: RequesterId, upload_id: str) -> PartialUpload:
        """Raises NotFound, for somebody else's and a forgotten one as well."""
        found = self._uploads.get(upload_id)
        if (
            found is None
            or found.requester_id != requester_id
            or self._clock.now() - found.began_at > LIFETIME
        ):
            raise NotFound("There is no such upload; begin it anew", upload_id=upload_id)
        return found

    def append(
        self, requester_id: RequesterId, upload_id: str, *, offset: int, part: bytes
    ) -> PartialUpload:
        """Add the bytes at `offset`; the last part makes the file whole. A part that is there
        already changes nothing. Raises NotFound, PartOutOfPlace, InvalidInput, FaultyRows where the
        whole cannot be used.
        """
        upload = self.get(requester_id, upload_id)
        if upload.digest is not None or offset + len(part) <= upload.received:
            return upload
        if len(part) > PART_BYTES_MAX or offset + len(part) > upload.size:
            sentence = f"A part has at most {PART_BYTES_MAX:,} bytes, and ends within the file"
            raise InvalidInput(sentence, errors={"part": [f"{sentence}."]})
        if offset != upload.received or not self._uploads.append(upload, part):
            now = self.get(requester_id, upload_id).received
            raise PartOutOfPlace("Go on from byte %(received)s", received=now)
        grown = self.get(requester_id, upload_id)
        return self._whole(grown) if grown.received == grown.size else grown

    def _whole(self, upload: PartialUpload) -> PartialUpload:
        whole = Upload(upload.name, self._uploads.content(upload), upload.media_type)
        digest = self._look.keep(upload.requester_id, whole)
        self._uploads.finish(upload.upload_id, digest)
        return self.get(upload.requester_id, upload.upload_id)
