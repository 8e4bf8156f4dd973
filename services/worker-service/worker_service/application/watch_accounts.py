"""What an operator sees of new accounts: how many came from one address lately, as evidence.

The address itself is not known: a mark stands for it that is another one each hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from worker_service.application.ports import RegistrationLimit, SourceCount

_SOURCES_MAX = 50


@dataclass(frozen=True)
class AccountsNow:
    """Of the last two hours; the sources with most accounts first. `free_per_hour` of one come
    without an effort (0: all), more than `per_hour_max` are refused.
    """

    sources: Sequence[SourceCount]
    account_count: int
    free_per_hour: int
    per_hour_max: int


class WatchAccounts:
    def __init__(self, limit: RegistrationLimit, *, free_per_hour: int, per_hour_max: int) -> None:
        self._limit = limit
        self._free_per_hour = free_per_hour
        self._per_hour_max = per_hour_max

    def __call__(self) -> AccountsNow:
        counted = self._limit.counted()
        many = sorted(counted, key=lambda one: (-one.count, one.mark))[:_SOURCES_MAX]
        return AccountsNow(
            sources=[one for one in many if one.count > 1],
            account_count=sum(one.count for one in counted),
            free_per_hour=self._free_per_hour,
            per_hour_max=self._per_hour_max,
        )
