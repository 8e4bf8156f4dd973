"""Issue the invoices of a month that is over, and keep what is printed on those to come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency
from crowdloom.kernel.ids import RequesterId

from payment_service.application.invoice_ports import FeeBooks
from payment_service.application.ports import Session
from payment_service.application.vat import tell_vat
from payment_service.domain.invoices import Invoice, InvoiceLine, checked_billed_to, month_before
from payment_service.domain.vat import checked_profile

# What was begun before midnight is booked by then.
_SETTLED_AFTER = timedelta(hours=1)


class IssueInvoices:
    """A job: nothing to do until an hour after a month's end, and once in each after that.

    Entries are never booked into the past, so that a month that is over does not change.
    """

    def __init__(
        self, store: Store[Session], books: FeeBooks, *, clock: Clock, issuer: str
    ) -> None:
        self._store = store
        self._books = books
        self._clock = clock
        self._issuer = issuer
        self._done = ""

    def __call__(self) -> int | None:
        """Returns how many were issued."""
        now = self._clock.now()
        period, beginning, end = month_before(now)
        if self._done == period or now < end + _SETTLED_AFTER:
            return None
        issued = [
            self._issue(requester_id, period, currency, lines)
            for requester_id, currency, lines in self._books.fees(beginning, end)
        ]
        self._done = period
        return sum(issued) or None

    def _issue(
        self,
        requester_id: RequesterId,
        period: str,
        currency: Currency,
        lines: Sequence[InvoiceLine],
    ) -> bool:
        """The number is taken in the transaction that keeps the invoice: so there are no gaps."""

        def work(session: Session) -> bool:
            if session.invoices.has(requester_id, period, currency):
                return False
            books = session.batches.many({line.batch_id for line in lines})
            titled = [
                replace(line, title=books[line.batch_id].title or "")
                for line in lines
                if line.batch_id in books
            ]
            session.invoices.add(
                Invoice(
                    number=session.invoices.last_number() + 1,
                    requester_id=requester_id,
                    period=period,
                    currency=currency,
                    issued_at=session.now(),
                    issuer=self._issuer,
                    billed_to=session.invoices.billed_to(requester_id),
                    lines=tuple(titled),
                    profile=session.invoices.profile(requester_id),
                )
            )
            return True

        return self._store.run(work)


class SetBilledTo:
    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(
        self, requester_id: RequesterId, text: str, *, country: str = "", vat_number: str = ""
    ) -> str:
        """For invoices to come, and for what is published from now on; what is there stays as it
        is. Raises InvalidInput.
        """
        tidy, profile = checked_billed_to(text), checked_profile(country, vat_number)

        def work(session: Session) -> None:
            session.invoices.set_billed_to(requester_id, tidy)
            session.invoices.set_profile(requester_id, profile)
            tell_vat(session, requester_id)

        self._store.run(work)
        return tidy
