"""The bank file as a rail: reserved lines wait in it, a person hands it to the bank, and a line of
a bank statement that names the payout line books it.

A file holds the run's lines that are in state `filed`; lines that were sent with an earlier file
name that file. Saying that it was handed over, or that it never will be, takes two people.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, Money
from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, StaffId

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.finish_runs import finish_run
from payment_service.application.payees import DetailsBox
from payment_service.application.payout_runs import RunView, found
from payment_service.application.ports import Session
from payment_service.application.translate import payout_failed
from payment_service.domain import flows
from payment_service.domain.approvals import Approval
from payment_service.domain.payouts import ContentChanged, ItemState, PayoutItem, Rail, total_of
from payment_service.domain.people import Payee, RailNotOffered


class NoBankFile(Conflict):
    """No line of the run waits in a bank file."""

    code = "no_bank_file"


@dataclass(frozen=True)
class OwnAccount:
    """The market's own account, which the bank takes the money from."""

    holder: str
    iban: str
    bic: str = ""


@dataclass(frozen=True)
class FileLine:
    """`item_id` is the end-to-end id: the bank's statement will name it."""

    item_id: PayoutItemId
    holder: str
    iban: str
    amount: Money
    text: str


class BankFormat(Protocol):
    def write(
        self,
        lines: Sequence[FileLine],
        *,
        own: OwnAccount,
        currency: Currency,
        message_id: str,
        at: datetime,
    ) -> bytes:
        """The file, checked against its schema. The same for the same arguments."""
        ...


@dataclass(frozen=True)
class BankFile:
    """`digest` is over what it says, not over when it was written."""

    message_id: str
    digest: str
    items: Sequence[PayoutItem]
    total: Money


def put_into_file(session: Session, item: PayoutItem) -> None:
    """What the bank file's rail does with a reserved line: it waits for a person."""
    filed = replace(item, state=ItemState.FILED, changed_at=session.now(), next_try_at=None)
    session.payout_runs.change_item(filed, was={ItemState.RESERVED})


class WriteBankFile:
    """For a checker: the file of a run, with account numbers in clear. Noted in the audit log."""

    def __init__(
        self,
        store: Store[Session],
        *,
        clock: Clock,
        box: DetailsBox,
        file_format: BankFormat,
        own: OwnAccount | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._format = file_format
        self._own = own

    def __call__(self, who: StaffId, run_id: PayoutRunId) -> tuple[BankFile, bytes]:
        """Raises NotFound, NoBankFile, RailNotOffered, ContentChanged."""
        own = self._own
        if own is None:
            raise RailNotOffered("The market's own bank account is not configured")

        def work(session: Session) -> tuple[RunView, BankFile, list[FileLine]]:
            view = found(session, run_id)
            file = file_of(view)
            workers = {item.worker_id for item in file.items}
            payees = session.payees.many(workers)
            lines = [self._line(view, item, payees.get(item.worker_id)) for item in file.items]
            session.audit.note(
                who=who, what="bank_file.download", subject=run_id, digest=file.digest
            )
            return view, file, lines

        view, file, lines = self._store.run(work)
        document = self._format.write(
            lines,
            own=own,
            currency=view.run.currency,
            message_id=file.message_id,
            at=self._clock.now(),
        )
        return file, document

    def _line(self, view: RunView, item: PayoutItem, payee: Payee | None) -> FileLine:
        if payee is None or payee.bank is None or payee.account_id != item.destination:
            raise ContentChanged("A payee's bank details have changed since", item=item.item_id)
        return FileLine(
            item_id=item.item_id,
            holder=payee.bank.holder,
            iban=self._box.iban_of(payee.bank),
            amount=item.amount,
            text=f"Crowdloom payout {view.run.number}",
        )


def file_of(view: RunView) -> BankFile:
    """The file that waits to be handed over. Raises NoBankFile."""
    items = [item for item in view.items if item.state is ItemState.FILED]
    if view.run.rail is not Rail.BANK_FILE or not items:
        raise NoBankFile("No line of this run waits in a bank file")
    earlier = {item.transfer_id for item in view.items if item.transfer_id}
    message_id = f"CL-{view.run.number}-{len(earlier) + 1}"
    said = [message_id, *([i.item_id, i.destination, i.amount.units, i.attempt] for i in items)]
    digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return BankFile(message_id, digest, items, total_of(items, view.run.currency))


def waiting_file(view: RunView) -> BankFile | None:
    """The same; None where there is none."""
    try:
        return file_of(view)
    except NoBankFile:
        return None


def bank_file_sent() -> ApprovalKind:
    """The payload is `{"run_id"}`: the file was handed to the bank, its lines are in transit."""

    def carry_out(session: Session, approval: Approval) -> None:
        file = _same_file(session, approval)
        for item in file.items:
            sent = replace(
                item,
                state=ItemState.SENT,
                transfer_id=file.message_id,
                sending_since=session.now(),
                changed_at=session.now(),
            )
            session.payout_runs.change_item(sent, was={ItemState.FILED})

    return ApprovalKind(_prepared, carry_out)


def bank_file_void() -> ApprovalKind:
    """The payload is `{"run_id"}`: the file is not used, and its money is payable again."""

    def carry_out(session: Session, approval: Approval) -> None:
        file = _same_file(session, approval)
        for item in file.items:
            _void(session, item)
        finish_run(session, PayoutRunId(approval.payload["run_id"]))

    return ApprovalKind(_prepared, carry_out)


def _void(session: Session, item: PayoutItem) -> None:
    now = session.now()
    failed = replace(
        item,
        state=ItemState.FAILED,
        refusal_code="bank_file_void",
        refusal="The bank file was not used",
        changed_at=now,
    )
    if not session.payout_runs.change_item(failed, was={ItemState.FILED}):
        return
    session.ledger.post(flows.payout_void(failed))
    session.payout_requests.set_status(
        {item.request_id},
        "failed",
        at=now,
        refusal_code=failed.refusal_code,
        refusal=failed.refusal,
    )
    session.emit(payout_failed(failed, now))


def _prepared(session: Session, payload: Payload) -> Prepared:
    run_id = PayoutRunId(str(payload.get("run_id", "")))
    file = file_of(found(session, run_id))
    exact = {
        "run_id": run_id,
        "message_id": file.message_id,
        "digest": file.digest,
        "count": len(file.items),
        "amount": file.total.to_wire(),
    }
    return Prepared(subject=run_id, payload=exact)


def _same_file(session: Session, approval: Approval) -> BankFile:
    file = file_of(found(session, PayoutRunId(approval.payload["run_id"])))
    if file.digest != approval.payload["digest"]:
        raise ContentChanged("The file is another one since; propose it again")
    return file
