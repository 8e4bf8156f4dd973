"""Collections `policy`, `policy_changes`, `decisions` and `unmet_asks`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from matching_service.application.ports import (
    Decision,
    Option,
    PolicyChange,
    PolicySetting,
    UnmetAsk,
)
from matching_service.domain.policy import Parts, Policy

_KEPT_SECONDS = 3 * 86_400
INDEXES = {
    "policy": [],
    "policy_changes": [],
    "decisions": [
        IndexModel([("decided_at", ASCENDING)], name="forgotten", expireAfterSeconds=_KEPT_SECONDS)
    ],
    "unmet_asks": [
        IndexModel([("asked_at", ASCENDING)], name="forgotten", expireAfterSeconds=_KEPT_SECONDS)
    ],
}
_CURRENT = "current"


class MongoPolicies:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._policy = database["policy"]
        self._changes = database["policy_changes"]
        self._session = session

    def current(self) -> PolicySetting:
        row = self._policy.find_one({"_id": _CURRENT}, session=self._session)
        return PolicySetting(Policy(**row["weights"]), row["version"]) if row else _default()

    def put(self, policy: Policy, *, version: int) -> bool:
        weights = {"weights": asdict(policy)}
        if version == 0:
            first = {"_id": _CURRENT, "version": 1, **weights}
            try:
                self._policy.insert_one(first, session=self._session)
            except DuplicateKeyError:
                return False
            return True
        changed = self._policy.update_one(
            {"_id": _CURRENT, "version": version},
            {"$set": weights, "$inc": {"version": 1}},
            session=self._session,
        )
        return changed.modified_count == 1

    def add_change(self, change: PolicyChange) -> None:
        row = asdict(change)
        row["_id"] = row.pop("change_id")
        self._changes.insert_one(row, session=self._session)

    def changes(self, count_max: int) -> list[PolicyChange]:
        found = self._changes.find(session=self._session).sort("_id", DESCENDING).limit(count_max)
        return [
            PolicyChange(
                change_id=row["_id"],
                changed_at=row["changed_at"],
                changed_by=row["changed_by"],
                before=Policy(**row["before"]),
                after=Policy(**row["after"]),
                reason=row["reason"],
            )
            for row in found
        ]


class MongoAsks:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._decisions = database["decisions"]
        self._unmet = database["unmet_asks"]
        self._session = session

    def put_decision(self, decision: Decision) -> None:
        options = [{"batch_id": one.batch_id, **asdict(one.parts)} for one in decision.options]
        row = {"_id": decision.decision_id, "decided_at": decision.decided_at, "options": options}
        self._decisions.insert_one(row, session=self._session)

    def decisions(self, count_max: int) -> list[Decision]:
        found = self._decisions.find(session=self._session).sort("decided_at", DESCENDING)
        return [_decision(row) for row in found.limit(count_max)]

    def put_unmet(self, ask: UnmetAsk) -> None:
        said = {
            "asked_at": ask.asked_at,
            "looked_at_count": ask.looked_at_count,
            "reasons": dict(ask.reasons),
        }
        self._unmet.update_one(
            {"_id": ask.worker_id}, {"$set": said}, upsert=True, session=self._session
        )

    def unmet_of(self, worker_id: WorkerId) -> UnmetAsk | None:
        row = self._unmet.find_one({"_id": worker_id}, session=self._session)
        return _unmet(row) if row else None

    def forget(self, worker_id: WorkerId) -> None:
        self._unmet.delete_one({"_id": worker_id}, session=self._session)

    def unmet_since(self, since: datetime, count_max: int) -> list[UnmetAsk]:
        late = self._unmet.find({"asked_at": {"$gte": since}}, session=self._session)
        return [_unmet(row) for row in late.sort("asked_at", DESCENDING).limit(count_max)]


def _default() -> PolicySetting:
    return PolicySetting(Policy())


def _unmet(row: dict[str, Any]) -> UnmetAsk:
    return UnmetAsk(row["_id"], row["asked_at"], row["looked_at_count"], row["reasons"])


def _decision(row: dict[str, Any]) -> Decision:
    options = [dict(one) for one in row["options"]]
    return Decision(
        row["_id"],
        row["decided_at"],
        tuple(Option(one.pop("batch_id"), Parts(**one)) for one in options),
    )
