"""Collection `bonuses`."""

from collections.abc import Sequence
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.ids import SubmissionId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.batches import Declined
from task_service.domain.bonuses import Bonus, BonusStatus

INDEXES = {
    "bonuses": [
        IndexModel([("submission_id", ASCENDING), ("_id", ASCENDING)], name="of_submission")
    ]
}


class MongoBonuses:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._bonuses = database["bonuses"]
        self._session = session

    def add(self, bonus: Bonus) -> None:
        self._bonuses.insert_one(_row(bonus), session=self._session)

    def of_submissions(self, submission_ids: Sequence[SubmissionId]) -> list[Bonus]:
        wanted = {"submission_id": {"$in": list(submission_ids)}}
        found = self._bonuses.find(wanted, session=self._session).sort("_id", ASCENDING)
        return [_bonus(row) for row in found]

    def end(self, bonus_id: str, status: BonusStatus, declined: Declined | None = None) -> None:
        change: dict[str, Any] = {"status": str(status)}
        if declined is not None:
            change["declined"] = {
                "code": declined.code,
                "needed": declined.needed.to_wire(),
                "missing": declined.missing.to_wire(),
            }
        granted = {"_id": bonus_id, "status": str(BonusStatus.GRANTED)}
        self._bonuses.update_one(granted, {"$set": change}, session=self._session)


def _row(bonus: Bonus) -> dict[str, Any]:
    return {
        "_id": bonus.bonus_id,
        "submission_id": bonus.submission_id,
        "assignment_id": bonus.assignment_id,
        "batch_id": bonus.batch_id,
        "requester_id": bonus.requester_id,
        "amount": bonus.amount.to_wire(),
        "reason": bonus.reason,
        "granted_at": bonus.granted_at,
        "status": str(bonus.status),
    }


def _bonus(row: dict[str, Any]) -> Bonus:
    declined = row.get("declined")
    return Bonus(
        bonus_id=row["_id"],
        submission_id=row["submission_id"],
        assignment_id=row["assignment_id"],
        batch_id=row["batch_id"],
        requester_id=row["requester_id"],
        amount=Money.from_wire(row["amount"]),
        reason=row["reason"],
        granted_at=row["granted_at"],
        status=BonusStatus(row["status"]),
        declined=Declined(
            code=declined["code"],
            needed=Money.from_wire(declined["needed"]),
            missing=Money.from_wire(declined["missing"]),
        )
        if declined
        else None,
    )
