"""Workers ask about a batch with their ticket, its requester answers, an operator moderates."""

from collections.abc import Sequence
from dataclasses import replace

from crowdloom.chassis.tickets import Ticket
from crowdloom.contracts.task import TalkAnswered
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, RequesterId

from task_service.application.ports import Reader, Session, Store
from task_service.domain.batches import Batch
from task_service.domain.talk import (
    MESSAGES_MAX,
    QUESTIONS_PER_WORKER_MAX,
    QUESTIONS_WINDOW,
    Message,
    Report,
    Side,
    ThreadFull,
    TooManyMessages,
    checked_text,
)

MODERATED_MAX = 200
_BY_REQUESTER = "requester"


class Talk:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def thread(self, batch_id: BatchId) -> Sequence[Message]:
        """Oldest first, hidden ones as well: whoever shows them leaves their words out."""
        return self._reader.messages.of_batch(batch_id, MESSAGES_MAX)

    def ask(self, ticket: Ticket, text: str, *, about_item: bool) -> Message:
        """A worker's question, about the item of the ticket or the project as a whole. Raises
        InvalidInput, TooManyMessages, ThreadFull, NotFound.
        """
        words = checked_text(text)
        batch = self._reader.batches.get(ticket.batch_id)
        if batch is None:
            raise NotFound("There is no such batch", batch_id=ticket.batch_id)
        task = self._reader.tasks.get(ticket.task_id) if about_item else None
        now = self._clock.now()
        message = Message(
            message_id=self._ids.new("message"),
            batch_id=batch.batch_id,
            requester_id=batch.requester_id,
            side=Side.WORKER,
            text=words,
            said_at=now,
            pseudonym=ticket.pseudonym,
            assignment_id=ticket.assignment_id,
            number=task.number if task else None,
        )

        def work(session: Session) -> None:
            asked = session.messages.count_of_worker(
                batch.batch_id, ticket.pseudonym, now - QUESTIONS_WINDOW
            )
            if asked >= QUESTIONS_PER_WORKER_MAX:
                raise TooManyMessages(
                    "You asked much within an hour; wait for the answers",
                    count_max=QUESTIONS_PER_WORKER_MAX,
                )
            _put_new(session, message)

        self._store.run(work)
        return message

    def say(
        self, batch: Batch, text: str, *, answers: str | None = None, pinned: bool = False
    ) -> Message:
        """The requester's words: an answer, or something for everybody. Whoever asked is told of an
        answer. Raises InvalidInput, ThreadFull, NotFound.
        """
        words = checked_text(text)

        def work(session: Session) -> Message:
            question = None if answers is None else _of_batch(session, batch.batch_id, answers)
            message = Message(
                message_id=self._ids.new("message"),
                batch_id=batch.batch_id,
                requester_id=batch.requester_id,
                side=Side.REQUESTER,
                text=words,
                said_at=self._clock.now(),
                answers=answers,
                pinned=pinned,
            )
            _put_new(session, message)
            if question is not None and question.assignment_id is not None:
                session.emit(_answered(question, message))
            return message

        return self._store.run(work)

    def pin(self, requester_id: RequesterId, message_id: str, *, pinned: bool) -> Message:
        """Put the requester's own words into the instructions, or take them out. Raises NotFound,
        for a worker's words as well.
        """

        def work(session: Session) -> Message:
            message = session.messages.get(message_id)
            own = message is not None and message.requester_id == requester_id
            if message is None or not own or message.side is not Side.REQUESTER:
                raise NotFound("There is no such message", message_id=message_id)
            changed = replace(message, pinned=pinned and not message.is_hidden)
            session.messages.put(changed)
            return changed

        return self._store.run(work)

    def pinned(self, batch_id: BatchId) -> Sequence[Message]:
        return [one for one in self.thread(batch_id) if one.pinned and not one.is_hidden]

    def report(
        self, batch_id: BatchId, message_id: str, *, reporter: str | None, reason: str
    ) -> Message:
        """For an operator to judge; without a `reporter` it is the requester's. Raises NotFound,
        InvalidInput.
        """

        def work(session: Session) -> Message:
            message = _of_batch(session, batch_id, message_id)
            said = checked_text(reason, "reason")
            changed = message.reported(Report(reporter or _BY_REQUESTER, said))
            session.messages.put(changed)
            return changed

        return self._store.run(work)

    def to_moderate(self) -> tuple[Sequence[Message], Sequence[Message]]:
        """Reported ones, and those hidden lately."""
        messages = self._reader.messages
        return messages.reported(MODERATED_MAX), messages.hidden(MODERATED_MAX)

    def hide(self, message_id: str, *, reason: str, by: str) -> Message:
        """For everybody, with a reason that everybody reads. Raises NotFound, InvalidInput."""
        said = checked_text(reason, "reason")

        def work(session: Session) -> Message:
            message = _existing(session.messages.get(message_id), message_id)
            hidden = message.hidden(self._clock.now(), by=by, reason=said)
            session.messages.put(hidden)
            return hidden

        return self._store.run(work)

    def clear(self, message_id: str) -> Message:
        """Nothing is wrong with a reported one. What somebody else hid meanwhile stays hidden, and
        is given back as it is. Raises NotFound.
        """

        def work(session: Session) -> Message:
            message = _existing(session.messages.get(message_id), message_id)
            cleared = message if message.is_hidden else message.shown_again()
            session.messages.put(cleared)
            return cleared

        return self._store.run(work)

    def show_again(self, message_id: str) -> Message:
        """One that is hidden. Raises NotFound."""

        def work(session: Session) -> Message:
            message = _existing(session.messages.get(message_id), message_id)
            shown = message.shown_again()
            session.messages.put(shown)
            return shown

        return self._store.run(work)


def unanswered(thread: Sequence[Message]) -> list[Message]:
    """Workers' questions that nobody has answered and nobody has hidden."""
    answered = {message.answers for message in thread}
    return [
        message
        for message in thread
        if message.side is Side.WORKER
        and message.message_id not in answered
        and not message.is_hidden
    ]


def _put_new(session: Session, message: Message) -> None:
    if session.messages.count_of_batch(message.batch_id) >= MESSAGES_MAX:
        raise ThreadFull("The thread is full", count_max=MESSAGES_MAX)
    session.messages.put(message)


def _existing(message: Message | None, message_id: str) -> Message:
    if message is None:
        raise NotFound("There is no such message", message_id=message_id)
    return message


def _of_batch(session: Session, batch_id: BatchId, message_id: str) -> Message:
    message = _existing(session.messages.get(message_id), message_id)
    if message.batch_id != batch_id:
        raise NotFound("There is no such message", message_id=message_id)
    return message


def _answered(question: Message, answer: Message) -> TalkAnswered:
    if question.assignment_id is None:
        raise ValueError(f"{question.message_id} was asked with no ticket")
    return TalkAnswered(
        message_id=answer.message_id,
        assignment_id=question.assignment_id,
        batch_id=question.batch_id,
        question=question.text,
        answer=answer.text,
        answered_at=answer.said_at,
    )
