"""Working through the exceptions queue: whose it is, what is known of it, who is told next.

Nothing here settles anything: that is a proposal (`resolve_exceptions`), or the fact that both
sides match again. Whatever is done is a note of the exception and an act in the audit log.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crowdloom.chassis.store import Store
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.exception_ports import Note
from payment_service.application.ports import Session
from payment_service.domain.approvals import ReasonMissing
from payment_service.domain.exceptions import (
    WAITING,
    ExceptionSettled,
    ExceptionState,
    NotSettled,
)

TOGETHER_MAX = 200
TEXT_CHARACTERS_MAX = 2000
EVIDENCE_KINDS = ("entry", "processor", "event", "bank_line", "run", "ticket")
_EVIDENCE_CHARACTERS_MAX = 200
_OWNED = (ExceptionState.OPEN, ExceptionState.ASSIGNED)


class ExceptionsDesk:
    """Each act is one transaction. Raises NotFound and ExceptionSettled (nothing is done)."""

    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def assign(self, who: StaffId, exception_ids: Sequence[str], owner: StaffId | None) -> int:
        """Make them somebody's, or nobody's; returns how many changed hands.

        Raises InvalidInput for an owner who is no member of staff, or too many at a time.
        """
        ids = list(dict.fromkeys(exception_ids))
        if not 0 < len(ids) <= TOGETHER_MAX:
            raise InvalidInput(
                "Choose at least one exception, and at most %(at_most)s",
                at_most=TOGETHER_MAX,
                errors={"exception_ids": [f"1 to {TOGETHER_MAX}"]},
            )

        def work(session: Session) -> int:
            if owner not in {None, who} and session.staff.get(owner) is None:
                raise InvalidInput("There is no such member of staff", errors={"owner": [owner]})
            return sum(_give(session, who, need_waiting(session, each), owner) for each in ids)

        return self._store.run(work)

    def comment(
        self,
        who: StaffId,
        exception_id: str,
        *,
        text: str,
        evidence: tuple[str, str] | None = None,
    ) -> None:
        """Say something of it, with a link to what proves it. Also of one that is settled."""
        text = _text(text) if evidence is None else text.strip()[:TEXT_CHARACTERS_MAX]
        _check_evidence(evidence)

        def work(session: Session) -> None:
            if session.exceptions.get(exception_id) is None:
                raise NotFound("There is no such exception")
            session.exceptions.note(Note(exception_id, who, "comment", text, evidence))

        self._store.run(work)

    def escalate(self, who: StaffId, exception_id: str, *, reason: str) -> None:
        """Somebody else must decide, and the reason says why. It still waits."""
        text = _text(reason)

        def work(session: Session) -> None:
            before = need_waiting(session, exception_id)
            if before["state"] == ExceptionState.ESCALATED:
                return
            move(session, who, before, ExceptionState.ESCALATED, text=text)

        self._store.run(work)

    def reopen(self, who: StaffId, exception_id: str, *, reason: str) -> None:
        """It was settled too soon. Raises NotSettled, also where another one waits about the
        same thing.
        """
        text = _text(reason)

        def work(session: Session) -> None:
            before = session.exceptions.get(exception_id)
            if before is None:
                raise NotFound("There is no such exception")
            if before["waiting"] or session.exceptions.waiting_for(before["key"]):
                raise NotSettled("It waits already, or another one about the same thing does")
            to = ExceptionState.ASSIGNED if before["owner"] else ExceptionState.OPEN
            move(session, who, before, to, what="reopened", text=text, resolution=None)

        self._store.run(work)


def need_waiting(session: Session, exception_id: str) -> Mapping[str, Any]:
    """Raises NotFound, ExceptionSettled."""
    found = session.exceptions.get(exception_id)
    if found is None:
        raise NotFound("There is no such exception")
    if not found["waiting"]:
        raise ExceptionSettled("It was settled before: %(state)s", state=found["state"])
    return found


def move(
    session: Session,
    who: StaffId,
    before: Mapping[str, Any],
    to: ExceptionState,
    *,
    what: str | None = None,
    text: str = "",
    **fields: Any,
) -> None:
    """Change its state, and note that. Raises ExceptionSettled where somebody was quicker."""
    exception_id, was = before["_id"], ExceptionState(before["state"])
    if not session.exceptions.change(exception_id, {"state": to.value, **fields}, was=(was,)):
        raise ExceptionSettled("Somebody was quicker; look at it again")
    session.exceptions.note(Note(exception_id, who, what or to.value, text))
    session.audit.note(
        who=who,
        what=f"exception.{what or to.value}",
        subject=exception_id,
        before={"state": was.value},
        after={"state": to.value},
        reason=text,
    )


def _give(session: Session, who: StaffId, before: Mapping[str, Any], owner: StaffId | None) -> bool:
    if before["owner"] == owner:
        return False
    state = ExceptionState(before["state"])
    if state in _OWNED:
        state = ExceptionState.ASSIGNED if owner else ExceptionState.OPEN
    session.exceptions.change(
        before["_id"], {"owner": owner, "state": state.value}, was=tuple(WAITING)
    )
    session.exceptions.note(Note(before["_id"], who, "assigned", owner or ""))
    session.audit.note(
        who=who,
        what="exception.assigned",
        subject=before["_id"],
        before={"owner": before["owner"]},
        after={"owner": owner},
    )
    return True


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise ReasonMissing("Say why", errors={"text": ["Say why"]})
    return text[:TEXT_CHARACTERS_MAX]


def _check_evidence(evidence: tuple[str, str] | None) -> None:
    if evidence is None:
        return
    kind, name = evidence
    if kind not in EVIDENCE_KINDS or not 0 < len(name) <= _EVIDENCE_CHARACTERS_MAX:
        raise InvalidInput(
            "Say what the evidence is an id of; an id has at most %(at_most)s characters",
            at_most=_EVIDENCE_CHARACTERS_MAX,
            kinds=EVIDENCE_KINDS,
            errors={"evidence": list(evidence)},
        )
