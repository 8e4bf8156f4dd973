"""Back into an account with its recovery code."""

from worker_service.application.ports import Readers
from worker_service.domain.recovery import RecoveryCode, RecoveryCodeUnknown
from worker_service.domain.workers import Worker


class SignIn:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, typed: str) -> Worker:
        """Raises RecoveryCodeMistyped, RecoveryCodeUnknown."""
        digest = RecoveryCode.parse(typed).digest
        worker = self._readers.workers.by_recovery_digest(digest)
        if worker is None:
            raise RecoveryCodeUnknown("No account has this recovery code; a newer one replaces it")
        return worker
