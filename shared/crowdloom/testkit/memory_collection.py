"""A collection of the database in memory: documents, unique rules, and look-ups by hash."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from bson import ObjectId
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from crowdloom.testkit.memory_documents import (
    MISSING,
    Document,
    aggregated,
    born_of,
    copied,
    is_operators,
    matches,
    projected,
    sorted_by,
    updated,
    values_at,
)


@dataclass(frozen=True)
class Change:
    """One document as it was and as it is; None where it was or is not there. Not to be changed."""

    collection: str
    key: Any
    before: Document | None
    after: Document | None
    place: "MemoryCollection"


class Client(Protocol):
    """What a collection is part of."""

    changes: list["Change"]
    on_call: Callable[[str], None]

    def writing(self) -> Any:
        """A block whose writes are kept or taken back together."""
        ...


class MemoryCursor:
    def __init__(
        self, rows: Callable[[], Iterable[Document]], projection: Mapping[str, Any] | None
    ) -> None:
        self._rows = rows
        self._projection = projection
        self._order: list[tuple[str, int]] = []
        self._limit = self._skip = 0

    def sort(self, key: "str | Sequence[tuple[str, int]]", direction: int = 1) -> Self:
        self._order = [(key, direction)] if isinstance(key, str) else list(key)
        return self

    def limit(self, count: int) -> Self:
        self._limit = count
        return self

    def skip(self, count: int) -> Self:
        self._skip = count
        return self

    def batch_size(self, _count: int) -> Self:
        return self

    def hint(self, _index: Any) -> Self:
        return self

    def close(self) -> None:
        """Nothing is held open."""

    def __iter__(self) -> Iterator[Document]:
        rows = list(self._rows())
        if self._order:
            rows = sorted_by(rows, self._order)
        end = self._skip + self._limit if self._limit else None
        return (projected(row, self._projection) for row in rows[self._skip : end])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class _Unique:
    fields: tuple[str, ...]
    where: Mapping[str, Any]
    sparse: bool


class MemoryCollection:
    def __init__(self, client: "Client", name: str) -> None:
        self._client = client
        self.name = name
        # The one it is in, as pymongo's collections tell it.
        self.database: Any = None
        self._documents: dict[Any, Document] = {}
        self._unique: list[_Unique] = []
        self._by: dict[str, dict[Any, dict[Any, None]]] = {}

    @property
    def full_name(self) -> str:
        return f"{self.database.name}.{self.name}"

    def create_indexes(self, models: Iterable[Any]) -> None:
        for model in models:
            described = model.document
            fields = tuple(described["key"])
            if described.get("unique"):
                where = described.get("partialFilterExpression", {})
                self._unique.append(_Unique(fields, where, bool(described.get("sparse"))))
            if fields[0] not in self._by and fields[0] != "_id":
                self._by[fields[0]] = {}
                for key, document in self._documents.items():
                    self._index(key, document)

    def create_index(self, *_: Any, **__: Any) -> None:
        """Only speed."""

    def drop_index(self, *_: Any, **__: Any) -> None:
        """Only speed."""

    def with_options(self, **_: Any) -> Self:
        return self

    def find(
        self,
        query: Mapping[str, Any] | None = None,
        projection: Mapping[str, Any] | None = None,
        *,
        session: Any = None,
        **_: Any,
    ) -> MemoryCursor:
        del session
        self._announce("find")
        return MemoryCursor(lambda: self._found(query or {}), projection)

    def find_one(
        self,
        query: Any = None,
        projection: Mapping[str, Any] | None = None,
        *,
        sort: Sequence[tuple[str, int]] = (),
        session: Any = None,
    ) -> Document | None:
        query = query if isinstance(query, Mapping) or query is None else {"_id": query}
        cursor = self.find(query, projection, session=session)
        return next(iter(cursor.sort(sort).limit(1)), None)

    def count_documents(self, query: Mapping[str, Any], **_: Any) -> int:
        self._announce("count")
        return sum(1 for _each in self._found(query))

    def estimated_document_count(self) -> int:
        return len(self._documents)

    def distinct(self, path: str, query: Mapping[str, Any] | None = None, **_: Any) -> list[Any]:
        self._announce("distinct")
        found = (value for row in self._found(query or {}) for value in values_at(row, path))
        return list(dict.fromkeys(v for v in found if v is not MISSING))

    def aggregate(self, stages: Sequence[Mapping[str, Any]], **_: Any) -> Iterator[Document]:
        self._announce("aggregate")
        return iter(copied(aggregated(iter(self._documents.values()), list(stages))))

    def insert_one(self, document: Document, **_: Any) -> InsertOneResult:
        self._announce("insert")
        with self._client.writing():
            document.setdefault("_id", ObjectId())
            self._put(document["_id"], copied(document), new=True)
        return InsertOneResult(document["_id"], acknowledged=True)

    def insert_many(self, documents: Iterable[Document], **_: Any) -> InsertManyResult:
        self._announce("insert")
        keys = []
        with self._client.writing():
            for document in documents:
                document.setdefault("_id", ObjectId())
                self._put(document["_id"], copied(document), new=True)
                keys.append(document["_id"])
        return InsertManyResult(keys, acknowledged=True)

    def update_one(
        self, query: Mapping[str, Any], change: Any, *, upsert: bool = False, **_: Any
    ) -> UpdateResult:
        return self._update(query, change, upsert=upsert, count_max=1)

    def update_many(
        self, query: Mapping[str, Any], change: Any, *, upsert: bool = False, **_: Any
    ) -> UpdateResult:
        return self._update(query, change, upsert=upsert, count_max=None)

    def replace_one(
        self, query: Mapping[str, Any], document: Document, *, upsert: bool = False, **_: Any
    ) -> UpdateResult:
        self._announce("replace")
        with self._client.writing():
            for row in self._found(query):
                self._put(row["_id"], {"_id": row["_id"], **copied(document)})
                return _result(matched=1, modified=1)
            if not upsert:
                return _result()
            made = {**born_of(query), **copied(document)}
            key = made.setdefault("_id", ObjectId())
            self._put(key, made, new=True)
            return _result(upserted=key)

    def find_one_and_update(
        self,
        query: Mapping[str, Any],
        change: Any,
        *,
        upsert: bool = False,
        return_document: bool = False,
        sort: Sequence[tuple[str, int]] = (),
        projection: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> Document | None:
        found = self.find_one(query, sort=sort)
        if found is None and not upsert:
            return None
        named = {"_id": found["_id"]} if found else query
        done = self._update(named, change, upsert=upsert, count_max=1)
        key = found["_id"] if found else done.upserted_id
        made = self._documents[key] if return_document else found
        return None if made is None else projected(made, projection)

    def delete_one(self, query: Mapping[str, Any], **_: Any) -> DeleteResult:
        return self._delete(query, count_max=1)

    def delete_many(self, query: Mapping[str, Any], **_: Any) -> DeleteResult:
        return self._delete(query, count_max=None)

    def bulk_write(self, writes: Iterable[Any], **_: Any) -> list[UpdateResult]:
        """Returns what became of the updates."""
        found = []
        for write in writes:
            if isinstance(write, UpdateOne | UpdateMany):
                many = isinstance(write, UpdateMany)
                done = self._update(
                    write._filter,  # noqa: SLF001 - pymongo shows it nowhere else
                    write._doc,  # noqa: SLF001
                    upsert=bool(write._upsert),  # noqa: SLF001
                    count_max=None if many else 1,
                )
                found.append(done)
            elif isinstance(write, ReplaceOne):
                self.replace_one(write._filter, dict(write._doc), upsert=bool(write._upsert))  # noqa: SLF001
            elif isinstance(write, InsertOne):
                self.insert_one(dict(write._doc))  # noqa: SLF001
            elif isinstance(write, DeleteOne):
                self.delete_one(write._filter)  # noqa: SLF001
            else:
                raise NotImplementedError(type(write).__name__)
        return found

    def _update(
        self, query: Mapping[str, Any], change: Any, *, upsert: bool, count_max: int | None
    ) -> UpdateResult:
        self._announce("update")
        matched = modified = 0
        with self._client.writing():
            for row in list(self._found(query))[:count_max]:
                made = updated(row, change, inserting=False)
                matched += 1
                if made != row:
                    modified += 1
                    self._put(row["_id"], made)
            if matched or not upsert:
                return _result(matched=matched, modified=modified)
            made = updated(born_of(query), change, inserting=True)
            key = made.setdefault("_id", ObjectId())
            self._put(key, made, new=True)
            return _result(upserted=key)

    def _delete(self, query: Mapping[str, Any], *, count_max: int | None) -> DeleteResult:
        self._announce("delete")
        with self._client.writing():
            gone = [row["_id"] for row in self._found(query)][:count_max]
            for key in gone:
                self._put(key, None)
        return DeleteResult({"n": len(gone)}, acknowledged=True)

    def _found(self, query: Mapping[str, Any]) -> Iterator[Document]:
        for key in self._candidates(query):
            document = self._documents.get(key)
            if document is not None and matches(document, query):
                yield document

    def _candidates(self, query: Mapping[str, Any]) -> Sequence[Any]:
        """The fewest keys among which everything that matches is."""
        best: Sequence[Any] | None = None
        for path, condition in query.items():
            wanted = _wanted(condition)
            if wanted is None or (path != "_id" and path not in self._by):
                continue
            keys = wanted if path == "_id" else self._keys(path, wanted)
            if best is None or len(keys) < len(best):
                best = keys
        return list(self._documents) if best is None else best

    def _keys(self, path: str, wanted: Sequence[Any]) -> list[Any]:
        held = self._by[path]
        return list(dict.fromkeys(key for value in wanted for key in held.get(value, ())))

    def _put(self, key: Any, document: Document | None, *, new: bool = False) -> None:
        before = self._documents.get(key)
        if new and before is not None:
            raise DuplicateKeyError(f"E11000 duplicate key {self.name} _id {key!r}", 11000)
        if document is not None:
            self._check_unique(key, document)
        self._client.changes.append(Change(self.name, key, before, document, self))
        self.restore(key, document)

    def restore(self, key: Any, document: Document | None) -> None:
        """Set one document as it is, unannounced: to take back, or to break, what is there."""
        before = self._documents.get(key)
        if before is not None:
            self._unindex(key, before)
        if document is None:
            self._documents.pop(key, None)
        else:
            self._documents[key] = document
            self._index(key, document)

    def _check_unique(self, key: Any, document: Document) -> None:
        for rule in self._unique:
            values = [next(values_at(document, path)) for path in rule.fields]
            if (rule.sparse and values[0] is MISSING) or not matches(document, rule.where):
                continue
            named = {
                path: None if value is MISSING else value
                for path, value in zip(rule.fields, values, strict=True)
            }
            for other in self._found({**named, **rule.where}):
                if other["_id"] != key:
                    raise DuplicateKeyError(f"E11000 duplicate key {self.name} {named}", 11000)

    def _index(self, key: Any, document: Document) -> None:
        for path, held in self._by.items():
            for value in _hashable(document, path):
                held.setdefault(value, {})[key] = None

    def _unindex(self, key: Any, document: Document) -> None:
        for path, held in self._by.items():
            for value in _hashable(document, path):
                held.get(value, {}).pop(key, None)

    def _announce(self, what: str) -> None:
        self._client.on_call(f"{self.name}.{what}")


def _wanted(condition: Any) -> Sequence[Any] | None:
    """The values that a condition allows; None where it cannot be said, or not looked up."""
    if is_operators(condition):
        if "$in" not in condition:
            return None
        values = list(condition["$in"])
    else:
        values = [condition]
    return values if all(value.__hash__ is not None for value in values) else None


def _hashable(document: Document, path: str) -> Iterator[Any]:
    for value in values_at(document, path):
        found = None if value is MISSING else value
        if found.__hash__ is not None:
            yield found


def _result(*, matched: int = 0, modified: int = 0, upserted: Any = None) -> UpdateResult:
    raw: dict[str, Any] = {"n": matched, "nModified": modified}
    if upserted is not None:
        raw = {"n": 1, "nModified": 0, "upserted": upserted}
    return UpdateResult(raw, acknowledged=True)
