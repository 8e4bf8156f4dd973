"""Collection `tallies`: how many answers of a batch are in each state, kept by whoever changes one,
in the transaction of the change. Reading it costs the same however many answers there are.

A batch's tally is the sum of its parts: the answers that are counted once, when it is first asked
for, and several documents that changes add to. The transactions of a process take them in turn, so
that two that run at once seldom want the same one: the later of them would have to begin again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from itertools import cycle
from typing import Any

from crowdloom.kernel.ids import BatchId
from pymongo import IndexModel, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from task_service.domain.submissions import Submission, SubmissionStatus
from task_service.domain.tallies import Tally, tally_of

INDEXES: dict[str, list[IndexModel]] = {"tallies": []}
_PARTS = 32
_turns = cycle(range(_PARTS))
_FIRST = "first"
_NAMES = tuple(field.name for field in fields(Tally))
_SHOWN = [str(status) for status in SubmissionStatus if status is not SubmissionStatus.CLOSED]


class MongoTallies:
    """Within a transaction changes are held back until its end, to make one of many."""

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._database = database
        self._tallies = database["tallies"]
        self._submissions = database["submissions"]
        self._session = session
        self._part = next(_turns)
        self._changes: dict[str, Counter[str]] = defaultdict(Counter)

    def note(self, before: Submission | None, after: Submission) -> None:
        """`before`: as it was, None where it is new."""
        changes = self._changes[f"{after.batch_id}:{self._part}"]
        changes.update(vars(tally_of(after)))
        if before is not None:
            changes.subtract(vars(tally_of(before)))
        if self._session is None:
            self.write()

    def changes(self) -> list[UpdateOne]:
        """What is held back, to be written once, before the commit."""
        name, noted = self._tallies.full_name, sorted(self._changes.items())
        self._changes.clear()
        return [
            UpdateOne({"_id": part}, {"$inc": added}, upsert=True, namespace=name)
            for part, changes in noted
            if (added := {state: count for state, count in changes.items() if count})
        ]

    def write(self) -> None:
        """Before the tally is read in the same transaction."""
        if changes := self.changes():
            self._tallies.bulk_write(changes, session=self._session)

    def of(self, batch_id: BatchId) -> Tally:
        return self.of_many([batch_id])[batch_id]

    def of_many(self, batch_ids: list[BatchId]) -> dict[BatchId, Tally]:
        if not batch_ids:
            return {}
        self.write()
        parts = self._parts_of(batch_ids, self._session)
        return {
            batch_id: _sum(parts[batch_id].values())
            if _FIRST in parts[batch_id]
            else self._begin(batch_id)
            for batch_id in batch_ids
        }

    def _parts_of(
        self, batch_ids: list[BatchId], session: ClientSession | None
    ) -> dict[BatchId, dict[str, dict[str, Any]]]:
        """The documents by batch and part."""
        parts = [_FIRST, *map(str, range(_PARTS))]
        places = {f"{one}:{part}": (one, part) for one in batch_ids for part in parts}
        found: dict[BatchId, dict[str, dict[str, Any]]] = {one: {} for one in batch_ids}
        for row in self._tallies.find({"_id": {"$in": list(places)}}, session=session):
            batch_id, part = places[row["_id"]]
            found[batch_id][part] = row
        return found

    def _begin(self, batch_id: BatchId) -> Tally:
        """By counting all answers; from then on changes are enough."""
        if self._session is not None:
            return self._counted(batch_id, self._session)

        def in_transaction(session: ClientSession) -> Tally:
            counted = self._counted(batch_id, session)
            # What changes added until this moment is counted already.
            changed = vars(_sum(self._parts_of([batch_id], session)[batch_id].values()))
            first = {name: count - changed[name] for name, count in vars(counted).items()}
            self._tallies.insert_one({"_id": f"{batch_id}:{_FIRST}", **first}, session=session)
            return counted

        try:
            return self._at_one_moment(in_transaction)
        except PyMongoError:  # too many for a transaction, or somebody else began it meanwhile
            return self._counted(batch_id, None)

    def recounted_at(self, batch_ids: list[BatchId]) -> dict[BatchId, datetime | None]:
        names = {f"{one}:{_FIRST}": one for one in batch_ids}
        found = self._tallies.find({"_id": {"$in": list(names)}}, session=self._session)
        return {names[row["_id"]]: row.get("recounted_at") for row in found}

    def recount(self, batch_id: BatchId, now: datetime) -> Tally:
        def in_transaction(session: ClientSession) -> Tally:
            counted = vars(self._counted(batch_id, session))
            kept = vars(_sum(self._parts_of([batch_id], session)[batch_id].values()))
            missing = {name: count - kept[name] for name, count in counted.items()}
            # Whoever changes an answer adds to other parts: both are of one moment here.
            self._tallies.update_one(
                {"_id": f"{batch_id}:{_FIRST}"},
                {"$inc": missing, "$set": {"recounted_at": now}},
                session=session,
            )
            return Tally(**missing)

        return self._at_one_moment(in_transaction)

    def _at_one_moment(self, work: Callable[[ClientSession], Tally]) -> Tally:
        with self._database.client.start_session() as session:
            return session.with_transaction(
                work,
                read_concern=ReadConcern("snapshot"),
                write_concern=WriteConcern("majority"),
            )

    def _counted(self, batch_id: BatchId, session: ClientSession | None) -> Tally:
        grouped: list[dict[str, Any]] = [
            {"$match": {"batch_id": batch_id, "status": {"$in": _SHOWN}}},
            {
                "$group": {
                    "_id": {"status": "$status", "reopened": "$slot_reopened"},
                    "count": {"$sum": 1},
                }
            },
        ]
        counts: Counter[str] = Counter()
        for row in self._submissions.aggregate(grouped, session=session):
            state = row["_id"]
            one = Tally.of_state(SubmissionStatus(state["status"]), bool(state.get("reopened")))
            counts.update({name: count * row["count"] for name, count in vars(one).items()})
        return Tally(**counts)


def _sum(rows: Any) -> Tally:
    kept = list(rows)
    return Tally(**{name: sum(row.get(name, 0) for row in kept) for name in _NAMES})
