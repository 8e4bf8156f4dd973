"""Whom money comes from and goes to: top-ups, payees, requests; and the staff who watch over it."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import Conflict, NotAllowed
from crowdloom.kernel.ids import RequesterId, StaffId, WorkerId

from payment_service.domain.payouts import Rail

VIEW, MAKER, CHECKER = "finance.view", "finance.maker", "finance.checker"
CONTROLLER, AUDITOR = "finance.controller", "auditor"
# Whoever has one of these may read all of finance's pages; an auditor does nothing else.
FINANCE_READERS = (VIEW, MAKER, CHECKER, CONTROLLER, AUDITOR)
GRANTS = (*FINANCE_READERS, "operator")
PASSWORD_CHARACTERS_MIN = 12


class PayoutAccountMissing(Conflict):
    """Money cannot be asked for before there is a place to send it."""

    code = "payout_account_missing"


class PayoutAccountNotReady(Conflict):
    """The place to send money is not finished, or cannot take any now. Facts: `status`."""

    code = "payout_account_not_ready"


class NothingPayable(Conflict):
    """Less is payable than the smallest payout."""

    code = "nothing_payable"


class RailNotOffered(Conflict):
    """The market does not pay by this rail."""

    code = "rail_not_offered"


class HolderMissing(DomainError):
    code = "holder_missing"


class PayoutUnderWay(Conflict):
    """Where the money goes stays as it was approved until it is sent."""

    code = "payout_under_way"


class AmountOutOfRange(DomainError):
    code = "amount_out_of_range"


class WrongCredentials(DomainError):
    """E-mail, password or code: never said which."""

    code = "wrong_credentials"
    status = 401


class TooManySignIns(DomainError):
    code = "too_many_sign_ins"
    status = 429


class NotEnrolled(NotAllowed):
    """The second factor is not set up yet."""

    code = "not_enrolled"


class WeakPassword(DomainError):
    code = "weak_password"


@dataclass(frozen=True)
class TopUp:
    """`status` is creating, open, paid or expired; `booked` is what the processor's books say."""

    top_up_id: str
    requester_id: RequesterId
    amount: Money
    status: str
    created_at: datetime
    checkout_id: str | None = None
    checkout_url: str | None = None
    booked: Money | None = None
    booked_at: datetime | None = None


@dataclass(frozen=True)
class BankDetails:
    """Where a bank sends money: the account is sealed at rest, `shown` is what pages may show."""

    holder: str
    sealed: str
    shown: str


@dataclass(frozen=True)
class Payee:
    """Where a worker's money goes: by which rail, and there to which account. `status` is pending,
    active or restricted. `account_id` is the account at the processor, or stands for the details of
    another rail; `processor_account_id` is kept for a worker who comes back to it. `details_at` is
    when the account became another one.
    """

    worker_id: WorkerId
    account_id: str | None
    status: str
    asked_at: datetime
    checked_at: datetime | None = None
    rail: Rail = Rail.STRIPE
    details_at: datetime | None = None
    bank: BankDetails | None = None
    processor_account_id: str | None = None


@dataclass(frozen=True)
class PayoutRequest:
    """`status` is open, in_run, paid, failed or cancelled."""

    request_id: str
    worker_id: WorkerId
    amount: Money
    status: str
    asked_at: datetime
    refusal_code: str | None = None
    refusal: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class StaffMember:
    """`secret` is the second factor's, sealed; `last_step` its last code's, used once only. Whoever
    was `removed` has no way in, and is still called by name in the log.
    """

    staff_id: StaffId
    email: str
    password_hash: str | None
    secret: str
    grants: frozenset[str]
    enrolled: bool
    last_step: int = 0
    failures: int = 0
    locked_until: datetime | None = None
    removed: bool = False


def check_password_strength(password: str) -> None:
    """Raises WeakPassword."""
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise WeakPassword(
            f"Use at least {PASSWORD_CHARACTERS_MIN} characters",
            errors={"password": [f"At least {PASSWORD_CHARACTERS_MIN} characters"]},
        )
