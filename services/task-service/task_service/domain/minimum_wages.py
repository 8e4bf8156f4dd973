"""Minimum wages an hour, from a dated table with its sources (minimum_wages.json beside this).

Amounts are compared in their own currency alone: exchange rates are nothing this service knows.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from crowdloom.kernel import Money

_TABLE = Path(__file__).with_name("minimum_wages.json")


@dataclass(frozen=True)
class MinimumWage:
    """`country` is an ISO 3166 code; `since` the day from which the amount holds."""

    country: str
    hourly: Money
    since: date
    source: str

    def share_of(self, hourly: Money) -> float | None:
        """What part of it an hourly pay is, 1.0 being as much; None in another currency."""
        if hourly.currency is not self.hourly.currency:
            return None
        return hourly.units / self.hourly.units


@cache
def minimum_wages() -> dict[str, MinimumWage]:
    """By country, in the table's order."""
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))["wages"]
    return {
        row["country"]: MinimumWage(
            country=row["country"],
            hourly=Money.of_minor(row["amount_minor"], row["currency"]),
            since=date.fromisoformat(row["since"]),
            source=row["source"],
        )
        for row in rows
    }
