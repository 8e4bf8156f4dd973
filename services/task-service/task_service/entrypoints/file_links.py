"""Addresses of kept files for the task's frame: signed, for a while, and good for one file.

A sandboxed frame has an opaque origin and sends no cookies with what it loads, so the address
itself is the permission (decision 17).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId
from itsdangerous import BadSignature, URLSafeSerializer

from task_service.application.split_source import FILE_CELL

PREFIX = "/frame/files"
PREVIEW_LIFETIME = timedelta(hours=1)
_CELL = re.compile(rf"{FILE_CELL}([0-9a-f]{{64}})")


class FileLinks:
    def __init__(self, key: str, clock: Clock) -> None:
        self._serializer = URLSafeSerializer(key, salt="file-links")
        self._clock = clock

    def linked(
        self, inputs: Mapping[str, str], owner: RequesterId, *, until: datetime | None = None
    ) -> dict[str, str]:
        """The inputs with an address in place of every cell that stands for a kept file."""
        end = until or self._clock.now() + PREVIEW_LIFETIME
        return {
            name: self._address(owner, found[1], end) if (found := _CELL.fullmatch(cell)) else cell
            for name, cell in inputs.items()
        }

    def read(self, token: str) -> tuple[RequesterId, str]:
        """(owner, digest). Raises NotFound for what was not made here, or is too old."""
        try:
            owner, digest, end = self._serializer.loads(token)
        except BadSignature:
            raise NotFound("There is no such file") from None
        if end < self._clock.now().timestamp():
            raise NotFound("The address has run out: open the item again")
        return RequesterId(owner), digest

    def _address(self, owner: RequesterId, digest: str, end: datetime) -> str:
        token = self._serializer.dumps([owner, digest, int(end.timestamp())])
        return f"{PREFIX}/{token if isinstance(token, str) else token.decode()}"
