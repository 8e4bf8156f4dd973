"""What is taken from a payout before it is sent: our fee, and tax that is withheld."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.money import BASIS_POINTS

from payment_service.domain.payouts import Rail
from payment_service.domain.people import Payee
from payment_service.domain.vat import DatedRate

# An IBAN begins with its country.
_COUNTRY_CHARACTERS = 2


@dataclass(frozen=True)
class PayoutFee:
    """For each payout by a rail, in a currency's minor units."""

    rail: Rail
    currency: Currency
    minor: int


@dataclass(frozen=True)
class Deductions:
    """Of `gross`, which was payable, `arrives` is sent."""

    gross: Money
    fee: Money
    withheld: Money
    country: str = ""

    @property
    def arrives(self) -> Money:
        return self.gross - self.fee - self.withheld


@dataclass(frozen=True)
class PayoutRules:
    """`withholding` is by where a worker is paid; `processor_country` is the only one that the
    processor pays to.
    """

    fees: tuple[PayoutFee, ...] = ()
    withholding: tuple[DatedRate, ...] = ()
    processor_country: str = ""

    def of(self, payee: Payee, gross: Money, day: date) -> Deductions:
        """For a payout that is planned on this day; whole minor units, as a rail moves them."""
        fee = sum(
            known.minor
            for known in self.fees
            if (known.rail, known.currency) == (payee.rail, gross.currency)
        )
        country = country_of(payee, self.processor_country)
        points = self._points(country, day)
        withheld = (gross.minor * points * 2 + BASIS_POINTS) // (2 * BASIS_POINTS)
        return Deductions(
            gross,
            Money.of_minor(fee, gross.currency),
            Money.of_minor(withheld, gross.currency),
            country if withheld else "",
        )

    def _points(self, country: str, day: date) -> int:
        known = [r for r in self.withholding if r.country == country and r.since <= day]
        return max(known, key=lambda one: one.since).basis_points if known else 0


def country_of(payee: Payee, processor_country: str) -> str:
    """Where a worker is paid: by the bank account, or by the only country that the processor pays
    to. Empty where that is not known.
    """
    if payee.rail is Rail.STRIPE:
        return processor_country.upper() if payee.account_id else ""
    return payee.bank.shown[:_COUNTRY_CHARACTERS] if payee.bank is not None else ""


def read_fees(texts: Iterable[str]) -> tuple[PayoutFee, ...]:
    """Each `bank_file:EUR:35`: a rail, a currency, and minor units. Raises ValueError."""
    return tuple(_fee(text) for text in texts)


def _fee(text: str) -> PayoutFee:
    try:
        rail, code, minor = text.strip().split(":")
        fee = PayoutFee(Rail(rail), Currency[code], int(minor))
    except (ValueError, KeyError) as error:
        # Of several in a setting the reader wants to know which one.
        raise ValueError(f"{text!r} is no fee") from error
    if fee.minor < 0:
        raise ValueError(f"{text!r} is no fee")
    return fee
