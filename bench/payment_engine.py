"""payment-service for the benches, upon an engine or in memory, beside the simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from crowdloom.kernel import Clock, SystemClock
from payment_service.bootstrap import Application, build

from proofs.money.processor import Processor
from proofs.money.world import settings_of

DATABASE = "payment-service"
CURRENCY = "USD"


@contextmanager
def payment(
    client: Any,
    *,
    on_call: Callable[[str], None] = lambda _what: None,
    clock: Clock | None = None,
) -> Iterator[tuple[Application, Processor]]:
    """The service as its composition root builds it, migrated."""
    clock = clock or SystemClock()
    processor = Processor(clock, on_call)
    application = build(
        settings_of(CURRENCY, clearing_seconds=0),
        client=client,
        database=DATABASE,
        clock=clock,
        processor=processor.adapter(),
    )
    application.store.migrate_all()
    try:
        yield application, processor
    finally:
        processor.close()
