"""Maker and checker for whatever has no desk of its own: proposed by one, decided by another.

Each kind of act says how a proposal is checked and made exact, and how it is carried out; both run
in the transaction that keeps the proposal or the decision, and both are noted in the audit log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crowdloom.chassis.idempotency import IdempotencyKeyReused
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.ports import Session
from payment_service.domain.approvals import (
    Approval,
    ApprovalStatus,
    UnknownKind,
    content_hash_of,
    stated,
)

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A proposal made exact: `subject` names the object, `payload` all that will be done."""

    subject: str
    payload: Payload


@dataclass(frozen=True)
class ApprovalKind:
    """`prepare` raises what is wrong with a proposal; `carry_out` does it once it is approved.

    `proposed` is called with the proposal that was made of it, and `reject` where it is turned
    down; for kinds that mark what they are about. What has a page `of_its_own` is not proposed
    among all others: whoever may is asked there.
    """

    prepare: Callable[[Session, Payload], Prepared]
    carry_out: Callable[[Session, Approval], None]
    reject: Callable[[Session, Approval], None] = lambda _session, _approval: None
    proposed: Callable[[Session, Approval], None] = lambda _session, _approval: None
    of_its_own: bool = False


class ApprovalDesk:
    def __init__(
        self,
        store: Store[Session],
        *,
        clock: Clock,
        ids: IdFactory,
        kinds: Mapping[str, ApprovalKind],
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._kinds = kinds

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those that anybody who may propose may propose."""
        return tuple(name for name, kind in self._kinds.items() if not kind.of_its_own)

    def propose(
        self, maker: StaffId, kind: str, *, payload: Payload, reason: str, key: str
    ) -> Approval:
        """Idempotent by key. Raises UnknownKind, ReasonMissing, IdempotencyKeyReused, and what the
        kind raises.
        """
        if kind not in self._kinds:
            known = ", ".join(self._kinds)
            raise UnknownKind(f"Kinds are {known}", errors={"kind": [kind]})
        reason = stated(reason)
        # What has a page of its own is worked out there, and may come out otherwise each time.
        sent = {} if self._kinds[kind].of_its_own else payload
        asked = content_hash_of(kind, reason, sent)

        def work(session: Session) -> Approval:
            earlier = session.approvals.by_request_key(f"{maker}:{key}")
            if earlier is not None:
                if earlier.asked not in {"", asked}:
                    raise IdempotencyKeyReused("This Idempotency-Key was used for another proposal")
                return earlier
            prepared = self._kinds[kind].prepare(session, payload)
            approval = Approval(
                approval_id=self._ids.new("approval"),
                kind=kind,
                subject=prepared.subject,
                payload=prepared.payload,
                reason=reason,
                made_by=maker,
                made_at=self._clock.now(),
                request_key=f"{maker}:{key}",
                asked=asked,
            )
            session.approvals.add(approval)
            self._kinds[kind].proposed(session, approval)
            self._note(session, maker, "propose", approval, before=None)
            return approval

        return self._store.run(work)

    def approve(self, checker: StaffId, approval_id: str, *, seen_hash: str) -> Approval:
        """Do what was proposed. Idempotent for the same checker.

        Raises NotFound, AlreadyDecided, MakerIsChecker, ContentChanged, and what the kind raises.
        """
        return self._decide(
            checker, approval_id, ApprovalStatus.APPROVED, seen_hash=seen_hash, note=""
        )

    def reject(self, who: StaffId, approval_id: str, *, note: str) -> Approval:
        """Leave everything as it is. The maker may take a proposal back so. Raises InvalidInput for
        a note that is too long.
        """
        note = stated(note) if note.strip() else ""
        return self._decide(who, approval_id, ApprovalStatus.REJECTED, seen_hash=None, note=note)

    def _decide(
        self,
        who: StaffId,
        approval_id: str,
        status: ApprovalStatus,
        *,
        seen_hash: str | None,
        note: str,
    ) -> Approval:
        def work(session: Session) -> Approval:
            before = session.approvals.get(approval_id)
            if before is None:
                raise NotFound("There is no such proposal")
            if before.status is status and before.decided_by == who:
                return before
            now = self._clock.now()
            decided = before.decided(who, status, seen_hash=seen_hash, at=now, note=note)
            session.approvals.replace(decided)
            kind = self._kinds[decided.kind]
            act = kind.carry_out if status is ApprovalStatus.APPROVED else kind.reject
            act(session, decided)
            self._note(session, who, status.value, decided, before=before)
            return decided

        return self._store.run(work)

    def _note(
        self,
        session: Session,
        who: StaffId,
        what: str,
        approval: Approval,
        *,
        before: Approval | None,
    ) -> None:
        session.audit.note(
            who=who,
            what=f"approval.{what}",
            subject=approval.approval_id,
            before=None if before is None else {"status": before.status.value},
            after={"status": approval.status.value},
            kind=approval.kind,
            about=approval.subject,
            content_hash=approval.content_hash,
            reason=approval.reason,
            note=approval.note,
        )
