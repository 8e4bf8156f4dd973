"""How much VAT comes on a requester's fees, and telling task-service when that changes."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from crowdloom.chassis.store import Store
from crowdloom.contracts.payment import VatSet
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import RequesterId

from payment_service.application.ports import Session
from payment_service.domain.vat import NO_VAT, Vat


def vat_of(session: Session, requester_id: RequesterId, at: datetime) -> Vat:
    """What is due on fees that are fixed at this moment."""
    if not session.vat_rules.rates:
        return NO_VAT
    return session.vat_rules.of(session.invoices.profile(requester_id), at.date())


def tell_vat(session: Session, requester_id: RequesterId) -> bool:
    """Emit VatSet where it is not what was told last."""
    now = session.now()
    vat = vat_of(session, requester_id, now)
    if vat == session.invoices.told_vat(requester_id):
        return False
    session.invoices.note_told_vat(requester_id, vat)
    session.emit(
        VatSet(
            requester_id=requester_id,
            country=vat.country,
            basis_points=vat.basis_points,
            reverse_charge=vat.reverse_charge,
            set_at=now,
        )
    )
    return True


class TellVat:
    """A job: a rate begins on its day, or with a new configuration. Once a day, and at the start.

    `taxed` are the requesters that gave a country.
    """

    def __init__(
        self, store: Store[Session], taxed: Callable[[], Sequence[RequesterId]], *, clock: Clock
    ) -> None:
        self._store = store
        self._taxed = taxed
        self._clock = clock
        self._done: date | None = None

    def __call__(self) -> int | None:
        """Returns for how many it changed."""
        today = self._clock.now().date()
        if self._done == today:
            return None
        told = sum(self._tell(requester_id) for requester_id in self._taxed())
        self._done = today
        return told or None

    def _tell(self, requester_id: RequesterId) -> bool:
        return self._store.run(lambda session: tell_vat(session, requester_id))
