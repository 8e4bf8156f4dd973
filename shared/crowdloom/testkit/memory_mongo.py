"""A MongoDB of one thread in memory, for proofs that try thousands of interleavings.

The services' own adapters run on it unchanged: it stands where pymongo's client does. It has
transactions that roll back, unique and partial indexes, and the operators the services use; it has
no validators. Every operation is announced to `on_call`, which may raise: that is a crash there, a
write conflict, or a lost answer. Every commit is announced to `on_commit` with what it changed.

`shared/tests/test_memory_mongo.py` is the contract, which the real engine passes as well.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from pymongo.errors import ClientBulkWriteException, DuplicateKeyError, PyMongoError
from pymongo.results import ClientBulkWriteResult, UpdateResult

from crowdloom.testkit.memory_collection import Change, MemoryCollection
from crowdloom.testkit.memory_documents import Document

_TRIES_MAX = 5


class MemoryDatabase:
    def __init__(self, client: "MemoryClient", name: str) -> None:
        self.client = client
        self.name = name
        self._collections: dict[str, MemoryCollection] = {}

    def __getitem__(self, name: str) -> MemoryCollection:
        if name not in self._collections:
            self._collections[name] = MemoryCollection(self.client, name)
            self._collections[name].database = self
        return self._collections[name]

    def list_collection_names(self) -> list[str]:
        return list(self._collections)

    def create_collection(self, name: str, **_: Any) -> MemoryCollection:
        return self[name]

    def command(self, *_: Any, **__: Any) -> Document:
        """Validators are not kept here, and a ping is answered."""
        return {"ok": 1}


class MemorySession:
    """Where a conflict is announced the whole transaction is tried again, as pymongo does. Has no
    id: nothing of it outlives its process.
    """

    session_id = None

    def __init__(self, client: "MemoryClient") -> None:
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def with_transaction(self, work: Callable[["MemorySession"], Any], **_: Any) -> Any:
        for tries in range(1, _TRIES_MAX + 1):
            try:
                with self._client.writing(whole=True):
                    return work(self)
            except PyMongoError as error:
                conflict = error.has_error_label("TransientTransactionError")
                if not conflict or tries == _TRIES_MAX:
                    raise
        return None


class MemoryClient:
    """Stands where a MongoClient does. One thread."""

    def __init__(self) -> None:
        self._databases: dict[str, MemoryDatabase] = {}
        self.changes: list[Change] = []
        self._depth = 0
        self.on_call: Callable[[str], None] = lambda _what: None
        self.on_commit: Callable[[Sequence[Change]], None] = lambda _changes: None

    def __getitem__(self, name: str) -> MemoryDatabase:
        if name not in self._databases:
            self._databases[name] = MemoryDatabase(self, name)
        return self._databases[name]

    def get_database(self, name: str, **_: Any) -> MemoryDatabase:
        return self[name]

    @property
    def admin(self) -> MemoryDatabase:
        return self["admin"]

    def start_session(self, **_: Any) -> MemorySession:
        return MemorySession(self)

    def bulk_write(
        self, writes: Sequence[Any], *, verbose_results: bool = False, **_: Any
    ) -> ClientBulkWriteResult:
        """One write after the other; one that a unique index refuses is named as pymongo does."""
        updates: dict[int, UpdateResult] = {}
        for place, write in enumerate(writes):
            database, _, collection = write._namespace.partition(".")  # noqa: SLF001
            try:
                done = self[database][collection].bulk_write([write])
                updates.update((place, one) for one in done)
            except DuplicateKeyError as error:
                refusal = {"idx": place, "code": error.code, "errmsg": str(error)}
                raise ClientBulkWriteException({"writeErrors": [refusal]}, verbose=False) from error
        told = {
            "nMatched": sum(one.matched_count for one in updates.values()),
            "updateResults": updates,
        }
        return ClientBulkWriteResult(told, acknowledged=True, has_verbose_results=verbose_results)

    def close(self) -> None:
        """Nothing is held open."""

    def writing(self, *, whole: bool = False) -> "_Writing":
        return _Writing(self, whole=whole)


class _Writing:
    """A transaction, or one write beside any; inside a transaction a write is a part of it."""

    def __init__(self, client: MemoryClient, *, whole: bool) -> None:
        self._client = client
        self._whole = whole

    def __enter__(self) -> None:
        self._client._depth += 1  # noqa: SLF001 - one of a piece with the client

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        client = self._client
        client._depth -= 1  # noqa: SLF001
        if client._depth:  # noqa: SLF001
            return
        if kind is not None:
            self._take_back()
            return
        if self._whole:
            try:
                client.on_call("commit")
            except BaseException:
                self._take_back()
                raise
        done, client.changes = client.changes, []
        client.on_commit(done)
        if self._whole:
            client.on_call("committed")

    def _take_back(self) -> None:
        client = self._client
        for change in reversed(client.changes):
            change.place.restore(change.key, change.before)
        client.changes = []
