"""Collection `known_tallies`: how far each worker is in the schedule of a project's known items."""

from typing import Any

from crowdloom.kernel.ids import WorkerId
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from matching_service.domain.known_items import Tally

COLLECTION = "known_tallies"


class MongoTallies:
    """{_id: "<project>:<worker>", given, known, short}"""

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._tallies = database[COLLECTION]
        self._session = session

    def get(self, project: str, worker_id: WorkerId) -> Tally:
        row = self._tallies.find_one({"_id": f"{project}:{worker_id}"}, session=self._session)
        return Tally(row["given"], row["known"], row["short"]) if row else Tally()

    def put(self, project: str, worker_id: WorkerId, tally: Tally, *, given: int) -> bool:
        name = f"{project}:{worker_id}"
        fields = {"given": tally.given, "known": tally.known, "short": tally.short}
        if not given:
            try:
                self._tallies.insert_one({"_id": name, **fields}, session=self._session)
            except DuplicateKeyError:
                return False
            return True
        changed = self._tallies.update_one(
            {"_id": name, "given": given}, {"$set": fields}, session=self._session
        )
        return changed.modified_count == 1
