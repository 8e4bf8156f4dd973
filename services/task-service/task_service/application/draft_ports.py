"""What the drafts of projects need, as contracts. All blocking; adapters raise TransientError."""

from typing import Protocol

from crowdloom.kernel.ids import ProjectId, RequesterId

from task_service.domain.project_drafts import ProjectDraft


class ProjectDrafts(Protocol):
    def add(self, draft: ProjectDraft) -> None: ...

    def get(self, draft_id: str) -> ProjectDraft | None: ...

    def of_requester(self, requester_id: RequesterId, count_max: int) -> list[ProjectDraft]:
        """Newest first."""
        ...

    def save(self, draft: ProjectDraft, *, version: int) -> bool:
        """Write its text and version, if the one that is kept has this version."""
        ...

    def try_on(self, draft: ProjectDraft) -> None:
        """Write its rows and their file."""
        ...

    def note_trial(self, draft_id: str, seconds: int) -> None:
        """Add it to the newest ones."""
        ...

    def remove(self, draft_id: str) -> None: ...


class Trials(Protocol):
    """The seconds that requesters took to answer a row of a project."""

    def of_project(self, project_id: ProjectId) -> tuple[int, ...]: ...

    def keep(self, project_id: ProjectId, seconds: tuple[int, ...]) -> None: ...

    def note(self, project_id: ProjectId, seconds: int) -> None:
        """Add it to the newest ones."""
        ...
