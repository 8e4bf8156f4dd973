"""Who is staff, and what each may do: proposed by a controller, approved by somebody else.

Nobody takes part in deciding about themselves. Whoever is invited sets up password and second
factor with a link; whose roles change, or who is removed, is signed out everywhere at once.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from crowdloom.kernel import IdFactory
from crowdloom.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.ports import Session
from payment_service.application.staff import Credentials
from payment_service.domain.approvals import Approval
from payment_service.domain.people import GRANTS, StaffMember

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_EMAIL_CHARACTERS_MAX = 254


class OwnRoles(NotAllowed):
    """Nobody proposes or approves what they themselves may do."""

    code = "own_roles"


class AlreadyStaff(Conflict):
    code = "already_staff"


class LastController(Conflict):
    """Somebody has to be left who may change roles."""

    code = "last_controller"


def staff_invite(credentials: Credentials, ids: IdFactory) -> ApprovalKind:
    """The payload is `{"email", "grants"}`."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        email = str(payload.get("email", "")).strip().lower()
        grants = _checked(payload.get("grants", ()))
        if len(email) > _EMAIL_CHARACTERS_MAX or not _EMAIL.fullmatch(email):
            raise InvalidInput("The e-mail has an @", errors={"email": ["Write an e-mail"]})
        _refuse_known(session, email)
        return Prepared(subject=email, payload={"email": email, "grants": grants})

    def carry_out(session: Session, approval: Approval) -> None:
        email, grants = approval.payload["email"], frozenset(approval.payload["grants"])
        known = _refuse_known(session, email)
        secret = credentials.seal(credentials.new_secret())
        if known is not None:  # was removed: comes back with nothing of before
            session.staff.replace(
                replace(
                    known,
                    password_hash=None,
                    secret=secret,
                    grants=grants,
                    enrolled=False,
                    removed=False,
                )
            )
            return
        member = StaffMember(
            staff_id=StaffId(ids.new("staff")),
            email=email,
            password_hash=None,
            secret=secret,
            grants=grants,
            enrolled=False,
        )
        session.staff.add(member)

    return ApprovalKind(prepare, carry_out, of_its_own=True)


def staff_grants() -> ApprovalKind:
    """The payload is `{"staff_id", "grants"}`."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        member = known_member(session, payload)
        grants = _checked(payload.get("grants", ()))
        before = sorted(member.grants)
        exact = {"staff_id": member.staff_id, "grants": grants, "before": before}
        return Prepared(subject=member.email, payload=exact)

    def carry_out(session: Session, approval: Approval) -> None:
        member = _others(session, approval)
        grants = frozenset(approval.payload["grants"])
        _change(session, replace(member, grants=grants))

    return ApprovalKind(prepare, carry_out, of_its_own=True)


def staff_remove() -> ApprovalKind:
    """The payload is `{"staff_id"}`. The name stays in the log, and opens nothing any more."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        member = known_member(session, payload)
        return Prepared(subject=member.email, payload={"staff_id": member.staff_id})

    def carry_out(session: Session, approval: Approval) -> None:
        member = _others(session, approval)
        _change(
            session,
            replace(member, grants=frozenset(), enrolled=False, password_hash=None, removed=True),
        )

    return ApprovalKind(prepare, carry_out, of_its_own=True)


def refuse_own(who: StaffId, staff_id: StaffId) -> None:
    """Raises OwnRoles."""
    if who == staff_id:
        raise OwnRoles("What you may do yourself is for others to propose and to approve")


def known_member(session: Session, payload: Payload) -> StaffMember:
    """Raises NotFound, also for somebody who was removed."""
    member = session.staff.get(StaffId(str(payload.get("staff_id", ""))))
    if member is None or member.removed:
        raise NotFound("There is no such member of staff")
    return member


def _others(session: Session, approval: Approval) -> StaffMember:
    """Whom it is about, who is neither the maker nor the checker. Raises OwnRoles, NotFound."""
    member = known_member(session, approval.payload)
    for who in (approval.made_by, approval.decided_by):
        refuse_own(StaffId(str(who)), member.staff_id)
    return member


def _change(session: Session, member: StaffMember) -> None:
    if not any("finance.controller" in other.grants for other in _all_but(session, member)):
        has_one = "finance.controller" in member.grants
        before = session.staff.get(member.staff_id)
        if before is not None and "finance.controller" in before.grants and not has_one:
            raise LastController("Nobody would be left who may change roles")
    session.staff.replace(member)
    session.staff.sign_out(member.staff_id)


def _all_but(session: Session, member: StaffMember) -> Sequence[StaffMember]:
    return [other for other in session.staff.listed() if other.staff_id != member.staff_id]


def _refuse_known(session: Session, email: str) -> StaffMember | None:
    """Returns somebody who was removed, and may be invited again. Raises AlreadyStaff."""
    known = session.staff.by_email(email)
    if known is not None and not known.removed:
        raise AlreadyStaff("Somebody with this e-mail is staff already")
    return known


def _checked(grants: object) -> list[str]:
    """Raises InvalidInput."""
    chosen = sorted({str(grant) for grant in grants}) if isinstance(grants, list | tuple) else []
    if not chosen or set(chosen) - set(GRANTS):
        raise InvalidInput(
            f"Roles are {', '.join(GRANTS)}", errors={"grants": ["Choose at least one role"]}
        )
    return chosen
