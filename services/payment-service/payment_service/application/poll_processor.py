"""Follow the processor's books: a poll with an overlapping window, hurried by webhooks.

Webhooks are hints and may be lost, doubled or late; what is booked comes from the polled lines.
"""

from datetime import datetime, timedelta

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock

from payment_service.application.book_lines import BookLines
from payment_service.application.follow_connected import FollowConnected
from payment_service.application.payees import RefreshPayees
from payment_service.application.ports import Hint, Session
from payment_service.application.processor import PaymentProcessor
from payment_service.domain.payouts import RunStatus

AT_REST = timedelta(seconds=10)
OVERLAP = timedelta(minutes=10)
WIDE_OVERLAP = timedelta(hours=48)
_WIDE_EVERY = timedelta(minutes=30)
_OPEN_FOR = timedelta(minutes=30)
_UNSETTLED_EVERY = timedelta(seconds=30)
_NOTED_EVERY = timedelta(seconds=15)
_HINTS_MAX = 100
_CHECKOUT_EXPIRED = "checkout.session.expired"
_ACCOUNT = "v2.core.account"


class PollProcessor:
    """A job, run every second: polls at once while something is open, gently while nothing is."""

    def __init__(
        self,
        store: Store[Session],
        processor: PaymentProcessor,
        *,
        book_lines: BookLines,
        refresh_payees: RefreshPayees,
        clock: Clock,
    ) -> None:
        self._store = store
        self._processor = processor
        self._book_lines = book_lines
        self._refresh_payees = refresh_payees
        self._clock = clock
        self.follow_connected = FollowConnected(store, processor, clock=clock)
        self._due = self._wide_due = self._unsettled_due = clock.now()
        self._hints_since = clock.now() - AT_REST
        self._noted_at: datetime | None = None

    def __call__(self) -> int | None:
        """Does nothing until due. Raises ProcessorUnavailable."""
        now = self._clock.now()
        hints = self._store.run(lambda s: s.hints.pending(_HINTS_MAX))
        if not hints and now < self._due and not self._something_is_open(now):
            return None
        self._due = now + AT_REST
        booked = self.catch_up()
        self._refresh_payees()
        self.follow_connected()
        self._take_hints(now)
        return 1 if booked else None

    def catch_up(self) -> int:
        """Book every line of the window; returns how many were new."""
        now = self._clock.now()
        newest = self._store.run(lambda session: session.lines.newest_created())
        overlap = OVERLAP
        if now >= self._wide_due:
            overlap, self._wide_due = WIDE_OVERLAP, now + _WIDE_EVERY
        since = None if newest is None else newest - overlap
        lines = list(self._processor.lines_since(since))
        booked = self._book_lines(lines) + self._settle_old(now)
        # The newest line that we know is in the window: an answer without it is no answer.
        if newest is None or any(line.created_at >= newest for line in lines):
            self._note_complete(now)
        return booked

    def _note_complete(self, moment: datetime) -> None:
        if self._noted_at is None or moment - self._noted_at >= _NOTED_EVERY:
            self._store.run(lambda session: session.lines.note_complete(moment))
            self._noted_at = moment

    def _settle_old(self, now: datetime) -> int:
        """Lines that were pending when last seen, and may have left the window since."""
        if now < self._unsettled_due:
            return 0
        self._unsettled_due = now + _UNSETTLED_EVERY
        waiting = self._store.run(lambda session: session.lines.unsettled_ids(_HINTS_MAX))
        return self._book_lines(self._processor.line(each) for each in waiting)

    def _something_is_open(self, now: datetime) -> bool:
        def work(session: Session) -> bool:
            since = now - _OPEN_FOR
            return (
                session.top_ups.any_open_since(since)
                or bool(session.payees.pending_since(since, 1))
                or session.refunds.any_open()
                or bool(session.payout_runs.listed(1, status=RunStatus.EXECUTING))
            )

        return self._store.run(work)

    def _take_hints(self, now: datetime) -> None:
        if now >= self._hints_since + AT_REST:
            lost = list(self._processor.hints_since(self._hints_since - OVERLAP))
            self._store.run(lambda s: [s.hints.add(hint, now) for hint in lost])
            self._hints_since = now
        pending = self._store.run(lambda s: s.hints.pending(_HINTS_MAX))
        for hint in pending:
            self._follow(hint)
        done = {hint.event_id for hint in pending}
        if done:
            self._store.run(lambda s: s.hints.mark_handled(done, now))

    def _follow(self, hint: Hint) -> None:
        if hint.kind == _CHECKOUT_EXPIRED:
            self._expire_top_up(hint.object_id)
        elif hint.kind.startswith(_ACCOUNT):
            payee = self._store.run(lambda s: s.payees.by_account(hint.object_id))
            if payee is not None:
                self._refresh_payees.refresh(payee)

    def _expire_top_up(self, checkout_id: str) -> None:
        top_up = self._store.run(lambda s: s.top_ups.by_checkout(checkout_id))
        if top_up is None or not self._processor.checkout_expired(checkout_id):
            return
        self._store.run(lambda s: s.top_ups.expire(top_up.top_up_id))


class ReceiveHint:
    """The webhook endpoint's use case: check the signature, keep the event once, answer."""

    def __init__(self, store: Store[Session], processor: PaymentProcessor, clock: Clock) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock

    def __call__(self, payload: bytes, signature: str) -> bool:
        """Returns whether the event is new. Raises ForgedWebhook."""
        hint = self._processor.read_webhook(payload, signature)
        return self._store.run(lambda session: session.hints.add(hint, self._clock.now()))
