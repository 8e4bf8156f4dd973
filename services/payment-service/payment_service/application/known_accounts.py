"""Whose an account is: an entry by hand names only what there is, so that a slip is no account."""

import re
from collections.abc import Collection, Sequence

from crowdloom.kernel import Currency
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, PayoutItemId, RequesterId, WorkerId

from payment_service.application.judge_bank_lines import is_requester
from payment_service.application.ports import Session
from payment_service.domain import bank_flows, chart

_COUNTRY = re.compile(r"[A-Z]{2}")
# As the processor names them: nothing but an entry by hand opens their accounts.
_DISPUTE = re.compile(r"d[pu]_\w+", re.ASCII)
_OPENING = "equity:opening:"


def check_known(session: Session, paths: Collection[str]) -> None:
    """Raises InvalidInput for an account of somebody, or of something, that we know nothing of.

    A bank account may come into the books by an entry before it is set up for statements, with our
    own money on it.
    """
    is_opening = any(path.startswith(_OPENING) for path in paths)
    for path in paths:
        # Asked last: of an account that everybody's money passes, the journal has many lines.
        if _is_known(session, path, is_opening=is_opening) or session.ledger.is_used(path):
            continue
        raise InvalidInput(
            "There is nobody and nothing that %(account)s could be of: look for a slip in it",
            account=path,
            errors={"account": [path]},
        )


def _is_known(session: Session, path: str, *, is_opening: bool) -> bool:
    root, kind, *parts = path.split(":")
    currency = Currency.of(parts[-1])
    if kind == "receivable":
        kind, *parts = parts
    if kind == "requester":
        known = _requester_has(session, path, RequesterId(parts[0]), parts[1:])
    elif kind == "worker":
        known = _is_worker(session, WorkerId(parts[0]))
    elif kind == "payout":
        known = session.payout_runs.item(PayoutItemId(parts[0])) is not None
    elif (root, kind) == ("asset", "bank"):
        account = session.bank_accounts.get(parts[0])
        known = is_opening if account is None else account.currency is currency
    elif kind == "tax":
        known = _COUNTRY.fullmatch(parts[1]) is not None
    elif kind == "dispute":
        known = _DISPUTE.fullmatch(parts[0]) is not None
    elif kind in {"transit", "suspense"}:
        made = (bank_flows.transit, bank_flows.suspense, chart.suspense)
        known = path in {each(currency) for each in made}
    else:
        known = True
    return known


def _requester_has(
    session: Session, path: str, requester_id: RequesterId, parts: Sequence[str]
) -> bool:
    currency = Currency.of(parts[-1])
    if parts[0] == "escrow":
        batch_id = BatchId(parts[1])
        book = session.batches.get(batch_id)
        is_theirs = book and book.terms and book.terms.requester_id == requester_id
        return bool(is_theirs) and path == chart.escrow(requester_id, batch_id, currency)
    wallet = chart.wallet(requester_id, currency)
    return is_requester(session, requester_id) or session.ledger.is_used(wallet)


def _is_worker(session: Session, worker_id: WorkerId) -> bool:
    known = session.payees.get(worker_id) is not None
    return known or session.assignments.settled_count(worker_id) > 0
