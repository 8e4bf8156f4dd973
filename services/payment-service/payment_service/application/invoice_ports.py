"""What invoices need of the outside world. The same contract as in `ports`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from crowdloom.kernel import Currency
from crowdloom.kernel.ids import RequesterId

from payment_service.domain.invoices import Invoice, InvoiceLine
from payment_service.domain.vat import BillingProfile, Vat


class Invoices(Protocol):
    def add(self, invoice: Invoice) -> None:
        """Never changed afterwards. Fails where the number, or the requester's month, is there."""
        ...

    def last_number(self) -> int:
        """0 where there is none yet."""
        ...

    def get(self, number: int) -> Invoice | None: ...

    def has(self, requester_id: RequesterId, period: str, currency: Currency) -> bool: ...

    def billed_to(self, requester_id: RequesterId) -> str:
        """Name and address for invoices to come; empty where none was given."""
        ...

    def set_billed_to(self, requester_id: RequesterId, text: str) -> None: ...

    def profile(self, requester_id: RequesterId) -> BillingProfile:
        """Where the requester is taxed; nowhere where that was not said."""
        ...

    def set_profile(self, requester_id: RequesterId, profile: BillingProfile) -> None: ...

    def told_vat(self, requester_id: RequesterId) -> Vat:
        """What task-service was told last; none before that."""
        ...

    def note_told_vat(self, requester_id: RequesterId, vat: Vat) -> None: ...

    def taxed(self) -> Sequence[RequesterId]:
        """Those who gave a country."""
        ...


class FeeBooks(Protocol):
    """What was booked as fees, outside of transactions. Reads a month of the journal."""

    def fees(
        self, since: datetime, until: datetime
    ) -> Sequence[tuple[RequesterId, Currency, Sequence[InvoiceLine]]]:
        """Of entries booked from `since` to before `until`: each requester's batches; without
        titles.
        """
        ...
