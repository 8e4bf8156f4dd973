"""Collection `known_tallies`: how far each worker is in the schedule of a project's known items."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import WorkerId
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from matching_service.domain.known_items import Tally
from matching_service.domain.requirements import NEVER_JUDGED, Judged, summed

COLLECTION, RECORDS = "known_tallies", "known_records"


class MongoTallies:
    """{_id: "<project>:<worker>", given, known, short}, and in a collection of its own, since it
    is written when answers are heard of and not by claims, {_id, accepted, count}.
    """

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._tallies = database[COLLECTION]
        self._records = database[RECORDS]
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

    def score(self, project: str, worker_id: WorkerId, judged: Judged) -> Judged:
        name = {"_id": f"{project}:{worker_id}"}
        row = self._records.find_one(name, session=self._session)
        before = Judged(row["accepted"], row["count"]) if row else NEVER_JUDGED
        after = summed([before, judged])
        self._records.update_one(name, {"$set": asdict(after)}, upsert=True, session=self._session)
        return after
