"""The chart as an accounting package sees it: one control account per kind, without anybody's id.

A package takes whole minor units, and the ledger is finer. What was exported of an account is
always its balance rounded, so that roundings never add up; what rounding leaves over goes to the
accounts whose fraction is largest (the largest remainder method, as in apportionment), so that
each day's journal balances.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crowdloom.kernel import Currency
from crowdloom.kernel.money import UNITS_PER_MINOR

# Numbers short enough for the packages that want a code for each account (ten characters).
NUMBERS = {
    "asset:stripe:pending": 1010,
    "asset:stripe:available": 1020,
    "asset:stripe:reserved": 1030,
    "asset:bank": 1100,
    "asset:transit": 1200,
    "asset:dispute": 1300,
    "asset:receivable:requester": 1400,
    "asset:receivable:worker": 1410,
    "asset:suspense": 1900,
    "clearing:fx": 1950,
    "liability:requester:wallet": 2010,
    "liability:requester:escrow": 2020,
    "liability:requester:refunding": 2030,
    "liability:worker:clearing": 2110,
    "liability:worker:payable": 2120,
    "liability:worker:held": 2130,
    "liability:payout": 2200,
    "liability:gift": 2250,
    "liability:tax:vat": 2300,
    "liability:tax:withheld": 2310,
    "equity:opening": 3000,
    "income:fee:platform": 4010,
    "income:fee:bonus": 4020,
    "income:fee:payout": 4030,
    "income:interest": 4100,
    "expense:stripe:processing": 5010,
    "expense:stripe:connect": 5020,
    "expense:stripe:dispute": 5030,
    "expense:stripe:fx": 5040,
    "expense:loss:chargeback": 5110,
    "expense:loss:fraud": 5120,
    "expense:loss:writeoff": 5130,
    "expense:goodwill": 5200,
    "expense:bank": 5300,
}
_PEOPLE = ("liability:requester:", "liability:worker:")


@dataclass(frozen=True)
class Movement:
    """`units` are debit minus credit, at the ledger's scale; `day` is ISO."""

    day: str
    account: str
    currency: Currency
    units: int


@dataclass(frozen=True)
class DayJournal:
    """A day in one currency: control account -> debit minus credit in minor units; sums to 0."""

    day: str
    currency: Currency
    lines: Mapping[str, int]


def control_of(path: str) -> str:
    """The control account of a path of the chart. Raises KeyError for another path."""
    name = path.rpartition(":")[0]
    if name.startswith(_PEOPLE):
        side, kind, _, part = name.split(":")[:4]
        name = f"{side}:{kind}:{part}"
    while name not in NUMBERS:
        if ":" not in name:
            raise KeyError(path)
        name = name.rpartition(":")[0]
    return name


def code_of(control: str, currency: Currency) -> str:
    return f"{NUMBERS[control]}-{currency.code}"


def days(opening: Mapping[str, int], movements: Iterable[Movement]) -> Iterator[DayJournal]:
    """One journal a day and currency. `opening` is each path's balance before; days ascend."""
    sums: dict[Currency, Counter[str]] = {}
    for path, units in opening.items():
        currency = Currency.of(path.rpartition(":")[2])
        sums.setdefault(currency, Counter())[control_of(path)] += units
    day, moved = "", dict[Currency, Counter[str]]()
    for movement in movements:
        if movement.day != day:
            yield from _closed(day, moved, sums)
            day, moved = movement.day, {}
        of_currency = moved.setdefault(movement.currency, Counter())
        of_currency[control_of(movement.account)] += movement.units
    yield from _closed(day, moved, sums)


def _closed(
    day: str, moved: Mapping[Currency, Counter[str]], sums: dict[Currency, Counter[str]]
) -> Iterator[DayJournal]:
    for currency in sorted(moved, key=lambda one: one.code):
        of_currency = sums.setdefault(currency, Counter())
        before = _rounded(of_currency)
        of_currency.update(moved[currency])
        changes = {
            control: minor - before.get(control, 0)
            for control, minor in _rounded(of_currency).items()
        }
        lines = {control: change for control, change in changes.items() if change}
        if lines:
            yield DayJournal(day, currency, lines)


def _rounded(sums: Mapping[str, int]) -> Mapping[str, int]:
    """Whole minor units of sum 0, each less than one from the exact amount; by number."""
    ordered = sorted(sums, key=NUMBERS.__getitem__)
    whole = {control: sums[control] // UNITS_PER_MINOR for control in ordered}
    by_fraction = sorted(ordered, key=lambda control: -(sums[control] % UNITS_PER_MINOR))
    for control in by_fraction[: -sum(whole.values())]:
        whole[control] += 1
    return whole
