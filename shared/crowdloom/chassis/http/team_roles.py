"""What the members of a requester's team may do, the same before every service.

A requester's own session has no grants and may do everything. A member's session names the team as
its subject, and carries two grants: the role and who the person is.
"""

import re
from dataclasses import dataclass

from flask import g

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
# Nothing but a form stands there: whoever may not send it need not fill it in.
_FORM_PAGES = re.compile(
    r"/pay/gift-code|/requester/(projects/new|projects/[^/]+/batches/new|drafts/.+"
    r"|batches/[^/]+/(table|audience|grow|next-step|try|review/rule|review/file)(/.*)?)"
)


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
    raise _beyond(path, team_role=str(member.role))


def may_send(address: str) -> bool:
    """Whether the reader's role in the team goes as far as a form that is sent there."""
    return _reader_may("POST", address)


def may_open(address: str) -> bool:
    """Whether the reader's role in the team goes as far as the page."""
    return _reader_may("GET", address)


def _reader_may(method: str, address: str) -> bool:
    caller: Principal | None = g.get("principal")
    member = member_of(caller) if caller and caller.role == "requester" else None
    return member is None or allows(member.role, method, str(address).partition("?")[0])


def _beyond(path: str, **facts: str) -> NotAllowed:
    if path.startswith((*_OWNERS, *_TEAM)):
        return NotAllowed("In this team its owner alone does that; Team says who that is", **facts)
    if path.startswith(_MONEY):
        return NotAllowed(
            "In this team its owner and those with the role Billing do that. Ask the owner for the "
            "role; Team says who that is",
            **facts,
        )
    if _is_review(path):
        return NotAllowed(
            "In this team its owner, editors and reviewers do that. Ask the owner for such a role; "
            "Team says who that is",
            **facts,
        )
    return NotAllowed(
        "In this team its owner and editors do that. Ask the owner for the role; Team says who "
        "that is",
        **facts,
    )


def allows(role: TeamRole, method: str, path: str) -> bool:
    """Whether a role may make this call."""
    if role is TeamRole.OWNER or path.startswith(_ANYBODYS):
        return True
    if path.startswith(_OWNERS):
        return False
    if method in _READING and not _FORM_PAGES.fullmatch(path):
        return True
    return _may_change(role, path)


def _may_change(role: TeamRole, path: str) -> bool:
    if path.startswith(_TEAM):
        return False
    if path.startswith(_MONEY):
        return role is TeamRole.BILLING
    return role is TeamRole.EDITOR or (role is TeamRole.REVIEWER and _is_review(path))


def _is_review(path: str) -> bool:
    # A bonus stands below the answer it is for, and is money all the same.
    return any(part in path for part in _REVIEWS) and not path.endswith("/bonus")


def _parts(grant: str) -> tuple[str, str]:
    name, colon, value = grant.partition(":")
    return name + colon, value
