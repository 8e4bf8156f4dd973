"""A bounded memory of what was read a moment ago, for reads that may be a little old."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from crowdloom.kernel import Clock

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Kept(Generic[KeyT, ValueT]):
    """Values by key, at most `count_max` of them and none older than `age_max`; an age of nothing
    keeps none. For many threads. What a value decides must not matter while it is that old.
    """

    def __init__(self, *, clock: Clock, age_max: timedelta, count_max: int) -> None:
        self._clock = clock
        self._age_max = age_max
        self._count_max = count_max
        self._values: OrderedDict[KeyT, tuple[datetime, ValueT]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: KeyT, load: Callable[[], ValueT]) -> ValueT:
        """The value, read by `load` where there is none that is young enough. Two threads may read
        the same at the same moment; neither waits for the other.
        """
        now = self._clock.now()
        with self._lock:
            found = self._values.get(key)
        if found is not None and now - found[0] < self._age_max:
            return found[1]
        value = load()
        if self._age_max:
            self._put(key, now, value)
        return value

    def _put(self, key: KeyT, now: datetime, value: ValueT) -> None:
        with self._lock:
            self._values[key] = (now, value)
            self._values.move_to_end(key)
            while len(self._values) > self._count_max:
                self._values.popitem(last=False)
