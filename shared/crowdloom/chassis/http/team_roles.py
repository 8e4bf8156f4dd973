"""What the members of a requester's team may do, the same before every service.

A requester's own session has no grants and may do everything. A member's session names the team as
its subject, and carries two grants: the role and who the person is.
"""

from dataclasses import dataclass

from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.errors import NotAllowed
from crowdloom.kernel.teams import TeamRole

_ROLE = "team:"
_PERSON = "person:"
_READING = {"GET", "HEAD", "OPTIONS"}
_MONEY = ("/pay/", "/api/payments/")
_OWNERS = (
    "/requester/developers",
    "/requester/team/log",
    "/api/tasks/v1/api-keys",
    "/api/tasks/v1/team/log",
    "/api/tasks/v1/webhooks",
)
_TEAM = ("/requester/team", "/api/tasks/v1/team")
_ANYBODYS = ("/requester/teams", "/api/tasks/v1/teams")
_REVIEWS = ("/submissions/", "/reviews", "/review", "/answers/")


@dataclass(frozen=True)
class Member:
    """Who acts for the team: `person` is the id of the person's own account."""

    role: TeamRole
    person: str


def grants_of(member: Member) -> frozenset[str]:
    """As a session carries them."""
    return frozenset({f"{_ROLE}{member.role}", f"{_PERSON}{member.person}"})


def member_of(principal: Principal) -> Member | None:
    """None for a requester's own session, or an API key's. What cannot be read may only look."""
    found = {name: value for grant in principal.grants for name, value in [_parts(grant)]}
    if not found:
        return None
    role = found.get(_ROLE, "")
    known = TeamRole(role) if role in list(TeamRole) else TeamRole.VIEWER
    return Member(known, found.get(_PERSON, ""))


def acts_as_owner(principal: Principal) -> bool:
    """Whether a requester acts for nobody else, or as an owner."""
    member = member_of(principal)
    return member is None or member.role is TeamRole.OWNER


def refuse_beyond_role(principal: Principal, method: str, path: str) -> None:
    """Raises NotAllowed where a member's role does not go so far."""
    member = member_of(principal) if principal.role == "requester" else None
    if member is None or allows(member.role, method, path):
        return
    raise NotAllowed(
        "Your role in this team does not go so far. Ask the team's owner",
        team_role=str(member.role),
    )


def allows(role: TeamRole, method: str, path: str) -> bool:
    """Whether a role may make this call."""
    if role is TeamRole.OWNER or path.startswith(_ANYBODYS):
        return True
    if path.startswith(_OWNERS):
        return False
    return method in _READING or _may_change(role, path)


def _may_change(role: TeamRole, path: str) -> bool:
    if path.startswith(_TEAM):
        return False
    if path.startswith(_MONEY):
        return role is TeamRole.BILLING
    # A bonus stands below the answer it is for, and is money all the same.
    reviewing = any(part in path for part in _REVIEWS) and not path.endswith("/bonus")
    return role is TeamRole.EDITOR or (role is TeamRole.REVIEWER and reviewing)


def _parts(grant: str) -> tuple[str, str]:
    name, colon, value = grant.partition(":")
    return name + colon, value
