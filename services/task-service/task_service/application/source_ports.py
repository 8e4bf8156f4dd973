"""Wholes that are split into pieces, and the files they and their pieces are, as contracts."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crowdloom.kernel.ids import RequesterId

from task_service.domain.splitting.pieces import Merged, PieceAnswers, Split, Wish


@dataclass(frozen=True)
class Source:
    """The whole that a table's rows are pieces of. `digest` is that of the uploaded file, `recipe`
    that of what its merger needs to know.
    """

    table_id: str
    requester_id: RequesterId
    name: str
    wish: Wish
    digest: str
    recipe: str
    file_columns: tuple[str, ...] = ()


class Sources(Protocol):
    def add(self, source: Source) -> None: ...

    def get(self, table_id: str) -> Source | None: ...

    def forget(self, table_id: str) -> None: ...


class StoredFile(Protocol):
    """A kept file, to be read from its beginning or from any place."""

    @property
    def media_type(self) -> str: ...
    @property
    def length(self) -> int: ...

    def read(self, size: int = -1) -> bytes: ...

    def seek(self, pos: int, whence: int = 0) -> int: ...

    def tell(self) -> int: ...


Keep = Callable[[bytes, str], str]
"""(content, media type) -> the digest, or the cell, that stands for the kept file."""


class Files(Protocol):
    """Files by their content: the same bytes of the same requester are kept once."""

    def keep(self, requester_id: RequesterId, content: bytes, media_type: str) -> str:
        """Returns the digest under which `open` finds it. Idempotent. It is unused from now on,
        unless it was used before.
        """
        ...

    def keeping(self, requester_id: RequesterId) -> AbstractContextManager[Keep]:
        """The same for many files: they are there when the block has ended without an error."""
        ...

    def use(self, requester_id: RequesterId, digests: Sequence[str]) -> None:
        """Keep them for good: a draft's tasks are made of them. Idempotent."""
        ...

    def forget_unused(self, before: datetime, count_max: int) -> int:
        """Forget files that are unused since before that instant; returns how many."""
        ...

    def open(self, requester_id: RequesterId, digest: str) -> StoredFile | None:
        """None as well for a file of somebody else's."""
        ...


class Splitter(Protocol):
    """One kind of splitting. Deterministic; no side effect but `keep`."""

    def is_long(self, content: bytes, wish: Wish) -> bool:
        """Whether it may take more than some seconds. Told without doing it. Raises FaultyRows."""
        ...

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:
        """Raises FaultyRows with the place, the reason and what to do."""
        ...

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged: ...
