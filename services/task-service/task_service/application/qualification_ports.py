"""What qualifications need to be kept."""

from typing import Protocol

from crowdloom.kernel.ids import Pseudonym, RequesterId

from task_service.domain.qualifications import HandGrant, OwnQualification


class OwnQualifications(Protocol):
    def put(self, qualification: OwnQualification) -> None:
        """Write it as it is now; idempotent."""
        ...

    def get(self, qualification_id: str) -> OwnQualification | None: ...

    def of_requester(self, requester_id: RequesterId) -> list[OwnQualification]:
        """Newest first; closed ones as well."""
        ...

    def put_grant(self, grant: HandGrant) -> None: ...

    def grant(self, qualification_id: str, pseudonym: Pseudonym) -> HandGrant | None: ...

    def grants(self, qualification_id: str, count_max: int) -> list[HandGrant]:
        """Newest first; revoked ones as well."""
        ...
