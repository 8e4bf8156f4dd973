"""Maker and checker: what one person proposes, another decides, and only then is it done."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import StaffId

from payment_service.domain.payouts import ContentChanged, MakerIsChecker

REASON_CHARACTERS_MAX = 2_000


class ReasonMissing(DomainError):
    """Whoever looks at it later must be able to tell why."""

    code = "reason_missing"


class ReasonTooLong(InvalidInput):
    """Nobody reads so much; evidence is for files."""


def stated(reason: str, characters_max: int = REASON_CHARACTERS_MAX) -> str:
    """A reason as it is kept. Raises ReasonMissing, ReasonTooLong."""
    kept = reason.strip()
    if not kept:
        raise ReasonMissing("Say why", errors={"reason": ["Say why"]})
    if len(kept) > characters_max:
        raise ReasonTooLong(
            "A reason has at most %(at_most)s characters",
            at_most=characters_max,
            errors={"reason": [f"At most {characters_max} characters"]},
        )
    return kept


class UnknownKind(DomainError):
    code = "unknown_approval_kind"


class AlreadyDecided(Conflict):
    code = "already_decided"


class ApprovalStatus(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


def content_hash_of(kind: str, subject: str, payload: Mapping[str, Any]) -> str:
    """SHA-256 of what would be done: an approval names it, so that nothing else is approved."""
    text = json.dumps([kind, subject, payload], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Approval:
    """`kind` says what is done with `payload`; `subject` names the object it is about. `asked` is a
    hash of what was sent, by which it is known again; older proposals have none.
    """

    approval_id: str
    kind: str
    subject: str
    payload: Mapping[str, Any]
    reason: str
    made_by: StaffId
    made_at: datetime
    request_key: str
    status: ApprovalStatus = ApprovalStatus.PROPOSED
    decided_by: StaffId | None = None
    decided_at: datetime | None = None
    note: str = ""
    asked: str = ""

    @property
    def content_hash(self) -> str:
        return content_hash_of(self.kind, self.subject, self.payload)

    def decided(
        self,
        who: StaffId,
        status: ApprovalStatus,
        *,
        seen_hash: str | None,
        at: datetime,
        note: str,
    ) -> "Approval":
        """Raises AlreadyDecided, MakerIsChecker, ContentChanged.

        Whoever made a proposal may take it back, which is a rejection, but never approve it.
        """
        if self.status is not ApprovalStatus.PROPOSED:
            raise AlreadyDecided("It was decided before: %(decision)s", decision=self.status)
        if status is ApprovalStatus.APPROVED:
            if who == self.made_by:
                raise MakerIsChecker("Whoever proposed it cannot approve it")
            if seen_hash != self.content_hash:
                raise ContentChanged("This is not what was proposed; look at it again")
        return replace(self, status=status, decided_by=who, decided_at=at, note=note)
