"""Requesters make qualifications, and give and take them by hand. worker-service scores the tests
and knows who has what: here nobody is known but by pseudonym.
"""

from collections.abc import Sequence
from dataclasses import replace

from crowdloom.contracts.task import (
    QualificationDefined,
    Question,
    RequesterGranted,
    RequesterRevoked,
)
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import Pseudonym, RequesterId

from task_service.application.ports import Reader, Session, Store
from task_service.domain.qualifications import (
    QUALIFICATIONS_MAX,
    Exam,
    HandGrant,
    OwnQualification,
    TooManyQualifications,
)
from task_service.domain.submissions import checked_reason

GRANTS_SHOWN_MAX = 500
WORKERS_SHOWN_MAX = 100


class Qualifications:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def make(
        self,
        requester_id: RequesterId,
        *,
        name: str,
        description: str,
        exam: Exam,
        valid_days: int | None = None,
    ) -> OwnQualification:
        """Raises InvalidInput, TooManyQualifications."""
        made = OwnQualification(
            qualification_id=self._ids.new("qualification"),
            requester_id=requester_id,
            name=name,
            description=description,
            exam=exam,
            valid_days=valid_days,
            created_at=self._clock.now(),
        ).checked()

        def work(session: Session) -> None:
            if len(session.qualifications.of_requester(requester_id)) >= QUALIFICATIONS_MAX:
                raise TooManyQualifications(
                    "At most %(count_max)s qualifications", count_max=QUALIFICATIONS_MAX
                )
            self._put(session, made)

        self._store.run(work)
        return made

    def close(self, requester_id: RequesterId, qualification_id: str) -> OwnQualification:
        """From now on nobody gets it. Closing what is closed changes nothing. Raises NotFound."""

        def work(session: Session) -> OwnQualification:
            known = _own(session, requester_id, qualification_id)
            closed = replace(known, closed=True)
            if closed != known:
                self._put(session, closed)
            return closed

        return self._store.run(work)

    def get(self, requester_id: RequesterId, qualification_id: str) -> OwnQualification:
        """Raises NotFound, for somebody else's as well."""
        return _own(self._reader, requester_id, qualification_id)

    def listed(self, requester_id: RequesterId) -> Sequence[OwnQualification]:
        return self._reader.qualifications.of_requester(requester_id)

    def grants(self, requester_id: RequesterId, qualification_id: str) -> Sequence[HandGrant]:
        """Those by hand, newest first; who passed the test is not told here. Raises NotFound."""
        _own(self._reader, requester_id, qualification_id)
        return self._reader.qualifications.grants(qualification_id, GRANTS_SHOWN_MAX)

    def workers(self, requester_id: RequesterId) -> Sequence[Pseudonym]:
        """Who answered lately, the newest first."""
        return self._reader.submissions.newest_pseudonyms(
            requester_id, WORKERS_SHOWN_MAX, self._clock.now()
        )

    def grant(
        self, requester_id: RequesterId, qualification_id: str, pseudonym: Pseudonym
    ) -> HandGrant:
        """Giving what is given already changes nothing. Raises NotFound, also for a worker who has
        not answered anything of this requester's.
        """

        def work(session: Session) -> HandGrant:
            _own(session, requester_id, qualification_id)
            known = session.qualifications.grant(qualification_id, pseudonym)
            if known is not None and known.revoked_at is None:
                return known
            answer = session.submissions.newest_of(requester_id, pseudonym)
            if answer is None:
                raise NotFound("No such worker has answered you", pseudonym=pseudonym)
            made = HandGrant(qualification_id, pseudonym, answer.assignment_id, self._clock.now())
            session.qualifications.put_grant(made)
            session.emit(
                RequesterGranted(
                    qualification_id=qualification_id,
                    requester_id=requester_id,
                    pseudonym=pseudonym,
                    assignment_id=made.assignment_id,
                    granted_at=made.granted_at,
                )
            )
            return made

        return self._store.run(work)

    def revoke(
        self, requester_id: RequesterId, qualification_id: str, pseudonym: Pseudonym, *, reason: str
    ) -> HandGrant:
        """Take it back; the worker reads the reason. Whoever passed the test can lose it as well.
        Raises NotFound, InvalidInput.
        """
        said = checked_reason(reason)

        def work(session: Session) -> HandGrant:
            _own(session, requester_id, qualification_id)
            known = session.qualifications.grant(qualification_id, pseudonym)
            if known is not None and known.revoked_at is not None:
                return known
            if known is None:
                known = self._passed(session, requester_id, qualification_id, pseudonym)
            taken = replace(known, revoked_at=self._clock.now(), reason=said)
            session.qualifications.put_grant(taken)
            session.emit(
                RequesterRevoked(
                    qualification_id=qualification_id,
                    requester_id=requester_id,
                    pseudonym=pseudonym,
                    assignment_id=taken.assignment_id,
                    revoked_at=self._clock.now(),
                    reason=said,
                )
            )
            return taken

        return self._store.run(work)

    def _passed(
        self,
        session: Session,
        requester_id: RequesterId,
        qualification_id: str,
        pseudonym: Pseudonym,
    ) -> HandGrant:
        answer = session.submissions.newest_of(requester_id, pseudonym)
        if answer is None:
            raise NotFound("No such worker has answered you", pseudonym=pseudonym)
        return HandGrant(qualification_id, pseudonym, answer.assignment_id, answer.submitted_at)

    def _put(self, session: Session, one: OwnQualification) -> None:
        requester = session.requesters.get(one.requester_id)
        session.qualifications.put(one)
        key = one.exam.answer_key
        session.emit(
            QualificationDefined(
                qualification_id=one.qualification_id,
                requester_id=one.requester_id,
                requester_name=requester.name if requester else "",
                name=one.name,
                description=one.description,
                closed=one.closed,
                defined_at=self._clock.now(),
                questions=tuple(
                    Question(question.name, question.text, question.choices)
                    for question in one.exam.questions
                ),
                answer_key={name: list(right) for name, right in key.items()} if key else None,
                pass_percent=one.exam.pass_percent,
                tries_max=one.exam.tries_max,
                wait_seconds=one.exam.wait_seconds,
                valid_days=one.valid_days,
            )
        )


def _own(session: Session, requester_id: RequesterId, qualification_id: str) -> OwnQualification:
    found = session.qualifications.get(qualification_id)
    if found is None or found.requester_id != requester_id:
        raise NotFound("There is no such qualification", qualification_id=qualification_id)
    return found
