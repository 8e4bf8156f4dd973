"""MongoDB with a transactional outbox and an inbox: state and the events that say so commit as one.

A service subclasses Session with its repositories and hands the class to MongoStore. Application
code sees `store.run(lambda session: ...)` and knows nothing of MongoDB.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import pymongo
from bson import Timestamp
from pymongo import ASCENDING, IndexModel, InsertOne, MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from crowdloom.chassis.context import current_cause
from crowdloom.chassis.dead_letters import DEAD_LETTER_INDEXES, DEAD_LETTERS
from crowdloom.chassis.held_writes import Held, Write, write_together
from crowdloom.chassis.idempotency import IDEMPOTENCY, IDEMPOTENCY_INDEXES, mark_committed
from crowdloom.chassis.running_sessions import (
    RUNNING_SESSIONS,
    RUNNING_SESSIONS_INDEXES,
    RunningSessions,
)
from crowdloom.contracts import Envelope, Event, envelope_of
from crowdloom.kernel import Clock, IdFactory, TransientError

Document = dict[str, Any]
MongoDatabase = Database[Document]

TRANSACTION_SECONDS_MAX = 5
"""Longest a transaction may take; the watermark of the relay counts on it."""

_MONGODB, _WIRE_VERSION_MIN = "8.0", 25
"""The first one with commands that write several collections at once."""

OUTBOX = "outbox"
INBOX = "inbox"


class DatabaseTooOld(RuntimeError):
    """Another server is needed, see docs/guides/engines.md."""


class Emits(Protocol):
    """The outbox as use cases see it. Does not block beyond the transaction it is part of."""

    def emit(self, *events: Event) -> None:
        """Publish the events if, and only if, the transaction commits; in this order per key."""
        ...


class MongoSession:
    """One transaction. Subclasses add repositories that pass `self.session` on to pymongo."""

    def __init__(
        self, database: MongoDatabase, session: ClientSession, *, clock: Clock, ids: IdFactory
    ) -> None:
        self.database = database
        # As pymongo takes it, so that a repository can also be used beside a transaction.
        self.session: ClientSession | None = session
        self._clock = clock
        self._ids = ids
        self._held: list[Held] = []
        self._to_outbox: list[Document] = []

    def emit(self, *events: Event) -> None:
        self._to_outbox += [outbox_row(self._envelope(event)) for event in events]

    def hold(
        self, write: Write, *, taken: Exception | None = None, missed: Exception | None = None
    ) -> None:
        """Have a write sent at the end, with whatever else is held. Only what this transaction does
        not read again; in `run`, only after a command of its own. At the end `taken` is raised
        where a unique index refuses it, `missed` where it is an update that found nothing.
        """
        self._held.append(Held(write, taken, missed))

    def finish(self) -> None:
        """Before the commit: a repository may hold writes back, to make one of many."""

    def write_held(self) -> None:
        """Just before the commit: what is held, and the events."""
        outbox, rows = self.database[OUTBOX], self._to_outbox
        if self._held and len(rows) == 1:
            self.hold(InsertOne(rows[0], namespace=outbox.full_name))
        elif len(rows) == 1:  # the common case, and the cheaper call
            outbox.insert_one(rows[0], session=self.session)
        elif rows:
            outbox.insert_many(rows, session=self.session)
        if self._held:
            write_together(self.database.client, self._held, self.session)

    def take_unhandled(self, event_ids: Sequence[str]) -> set[str]:
        """Note the events in the inbox and return those that had not been noted before."""
        found = self.database[INBOX].find(
            {"_id": {"$in": list(event_ids)}}, {"_id": 1}, session=self.session
        )
        fresh = set(event_ids) - {row["_id"] for row in found}
        if fresh:
            now = self._clock.now()
            rows: list[Document] = [
                {"_id": event_id, "handled_at": now} for event_id in sorted(fresh)
            ]
            self.database[INBOX].insert_many(rows, session=self.session)
        return fresh

    def _envelope(self, event: Event) -> Envelope:
        event_id = self._ids.new("event")
        return envelope_of(
            event, event_id=event_id, occurred_at=self._clock.now(), cause=current_cause(event_id)
        )


def outbox_row(envelope: Envelope) -> Document:
    """The outbox document of an event: all the relay needs, so that it interprets nothing."""
    return {
        "_id": envelope.event_id,
        "topic": envelope.topic,
        "key": envelope.key,
        "type": envelope.type.name,
        "headers": [[name, value] for name, value in envelope.headers()],
        "value": envelope.body(),
        "created_at": envelope.occurred_at,
        # An empty timestamp: MongoDB puts in the time of its own clock, which never goes back.
        # So what is written after another commit was seen sorts after it, however the clocks of
        # two web servers differ. (The embedded engine leaves it empty: one machine, one clock.)
        "written_at": Timestamp(0, 0),
        "pending": True,
    }


OUTBOX_ORDER = [("written_at", ASCENDING), ("_id", ASCENDING)]
# Of what is still to be published alone: what was published leaves it, and is no part of its cost.
OUTBOX_INDEXES = [
    IndexModel(
        [("pending", ASCENDING), *OUTBOX_ORDER],
        name="still_pending",
        partialFilterExpression={"pending": True},
    ),
]

SessionT = TypeVar("SessionT", bound=MongoSession)
SessionT_co = TypeVar("SessionT_co", covariant=True)
ResultT = TypeVar("ResultT")


class Store(Protocol[SessionT_co]):
    """A service's durable state."""

    def run(self, work: Callable[[SessionT_co], ResultT]) -> ResultT:
        """Run `work` in one transaction and return its result.

        Blocks up to TRANSACTION_SECONDS_MAX. `work` may run several times, so it must have no
        side effect beyond its session. An exception from `work` rolls everything back and comes
        out unchanged; a conflict that does not go away, or an engine that is not there, comes out
        as TransientError.
        """
        ...

    def write(self, work: Callable[[SessionT_co], ResultT]) -> ResultT:
        """The same for work that reads nothing: all that it writes is sent at its end, if it is
        held, in one command. What makes it depend on what is there are the writes' own conditions.
        """
        ...


class MongoStore(Generic[SessionT]):
    """Store on MongoDB. `make_session` builds the service's session for one transaction."""

    def __init__(
        self,
        client: "MongoClient[Document]",
        database: str,
        *,
        session_class: type[SessionT],
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._client = client
        self.database: MongoDatabase = client.get_database(
            database, write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority")
        )
        self._session_class = session_class
        self._clock = clock
        self._ids = ids
        self._running = RunningSessions(self.database, clock)

    def run(self, work: Callable[[SessionT], ResultT]) -> ResultT:
        return self.transact(work, ReadConcern("snapshot"))

    def write(self, work: Callable[[SessionT], ResultT]) -> ResultT:
        # Nothing is read, of whatever moment. What is changed is of one moment in either.
        return self.transact(work, ReadConcern())

    def transact(self, work: Callable[[SessionT], ResultT], read_concern: ReadConcern) -> ResultT:
        """What both come down to; where a service has all its transactions end in the same way."""

        def in_transaction(session: ClientSession) -> ResultT:
            opened = self._session_class(self.database, session, clock=self._clock, ids=self._ids)
            result = work(opened)
            opened.finish()
            opened.write_held()
            mark_committed(self.database, session)
            return result

        # It lives for one transaction: there is nothing that it would have to come after.
        with self._client.start_session(causal_consistency=False) as session:
            self._running.note(session)
            try:
                with pymongo.timeout(TRANSACTION_SECONDS_MAX):
                    return session.with_transaction(
                        in_transaction,
                        read_concern=read_concern,
                        write_concern=WriteConcern("majority"),
                    )
            except (ConnectionFailure, OperationFailure) as error:
                if error.timeout:
                    # No time was left to abort it: others would wait for what it holds.
                    self._running.end(session)
                if is_transient(error):
                    raise TransientError(str(error)) from error
                raise

    def migrate(self, indexes: dict[str, list[IndexModel]]) -> None:
        """Create collections and indexes; can be run again and side by side with others. Raises
        DatabaseTooOld: a deployment ends here, and not with the first claim.
        """
        told = self._client.admin.command("hello")
        if told.get("maxWireVersion", _WIRE_VERSION_MIN) < _WIRE_VERSION_MIN:
            raise DatabaseTooOld(f"MongoDB {_MONGODB} or later is needed")
        wanted = {
            OUTBOX: OUTBOX_INDEXES,
            INBOX: [],
            IDEMPOTENCY: IDEMPOTENCY_INDEXES,
            DEAD_LETTERS: DEAD_LETTER_INDEXES,
            RUNNING_SESSIONS: RUNNING_SESSIONS_INDEXES,
            **indexes,
        }
        existing = set(self.database.list_collection_names())
        with suppress(OperationFailure):  # what earlier versions had instead of `still_pending`
            self.database[OUTBOX].drop_index("pending_as_written")
        for name, models in wanted.items():
            if name not in existing:
                with suppress(PyMongoError):
                    self.database.create_collection(name)
            if models:
                self.database[name].create_indexes(models)


def is_transient(error: PyMongoError) -> bool:
    """Whether trying the whole transaction again may help."""
    # Out of time counts too: the server's word for it is an OperationFailure without a label.
    if isinstance(error, ConnectionFailure) or error.timeout:
        return True
    return error.has_error_label("TransientTransactionError") or error.has_error_label(
        "UnknownTransactionCommitResult"
    )
