"""What a worker says about themselves, and the code that brings them back."""

from collections.abc import Sequence
from dataclasses import replace

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId

from worker_service.application.ports import Readers, Session, Store
from worker_service.application.translate import profile_changed
from worker_service.domain.recovery import RecoveryCode, SecretBits
from worker_service.domain.workers import Worker, checked_languages


class ShowProfile:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, worker_id: WorkerId) -> Worker:
        """Raises NotFound."""
        return _existing(self._readers, worker_id)


class ChangeProfile:
    def __init__(self, store: Store[Session], clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __call__(self, worker_id: WorkerId, *, languages: Sequence[str]) -> Worker:
        """Setting what is set already says nothing. Raises InvalidInput, NotFound."""
        spoken = checked_languages(languages)

        def work(session: Session) -> Worker:
            before = _existing(session, worker_id)
            after = replace(before, languages=spoken)
            if after != before:
                session.workers.replace(after)
                session.emit(profile_changed(after, self._clock.now()))
            return after

        return self._store.run(work)


class ReissueRecoveryCode:
    """A new code; the one before opens nothing from then on."""

    def __init__(self, store: Store[Session], randomness: SecretBits) -> None:
        self._store = store
        self._randomness = randomness

    def __call__(self, worker_id: WorkerId) -> RecoveryCode:
        """Raises NotFound."""
        code = RecoveryCode.new(self._randomness)

        def work(session: Session) -> None:
            before = _existing(session, worker_id)
            session.workers.replace(replace(before, recovery_digest=code.digest, code_shown=True))

        self._store.run(work)
        return code


def _existing(session: Readers, worker_id: WorkerId) -> Worker:
    worker = session.workers.get(worker_id)
    if worker is None:
        raise NotFound("There is no such worker", worker_id=worker_id)
    return worker
