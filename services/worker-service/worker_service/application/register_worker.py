"""A new anonymous worker: no e-mail, no name; a recovery code that is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdloom.kernel import Clock, DomainError, IdFactory
from crowdloom.kernel.ids import WorkerId

from worker_service.application.ports import RegistrationLimit, Session, Store
from worker_service.application.translate import registered
from worker_service.domain.recovery import RecoveryCode, SecretBits
from worker_service.domain.workers import Worker, checked_languages


class TooManyRegistrations(DomainError):
    """One source made more accounts within the hour than the setting allows."""

    code = "too_many_registrations"
    status = 429


class EffortNeeded(DomainError):
    """One source made many accounts within the hour: the next come slowly, or with an effort."""

    code = "effort_needed"
    status = 428


@dataclass(frozen=True)
class Registration:
    """The only moment at which the code exists in the clear."""

    worker: Worker
    recovery_code: RecoveryCode


class RegisterWorker:
    def __init__(
        self,
        store: Store[Session],
        *,
        limit: RegistrationLimit,
        clock: Clock,
        ids: IdFactory,
        randomness: SecretBits,
    ) -> None:
        self._store = store
        self._limit = limit
        self._clock = clock
        self._ids = ids
        self._randomness = randomness

    def __call__(
        self, *, languages: Sequence[str], source: str, code_shown: bool = True, proof: str = ""
    ) -> Registration:
        """`source` is where the call comes from; whoever has a passkey need not see the code.
        `proof` is `challenge:answer`, for a challenge that EffortNeeded gave.

        Raises InvalidInput, TooManyRegistrations, EffortNeeded.
        """
        spoken = checked_languages(languages)
        self._limit.take(source, proof=proof)
        code = RecoveryCode.new(self._randomness)
        worker = Worker(
            worker_id=WorkerId(self._ids.new("worker")),
            registered_at=self._clock.now(),
            languages=spoken,
            recovery_digest=code.digest,
            code_shown=code_shown,
        )

        def work(session: Session) -> None:
            session.workers.add(worker)
            session.emit(registered(worker))

        self._store.run(work)
        return Registration(worker, code)
