"""Money: an integer number of units with a currency, never a float.

One unit is 10**-scale of the currency, where scale is the ISO 4217 exponent plus two: a hundredth
of a cent for USD. So a fee of 20 % on a one-cent task is exact. What meets a payment processor is
floored to the minor unit, and the rest stays where it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeGuard

from crowdloom.kernel.errors import DomainError

EXTRA_DIGITS = 2
UNITS_PER_MINOR: int = 10**EXTRA_DIGITS
BASIS_POINTS = 10_000
UNITS_MAX = 2**62


class InvalidMoney(DomainError):
    code = "invalid_money"


class WrongCurrency(DomainError):
    code = "wrong_currency"


class Currency(Enum):
    """ISO 4217 code and exponent (digits after the point of the minor unit)."""

    USD = ("USD", 2)
    EUR = ("EUR", 2)
    GBP = ("GBP", 2)
    CAD = ("CAD", 2)
    CHF = ("CHF", 2)
    SEK = ("SEK", 2)
    DKK = ("DKK", 2)
    NOK = ("NOK", 2)
    PLN = ("PLN", 2)
    CZK = ("CZK", 2)
    HUF = ("HUF", 2)
    RON = ("RON", 2)
    AUD = ("AUD", 2)
    ILS = ("ILS", 2)
    JPY = ("JPY", 0)
    KRW = ("KRW", 0)
    KWD = ("KWD", 3)
    TND = ("TND", 3)

    def __init__(self, code: str, exponent: int) -> None:
        self.code = code
        self.exponent = exponent

    @property
    def scale(self) -> int:
        """Digits after the point of one ledger unit."""
        return self.exponent + EXTRA_DIGITS

    @classmethod
    def of(cls, code: str) -> "Currency":
        try:
            return cls[code]
        except KeyError:
            raise WrongCurrency("%(currency)s is not a currency we handle", currency=code) from None


def _is_whole(amount: object) -> TypeGuard[int]:
    """A database gives what is above 2^31 as an int of a class of its own; true is one as well."""
    return isinstance(amount, int) and not isinstance(amount, bool)


@dataclass(frozen=True, order=False)
class Money:
    """`units` at the currency's ledger scale. Arithmetic keeps to one currency."""

    units: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.units) is not int:
            if not _is_whole(self.units):
                raise InvalidMoney("An amount is a whole number of units", units=repr(self.units))
            object.__setattr__(self, "units", int(self.units))
        if abs(self.units) > UNITS_MAX:
            raise InvalidMoney("The amount is too large", units=self.units)

    @classmethod
    def of_minor(cls, amount_minor: int, currency: Currency | str) -> "Money":
        known = currency if isinstance(currency, Currency) else Currency.of(currency)
        if not _is_whole(amount_minor):
            raise InvalidMoney("An amount is a whole number", amount_minor=repr(amount_minor))
        return cls(amount_minor * UNITS_PER_MINOR, known)

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        return cls(0, currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.units + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.units - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.units * count, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.units, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.units < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.units <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.units > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.units >= self._same(other)

    def __bool__(self) -> bool:
        return self.units != 0

    @property
    def minor(self) -> int:
        """Whole minor units, rounded towards minus infinity: what a processor can move."""
        return self.units // UNITS_PER_MINOR

    def floored_to_minor(self) -> "Money":
        return Money(self.minor * UNITS_PER_MINOR, self.currency)

    def share(self, basis_points: int) -> "Money":
        """Return basis_points / 10,000 of the amount, half a unit rounded up."""
        return Money(
            (self.units * basis_points * 2 + BASIS_POINTS) // (2 * BASIS_POINTS), self.currency
        )

    def to_wire(self) -> dict[str, object]:
        """`{"amount_minor", "currency"}`; with `scale` where the amount is finer than that."""
        if self.units % UNITS_PER_MINOR:
            return {
                "amount_minor": self.units,
                "scale": self.currency.scale,
                "currency": self.currency.code,
            }
        return {"amount_minor": self.minor, "currency": self.currency.code}

    @classmethod
    def from_wire(cls, wire: Mapping[str, object]) -> "Money":
        """Read what to_wire wrote. Raises InvalidMoney or WrongCurrency."""
        amount, code, scale = wire.get("amount_minor"), wire.get("currency"), wire.get("scale")
        if not _is_whole(amount) or not isinstance(code, str):
            raise InvalidMoney("Money is a whole amount_minor and a currency", value=repr(wire))
        currency = Currency.of(code)
        if scale is None:
            return cls.of_minor(amount, currency)
        if scale != currency.scale:
            raise InvalidMoney("%(currency)s has another scale", currency=code, scale=repr(scale))
        return cls(amount, currency)

    def __str__(self) -> str:
        """Plain digits for logs and files: `12.34 USD`, or `0.0020 USD` where it is finer."""
        digits = (
            self.currency.exponent if self.units % UNITS_PER_MINOR == 0 else self.currency.scale
        )
        number = abs(self.units) // 10 ** (self.currency.scale - digits)
        whole, rest = divmod(number, 10**digits)
        text = f"{whole}.{rest:0{digits}d}" if digits else str(whole)
        return f"{'-' if self.units < 0 else ''}{text} {self.currency.code}"

    def _same(self, other: "Money") -> int:
        if other.currency is not self.currency:
            raise WrongCurrency(
                "Amounts of two currencies cannot be combined",
                currency=other.currency.code,
            )
        return other.units
