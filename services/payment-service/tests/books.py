"""What must hold of the books at any moment, whatever happened before."""

from collections import defaultdict
from typing import Any

from payment_service.bootstrap import Application
from payment_service.domain.chart import is_guarded


def check(application: Application) -> None:
    """Sum zero per currency; guarded balances equal their lines and never fell below zero."""
    sums: dict[str, int] = defaultdict(int)
    for row in application.journal.trial_balance():
        sums[row.currency.code] += row.signed
    assert not any(sums.values()), sums
    kept = {path: money.units for path, money in application.journal.kept_balances().items()}
    summed = balances(application)
    apart = {
        path: (kept.get(path, 0), summed.get(path, 0))
        for path in kept | summed
        if kept.get(path, 0) != summed.get(path, 0)
    }
    assert not apart, apart
    assert all(units >= 0 for units in kept.values()), kept


def balances(application: Application) -> dict[str, int]:
    """Guarded account -> the sum of its lines on its natural side."""
    return {
        row.path: -row.signed for row in application.journal.trial_balance() if is_guarded(row.path)
    }


def entries(application: Application, code: str) -> list[Any]:
    return list(application.journal.entries(count_max=10_000, code=code))


def total(application: Application, code: str) -> int:
    """Units moved by all entries of a code."""
    return sum(entry.total for entry in entries(application, code))
