"""What sign-up, sign-in and API keys need, as contracts. All blocking."""

from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import RequesterId

from task_service.domain.requesters import ApiKey, Requester


class Requesters(Protocol):
    def add(self, requester: Requester) -> None:
        """Raises EmailTaken."""
        ...

    def get(self, requester_id: RequesterId) -> Requester | None: ...

    def by_email(self, email: str) -> Requester | None: ...


class ApiKeyRing(Protocol):
    def add(self, key: ApiKey) -> None: ...

    def of_requester(self, requester_id: RequesterId) -> list[ApiKey]:
        """Those not revoked, newest first."""
        ...

    def by_digest(self, digest: str) -> ApiKey | None: ...

    def revoke(self, requester_id: RequesterId, key_id: str) -> bool: ...

    def note_used(self, key_id: str, at: datetime) -> None: ...


class Passwords(Protocol):
    """Slow on purpose (tenths of a second)."""

    def hash(self, password: str) -> str: ...

    def matches(self, password_hash: str, password: str) -> bool: ...


class SignUpLimit(Protocol):
    def take(self, source: str) -> None:
        """Count one account more of this address. Raises TooManySignUps."""
        ...


class Tries(Protocol):
    """Counts failed sign-ins of an e-mail address."""

    def check(self, subject: str) -> None:
        """Raises TooManyTries."""
        ...

    def failed(self, subject: str) -> None: ...

    def succeeded(self, subject: str) -> None: ...
