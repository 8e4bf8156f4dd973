"""Compare what task-service counted as accepted with what its events said, batch by batch and day
by day: an event that was lost or taken twice shows here and nowhere else.
"""

from crowdloom.chassis.store import Store
from crowdloom.contracts import Envelope
from crowdloom.contracts.task import BatchTotals

from payment_service.application.ports import Session
from payment_service.domain.controls import Told, apart, slots_apart

_KEY = "control:"


def note_totals(envelope: Envelope, session: Session) -> None:
    """They come after whatever they count, in order: so a difference is one for good."""
    event = envelope.of(BatchTotals)
    told = Told(
        event.batch_id,
        event.on,
        event.accepted_count,
        event.overturned_count,
        event.rewards,
        event.as_of,
        event.slot_count,
        event.unsettled_slot_count,
    )
    if session.task_totals.keep(told):
        session.settle_staged()
        _compare(session, told)


class CompareTotals:
    """A job: look again at what differed. Returns how many came to agree."""

    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self) -> int:
        def work(session: Session) -> int:
            keys = session.exceptions.open_keys(_KEY)
            for key in keys:
                told = session.task_totals.get(key.removeprefix(_KEY))
                if told is not None:
                    _compare(session, told)
            return len(keys) - len(session.exceptions.open_keys(_KEY))

        return self._store.run(work)


def _compare(session: Session, told: Told) -> None:
    heard = session.task_totals.heard(told)
    difference = apart(told, heard) or slots_apart(told, heard)
    key = f"{_KEY}{told.key}"
    if difference is None:
        session.exceptions.resolve(key, resolution="no_longer_differs")
    else:
        session.exceptions.open(
            key=key,
            kind="control_differs",
            subject=told.batch_id,
            facts={"batch": told.batch_id, "on": told.on, "difference": difference},
        )
