"""Giving and taking a qualification: the state and the event that says so, in one transaction."""

from datetime import datetime

from crowdloom.contracts.worker import QualificationGranted, QualificationRevoked

from worker_service.application.ports import Session
from worker_service.domain.qualifications import Held


def grant(session: Session, held: Held) -> None:
    """Given again by the same way with nothing changed, nothing is said."""
    before = session.held.get(held.worker_id, held.code)
    if before is not None and before.is_active(held.granted_at) and _same(before, held):
        return
    session.held.put(held)
    session.emit(
        QualificationGranted(
            worker_id=held.worker_id,
            qualification=held.code,
            granted_by=str(held.granted_by),
            granted_at=held.granted_at,
            score=held.score,
            expires_at=held.expires_at,
        )
    )


def revoke(session: Session, held: Held | None, at: datetime, reason: str) -> None:
    """Taking what is not held changes nothing."""
    if held is None or held.revoked_at is not None:
        return
    session.held.put(held.ended(at, reason))
    session.emit(
        QualificationRevoked(
            worker_id=held.worker_id, qualification=held.code, revoked_at=at, reason=reason
        )
    )


def take_back(session: Session, held: Held | None, at: datetime, reason: str) -> None:
    """As its requester does: of what had ended by itself it is kept, so that no test renews it."""
    if held is not None and held.revoked_at is not None and not held.is_taken_back:
        session.held.put(held.ended(at, reason))
        return
    revoke(session, held, at, reason)


def _same(before: Held, after: Held) -> bool:
    return (before.granted_by, before.score, before.expires_at) == (
        after.granted_by,
        after.score,
        after.expires_at,
    )
