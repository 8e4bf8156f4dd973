"""The processor's own lines, as we keep them: balance transactions and transfers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crowdloom.kernel import Currency, Money


@dataclass(frozen=True)
class BalanceTransaction:
    """One line of the processor's books. `gross` - `fee` = `net`; money out is negative.

    `metadata` is the source object's: it says what we made the charge or transfer for.
    """

    transaction_id: str
    kind: str
    source_id: str
    gross: Money
    fee: Money
    net: Money
    available: bool
    available_on: datetime
    created_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def currency(self) -> Currency:
        return self.net.currency

    @property
    def moves_nothing(self) -> bool:
        """Such a line is kept, but there is nothing an entry could say of it."""
        return not (self.gross or self.fee or self.net)


@dataclass(frozen=True)
class Transfer:
    """Money the processor moved to a worker's account."""

    transfer_id: str
    amount: Money
    destination: str
    group: str
    metadata: Mapping[str, str]
    reversed_minor: int = 0


@dataclass(frozen=True)
class ProcessorBalance:
    """What the processor holds for us in one currency."""

    available: Money
    pending: Money
