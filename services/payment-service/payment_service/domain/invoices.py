"""Invoices of our fees: one a requester, month and currency, without gaps, never changed."""

from dataclasses import dataclass
from datetime import UTC, datetime

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, RequesterId

from payment_service.domain.vat import NO_VAT, NOWHERE, BillingProfile, Vat

BILLED_TO_CHARACTERS_MAX = 500
_NUMBER_DIGITS, _NUMBER_DIGITS_MAX = 6, 12
_MONTHS = 12


@dataclass(frozen=True)
class InvoiceLine:
    """What a batch cost in the month at one rate of VAT: `rewards` went to workers, `fees` are
    ours, and `vat` is on them.
    """

    batch_id: BatchId
    title: str
    count: int
    rewards: Money
    fees: Money
    vat: Money
    tax: Vat = NO_VAT


@dataclass(frozen=True)
class Invoice:
    """`period` is a month, `2026-10`; `billed_to` is what the requester wanted to be called then.
    All of it was paid from the wallet when the work was accepted.
    """

    number: int
    requester_id: RequesterId
    period: str
    currency: Currency
    issued_at: datetime
    issuer: str
    billed_to: str
    lines: tuple[InvoiceLine, ...]
    profile: BillingProfile = NOWHERE

    @property
    def name(self) -> str:
        """As it is printed, and as it is asked for."""
        return f"INV-{self.number:0{_NUMBER_DIGITS}d}"

    @property
    def fees(self) -> Money:
        return sum((line.fees for line in self.lines), Money.zero(self.currency))

    @property
    def vat(self) -> Money:
        return sum((line.vat for line in self.lines), Money.zero(self.currency))

    @property
    def total(self) -> Money:
        """Fees with their VAT."""
        return self.fees + self.vat

    @property
    def by_rate(self) -> list[tuple[Vat, Money, Money]]:
        """Each rate with the fees it is on and the VAT on them; empty where none is due."""
        rates = sorted({line.tax for line in self.lines if line.tax.country}, key=str)
        return [(rate, *self._at(rate)) for rate in rates]

    @property
    def is_reverse_charged(self) -> bool:
        """Whether the requester owes the VAT on some of it itself: the invoice has to say so."""
        return any(line.tax.reverse_charge for line in self.lines)

    def _at(self, rate: Vat) -> tuple[Money, Money]:
        lines, nothing = [n for n in self.lines if n.tax == rate], Money.zero(self.currency)
        return sum((n.fees for n in lines), nothing), sum((n.vat for n in lines), nothing)

    @property
    def rewards(self) -> Money:
        return sum((line.rewards for line in self.lines), Money.zero(self.currency))


def number_of(name: str) -> int | None:
    """The number of a printed name; None where it is none."""
    head, _, digits = name.partition("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) < _NUMBER_DIGITS_MAX
    return int(digits) if head == "INV" and plain else None


def month_before(now: datetime) -> tuple[str, datetime, datetime]:
    """The last whole month, in UTC: its name, its beginning and its end."""
    end = datetime(now.year, now.month, 1, tzinfo=UTC)
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, _MONTHS)
    beginning = datetime(year, month, 1, tzinfo=UTC)
    return f"{beginning:%Y-%m}", beginning, end


def checked_billed_to(text: str) -> str:
    """Raises InvalidInput."""
    tidy = "\n".join(line.strip() for line in text.strip().splitlines() if line.strip())
    if len(tidy) > BILLED_TO_CHARACTERS_MAX or "\0" in tidy:
        sentence = f"At most {BILLED_TO_CHARACTERS_MAX} characters"
        raise InvalidInput(sentence, errors={"billed_to": [sentence]})
    return tidy
