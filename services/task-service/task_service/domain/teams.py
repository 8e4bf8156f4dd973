"""Teams: other people who act for a requester, each in a role."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole

INVITATION_LIFETIME = timedelta(days=7)
MEMBERS_MAX = 100


@dataclass(frozen=True)
class Membership:
    """`person_id` is the account of the one who acts for `team_id`; name and e-mail are that
    account's.
    """

    team_id: RequesterId
    person_id: RequesterId
    role: TeamRole
    name: str
    email: str
    joined_at: datetime


@dataclass(frozen=True)
class Invitation:
    """Whoever has its secret joins, once: `digest` is the secret's SHA-256. `note` says for whom it
    was made, `used_by` who took it up.
    """

    invitation_id: str
    team_id: RequesterId
    role: TeamRole
    note: str
    digest: str
    expires_at: datetime
    used_by: RequesterId | None = None
