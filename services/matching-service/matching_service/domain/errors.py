"""What matching-service refuses."""

from crowdloom.kernel.errors import Conflict, InvalidInput


class TooManyLeases(Conflict):
    """The worker holds as many items as one may hold."""

    code = "too_many_leases"


class AlreadyClaimed(Conflict):
    """The same claim was made at the same moment, and the other one won."""

    code = "already_claimed"


class SlotTaken(Exception):
    """The slot is not open any more, or the worker had the task before: another is to be tried."""


class Overtaken(Exception):
    """Another claim of the same worker was first: this one is to be decided anew."""


class ClaimKeyReused(InvalidInput):
    """The claim's key came before, for another batch."""

    code = "idempotency_key_reused"


class LeaseOver(Conflict):
    """The assignment is not held any more: submitted, given back or expired."""

    code = "lease_over"


class NoMoreTime(Conflict):
    """The lease was prolonged as often as it may be."""

    code = "no_more_time"
