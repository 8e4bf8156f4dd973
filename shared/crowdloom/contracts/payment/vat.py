"""VAT on our fees. Open to task-service: names no worker."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.payment.funding import OWNER, TOPIC
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import RequesterId


@event(
    "payment.vat.set.v1",
    owner=OWNER,
    topic=TOPIC,
    key="requester_id",
    example={
        "requester_id": ex.REQUESTER,
        "country": "DE",
        "basis_points": 1900,
        "reverse_charge": False,
        "set_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class VatSet(Event):
    """So much VAT comes on our fees for what this requester publishes from now on; what is
    published keeps its own. Under `reverse_charge` the requester owes it itself, and we add none.
    """

    requester_id: RequesterId
    country: str
    basis_points: int
    reverse_charge: bool
    set_at: datetime
