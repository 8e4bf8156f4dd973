"""Settling an exception: one person says how, another agrees, and what it takes is booked.

Two kinds of proposals: a resolution, with an entry or without one, and a write-off.
"""

from collections.abc import Mapping
from typing import Any

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import StaffId

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.exception_ports import Note
from payment_service.application.exceptions_desk import move, need_waiting
from payment_service.application.known_accounts import check_known
from payment_service.application.manual_entries import entry_of, lines_of, people_of, wire_of
from payment_service.application.ports import Session
from payment_service.domain.approvals import Approval
from payment_service.domain.entries import Entry, Line
from payment_service.domain.exceptions import (
    RESOLUTIONS,
    ExceptionState,
    ResolutionPending,
    UnknownResolution,
)

_LOSSES = "expense:loss:writeoff"
# What may be given up for lost: what nobody could identify, and what others owe us.
_WRITABLE = ("asset:suspense:", "asset:receivable:", "asset:dispute:", "asset:transit:")


def exception_resolution(clock: Clock) -> ApprovalKind:
    """Payload: `{"exception_id", "code", "lines"?}`; lines as in an entry by hand."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        found = _free(session, payload)
        code = str(payload.get("code", ""))
        if code not in RESOLUTIONS:
            known = ", ".join(RESOLUTIONS)
            raise UnknownResolution(f"Resolutions are {known}", errors={"code": [code]})
        lines = lines_of(payload) if payload.get("lines") else []
        check_known(session, [line.account for line in lines])
        exact: dict[str, Any] = {"exception_id": found["_id"], "code": code}
        if lines:
            exact["lines"] = wire_of(entry_of("resolve:check", "resolution", lines, refs={}))
        return Prepared(subject=found["_id"], payload=exact)

    def carry_out(session: Session, approval: Approval) -> None:
        if approval.payload.get("lines"):
            session.ledger.post(_entry(approval, "resolution", f"resolve:{approval.approval_id}"))
        code = str(approval.payload["code"])
        _settle(session, approval, ExceptionState.RESOLVED, clock, resolution=code)

    return ApprovalKind(prepare, carry_out, _reject, _proposed)


def write_off(clock: Clock) -> ApprovalKind:
    """Payload: `{"exception_id"}` for a line in suspense; else with `"account"`, `"amount"` and the
    `"side"`, debit or credit, on which it stands there.
    """

    def prepare(session: Session, payload: Payload) -> Prepared:
        found = _free(session, payload)
        standing = _named(payload) if payload.get("account") else _in_suspense(session, found)
        check_known(session, [standing.account])
        exact = entry_of("writeoff:check", "write_off", _given_up(standing), refs={})
        return Prepared(
            subject=found["_id"], payload={"exception_id": found["_id"], "lines": wire_of(exact)}
        )

    def carry_out(session: Session, approval: Approval) -> None:
        session.ledger.post(_entry(approval, "write_off", f"writeoff:{approval.approval_id}"))
        state = ExceptionState.WRITTEN_OFF
        _settle(session, approval, state, clock, resolution="written_off")

    return ApprovalKind(prepare, carry_out, _reject, _proposed)


def _free(session: Session, payload: Payload) -> Mapping[str, Any]:
    """The exception, about which nothing is proposed yet."""
    found = need_waiting(session, str(payload.get("exception_id", "")))
    if found["state"] == ExceptionState.PENDING_RESOLUTION:
        raise ResolutionPending("A proposal about it waits for a second person")
    return found


def _proposed(session: Session, approval: Approval) -> None:
    before = need_waiting(session, approval.subject)
    move(
        session,
        approval.made_by,
        before,
        ExceptionState.PENDING_RESOLUTION,
        text=approval.reason,
        before_proposal=before["state"],
        approval=approval.approval_id,
    )


def _reject(session: Session, approval: Approval) -> None:
    before = session.exceptions.get(approval.subject)
    if before is None or before.get("approval") != approval.approval_id or not before["waiting"]:
        return
    to = ExceptionState(before["before_proposal"])
    who = _decider(approval)
    move(session, who, before, to, what="turned_down", text=approval.note, approval=None)


def _settle(
    session: Session, approval: Approval, to: ExceptionState, clock: Clock, *, resolution: str
) -> None:
    before = need_waiting(session, approval.subject)
    move(
        session,
        _decider(approval),
        before,
        to,
        text=approval.reason,
        resolution=resolution,
        resolved_at=clock.now(),
    )
    evidence = ("approval", approval.approval_id)
    session.exceptions.note(
        Note(approval.subject, _decider(approval), "approved", resolution, evidence)
    )


def _decider(approval: Approval) -> StaffId:
    return approval.decided_by or approval.made_by


def _entry(approval: Approval, code: str, key: str) -> Entry:
    refs = {**people_of(approval), "exception": approval.subject}
    return entry_of(key, code, lines_of(approval.payload), refs=refs)


def _given_up(standing: Line) -> list[Line]:
    """What stands on an account is taken off it, as a loss; a surplus makes the losses less."""
    account, losses = standing.account, f"{_LOSSES}:{standing.account.rpartition(':')[2]}"
    return [
        Line(losses, standing.debit, standing.credit),
        Line(account, standing.credit, standing.debit),
    ]


def _named(payload: Payload) -> Line:
    (line,) = lines_of({"lines": [{n: payload.get(n) for n in ("account", "side", "amount")}]})
    if not line.account.startswith(_WRITABLE):
        raise InvalidInput(
            "Only what is in suspense, in dispute, in transit or owed to us can be written off",
            errors={"account": [line.account]},
        )
    return line


def _in_suspense(session: Session, found: Mapping[str, Any]) -> Line:
    """What the line that nobody could identify left on its suspense account."""
    posted = session.ledger.by_key(f"suspense:{found['subject']}")
    lines = [] if posted is None else posted[1].lines
    standing = [line for line in lines if line.account.startswith("asset:suspense:")]
    if len(standing) != 1:
        raise InvalidInput(
            "Nothing of it is in suspense: name the account, the amount and its side",
            errors={"account": ["Name the account"]},
        )
    return standing[0]
