"""What the present request or event is part of, for every log line and every event it leads to."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

from crowdloom.contracts import Cause

_CAUSE: ContextVar[Cause | None] = ContextVar("crowdloom_cause", default=None)


def current_cause(fallback_id: str) -> Cause:
    """The cause in force, or one that begins with `fallback_id` where nothing is under way."""
    return _CAUSE.get() or Cause(correlation_id=fallback_id)


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    """Put every event and log line inside the block under `cause`."""
    token = _CAUSE.set(cause)
    with structlog.contextvars.bound_contextvars(
        correlation_id=cause.correlation_id, causation_id=cause.causation_id
    ):
        try:
            yield
        finally:
            _CAUSE.reset(token)
