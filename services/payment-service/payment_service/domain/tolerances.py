"""Tolerance rules: which small differences of a bank are booked by themselves, and where to.

A rule is proposed by one person and approved by another. Without a rule nothing is tolerated.
"""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput

from payment_service.domain.bank_statements import BankLine, plain

# Whole lines, such as a monthly fee; or what a bank keeps of the processor's payout to us.
LINE, SWEEP_FEE = "line", "sweep_fee"
TOLERANCE_KINDS = (LINE, SWEEP_FEE)
MAXIMUM_MINOR = 10_000


class RuleRefused(InvalidInput):
    """Some of the rule's own fields are not as they must be."""


@dataclass(frozen=True)
class Tolerance:
    """`contains` is looked for in the line's text, other party and references; `account` takes the
    amount, which is at most `maximum`.
    """

    rule_id: str
    account_id: str
    kind: str
    contains: str
    maximum: Money
    account: str
    approved_by: str
    approved_at: datetime

    def covers(self, account_id: str, line: BankLine, amount: Money) -> bool:
        """Whether `amount`, the line's or what is missing of it, is within the rule."""
        if account_id != self.account_id or amount.currency is not self.maximum.currency:
            return False
        said = plain(" ".join((line.text, line.counterparty, *line.references)))
        return plain(self.contains) in said and abs(amount.units) <= self.maximum.units
