"""What sign-up, sign-in and API keys need, as contracts. All blocking."""

from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole

from task_service.domain.requesters import ApiKey, Requester
from task_service.domain.teams import Invitation, Membership


class Requesters(Protocol):
    def add(self, requester: Requester) -> None:
        """Raises EmailTaken."""
        ...

    def get(self, requester_id: RequesterId) -> Requester | None: ...

    def by_email(self, email: str) -> Requester | None: ...

    def set_vat(self, requester_id: RequesterId, basis_points: int) -> None:
        """How much VAT comes on the fees of what it publishes from now on."""
        ...

    def vat_basis_points(self, requester_id: RequesterId) -> int: ...


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


class Teams(Protocol):
    def join(self, membership: Membership) -> None: ...

    def get(self, team_id: RequesterId, person_id: RequesterId) -> Membership | None: ...

    def of_team(self, team_id: RequesterId) -> list[Membership]:
        """In the order they joined."""
        ...

    def of_person(self, person_id: RequesterId) -> list[Membership]: ...

    def set_role(self, team_id: RequesterId, person_id: RequesterId, role: TeamRole) -> bool: ...

    def leave(self, team_id: RequesterId, person_id: RequesterId) -> bool: ...

    def invite(self, invitation: Invitation) -> None: ...

    def invitations(self, team_id: RequesterId, now: datetime) -> list[Invitation]:
        """Those not expired, oldest first."""
        ...

    def invitation(self, digest: str, now: datetime) -> Invitation | None: ...

    def use(self, invitation: Invitation, person_id: RequesterId) -> bool:
        """False where somebody took it up before."""
        ...

    def withdraw(self, team_id: RequesterId, invitation_id: str) -> bool:
        """False where there is none that was not taken up."""
        ...
