"""From which sum on authorities are told of a worker, as dated configuration."""

from datetime import date

from crowdloom.kernel import Money

# Form 1099-NEC of the United States: from the first day of a year on.
_NEC_FROM = (
    (date(2026, 1, 1), Money.of_minor(200_000, "USD")),
    (date(1954, 1, 1), Money.of_minor(60_000, "USD")),
)


def told_from(country: str, year: int) -> Money | None:
    """The sum of a year from which on a worker of the country is told about; None where there is
    no such rule here.
    """
    if country != "US":
        return None
    first = date(year, 1, 1)
    return next((amount for since, amount in _NEC_FROM if first >= since), None)
