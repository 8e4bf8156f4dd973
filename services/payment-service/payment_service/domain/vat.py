"""VAT on our fees: by the requester's country and the day, as dated configuration."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.money import BASIS_POINTS

_COUNTRY = re.compile(r"[A-Z]{2}")
_NUMBER = re.compile(r"[A-Z0-9]{4,20}")
_PUNCTUATION = re.compile(r"[\s.\-/]+")
_FOR = ":"
_POINTS_A_PERCENT = 100


@dataclass(frozen=True)
class Vat:
    """What holds for one requester: in whose country, and how much of the fee. Under
    `reverse_charge` a business elsewhere owes it itself. No country: none is due.
    """

    country: str = ""
    basis_points: int = 0
    reverse_charge: bool = False

    def on(self, fee: Money) -> Money:
        """Half a unit up, at the ledger's scale."""
        return fee.share(self.basis_points)

    @property
    def percent(self) -> str:
        """`19 %`, `5.5 %`."""
        return f"{self.basis_points / _POINTS_A_PERCENT:g} %"

    @property
    def note(self) -> str:
        """As an entry tells of it: `DE:1900`, `FR:0` where it is the requester's own."""
        return f"{self.country}{_FOR}{self.basis_points}" if self.country else ""


NO_VAT = Vat()


def read_note(note: str) -> Vat:
    """The opposite of `note`."""
    country, _, basis_points = note.partition(_FOR)
    units = int(basis_points or 0)
    return Vat(country, units, reverse_charge=bool(country) and not units)


@dataclass(frozen=True)
class DatedRate:
    """From a day on, until a later one of the same country."""

    country: str
    since: date
    basis_points: int


@dataclass(frozen=True)
class BillingProfile:
    """Where a requester is taxed; a number says that it is a business."""

    country: str = ""
    vat_number: str = ""


NOWHERE = BillingProfile()


@dataclass(frozen=True)
class VatRules:
    """`home` is the platform's own country."""

    home: str = ""
    rates: tuple[DatedRate, ...] = ()

    def of(self, profile: BillingProfile, day: date) -> Vat:
        """What is due on a fee that is fixed on this day."""
        known = [
            rate for rate in self.rates if rate.country == profile.country and rate.since <= day
        ]
        if not known:
            return NO_VAT
        rate = max(known, key=lambda one: one.since)
        if not rate.basis_points:
            return NO_VAT
        if profile.vat_number and profile.country != self.home:
            return Vat(profile.country, reverse_charge=True)
        return Vat(profile.country, rate.basis_points)


def read_rates(texts: Iterable[str]) -> tuple[DatedRate, ...]:
    """Each `DE:2021-01-01:1900`: a country, the first day, and basis points. Raises ValueError."""
    return tuple(_rate(text) for text in texts)


def _rate(text: str) -> DatedRate:
    try:
        country, day, units = text.strip().split(":")
        rate = DatedRate(country, date.fromisoformat(day), int(units))
    except ValueError as error:
        raise ValueError(f"{text!r} is no rate") from error
    if not _COUNTRY.fullmatch(country) or not 0 <= rate.basis_points <= BASIS_POINTS:
        raise ValueError(f"{text!r} is no rate")
    return rate


def checked_profile(country: str, vat_number: str) -> BillingProfile:
    """Raises InvalidInput naming the fields."""
    profile = BillingProfile(country.strip().upper(), _PUNCTUATION.sub("", vat_number).upper())
    errors = {}
    if profile.country and not _COUNTRY.fullmatch(profile.country):
        errors["country"] = ["Two letters, as DE"]
    if profile.vat_number and not _NUMBER.fullmatch(profile.vat_number):
        errors["vat_number"] = ["Four to twenty letters and digits, as DE123456789"]
    elif profile.vat_number and not profile.country:
        errors["country"] = ["A VAT number belongs to a country"]
    if errors:
        raise InvalidInput("That cannot be printed on an invoice", errors=errors)
    return profile
