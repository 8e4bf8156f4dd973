"""Projects: made, listed, looked at by their owner."""

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import ProjectId, RequesterId

from task_service.application.know_deeds import note_made
from task_service.application.ports import Reader, Store
from task_service.domain.projects import Project, new_project


class Projects:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def create(
        self,
        requester_id: RequesterId,
        *,
        title: str,
        description: str,
        template: str,
        language: str | None = None,
        allowed_hosts: tuple[str, ...] | None = None,
    ) -> Project:
        """Raises InvalidInput, TemplateHasNoAnswerField, TemplateTooLarge."""
        project = new_project(
            project_id=ProjectId(self._ids.new("project")),
            requester_id=requester_id,
            title=title,
            description=description,
            language=language,
            template=template,
            allowed_hosts=allowed_hosts,
            created_at=self._clock.now(),
        )
        note_made(project_id=project.project_id)
        self._store.run(lambda session: session.projects.add(project))
        return project

    def get(self, requester_id: RequesterId, project_id: ProjectId) -> Project:
        """Raises NotFound, for somebody else's as well."""
        project = self._reader.projects.get(project_id)
        if project is None or project.requester_id != requester_id:
            raise NotFound("There is no such project", project_id=project_id)
        return project

    def page(
        self, requester_id: RequesterId, *, before: str | None = None, count_max: int = 50
    ) -> list[Project]:
        return self._reader.projects.page(requester_id, before=before, count_max=count_max)
