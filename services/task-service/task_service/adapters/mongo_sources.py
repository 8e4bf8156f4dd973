"""Collection `sources`: the wholes that tables' rows are pieces of, one a table."""

from typing import Any

from pymongo import IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.application.source_ports import Source
from task_service.domain.splitting.pieces import Wish

INDEXES: dict[str, list[IndexModel]] = {"sources": []}


class MongoSources:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._sources = database["sources"]
        self._session = session

    def add(self, source: Source) -> None:
        wish = source.wish
        row = {
            "_id": source.table_id,
            "requester_id": source.requester_id,
            "name": source.name,
            "wish": {
                "kind": wish.kind,
                "size": wish.size,
                "overlap": wish.overlap,
                "language": wish.language,
                "encoding": wish.encoding,
                "delimiter": wish.delimiter,
            },
            "digest": source.digest,
            "recipe": source.recipe,
            "file_columns": list(source.file_columns),
        }
        self._sources.insert_one(row, session=self._session)

    def get(self, table_id: str) -> Source | None:
        row = self._sources.find_one({"_id": table_id}, session=self._session)
        if row is None:
            return None
        return Source(
            table_id=row["_id"],
            requester_id=row["requester_id"],
            name=row["name"],
            wish=Wish(**row["wish"]),
            digest=row["digest"],
            recipe=row["recipe"],
            file_columns=tuple(row["file_columns"]),
        )

    def forget(self, table_id: str) -> None:
        self._sources.delete_one({"_id": table_id}, session=self._session)
