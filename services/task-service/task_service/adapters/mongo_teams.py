"""Collections `memberships` and `invitations`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.teams import Invitation, Membership

INDEXES = {
    "memberships": [
        IndexModel([("team_id", ASCENDING)], name="of_team"),
        IndexModel([("person_id", ASCENDING)], name="of_person"),
    ],
    "invitations": [
        IndexModel([("team_id", ASCENDING)], name="of_team"),
        IndexModel([("digest", ASCENDING)], name="by_digest", unique=True),
        IndexModel([("expires_at", ASCENDING)], name="forgotten", expireAfterSeconds=86_400),
    ],
}


class MongoTeams:
    """A membership's id is team and person: nobody is in a team twice."""

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._memberships = database["memberships"]
        self._invitations = database["invitations"]
        self._session = session

    def join(self, membership: Membership) -> None:
        row = {**asdict(membership), "role": str(membership.role)}
        self._memberships.update_one(
            {"_id": _id(membership.team_id, membership.person_id)},
            {"$set": row},
            upsert=True,
            session=self._session,
        )

    def get(self, team_id: RequesterId, person_id: RequesterId) -> Membership | None:
        row = self._memberships.find_one({"_id": _id(team_id, person_id)}, session=self._session)
        return _membership(row) if row else None

    def of_team(self, team_id: RequesterId) -> list[Membership]:
        return self._listed({"team_id": team_id})

    def of_person(self, person_id: RequesterId) -> list[Membership]:
        return self._listed({"person_id": person_id})

    def set_role(self, team_id: RequesterId, person_id: RequesterId, role: TeamRole) -> bool:
        changed = self._memberships.update_one(
            {"_id": _id(team_id, person_id)}, {"$set": {"role": str(role)}}, session=self._session
        )
        return changed.matched_count == 1

    def leave(self, team_id: RequesterId, person_id: RequesterId) -> bool:
        gone = self._memberships.delete_one({"_id": _id(team_id, person_id)}, session=self._session)
        return gone.deleted_count == 1

    def invite(self, invitation: Invitation) -> None:
        row = {**asdict(invitation), "role": str(invitation.role)}
        row["_id"] = row.pop("invitation_id")
        self._invitations.insert_one(row, session=self._session)

    def invitations(self, team_id: RequesterId, now: datetime) -> list[Invitation]:
        open_ones = {"team_id": team_id, "used_by": None, "expires_at": {"$gt": now}}
        found = self._invitations.find(open_ones, session=self._session).sort("_id", ASCENDING)
        return [_invitation(row) for row in found]

    def invitation(self, digest: str, now: datetime) -> Invitation | None:
        wanted = {"digest": digest, "expires_at": {"$gt": now}}
        row = self._invitations.find_one(wanted, session=self._session)
        return _invitation(row) if row else None

    def use(self, invitation: Invitation, person_id: RequesterId) -> bool:
        used = self._invitations.update_one(
            {"_id": invitation.invitation_id, "used_by": None},
            {"$set": {"used_by": person_id}},
            session=self._session,
        )
        return used.modified_count == 1

    def withdraw(self, team_id: RequesterId, invitation_id: str) -> bool:
        gone = self._invitations.delete_one(
            {"_id": invitation_id, "team_id": team_id, "used_by": None}, session=self._session
        )
        return gone.deleted_count == 1

    def _listed(self, wanted: dict[str, Any]) -> list[Membership]:
        found = self._memberships.find(wanted, session=self._session).sort("joined_at", ASCENDING)
        return [_membership(row) for row in found]


def _id(team_id: RequesterId, person_id: RequesterId) -> str:
    return f"{team_id}:{person_id}"


def _membership(row: dict[str, Any]) -> Membership:
    return Membership(
        team_id=row["team_id"],
        person_id=row["person_id"],
        role=TeamRole(row["role"]),
        name=row["name"],
        email=row["email"],
        joined_at=row["joined_at"],
    )


def _invitation(row: dict[str, Any]) -> Invitation:
    return Invitation(
        invitation_id=row["_id"],
        team_id=row["team_id"],
        role=TeamRole(row["role"]),
        note=row["note"],
        digest=row["digest"],
        expires_at=row["expires_at"],
        used_by=row["used_by"],
    )
