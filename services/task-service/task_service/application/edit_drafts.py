"""Drafts of projects: begun, saved as they are typed, tried, and made into projects."""

from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import ProjectId, RequesterId

from task_service.application.know_deeds import note_made
from task_service.application.ports import Reader, Session, Store
from task_service.domain.errors import DraftOvertaken, TooManyDrafts
from task_service.domain.project_drafts import (
    DRAFTS_MAX,
    DraftText,
    ProjectDraft,
    TrialFile,
    usual_seconds,
)
from task_service.domain.projects import Project, new_project
from task_service.domain.tables import Table


class EditDrafts:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def begin(
        self,
        requester_id: RequesterId,
        text: DraftText,
        *,
        table: Table | None = None,
        file: TrialFile | None = None,
    ) -> ProjectDraft:
        """Raises InvalidInput, TemplateTooLarge, TooManyDrafts."""
        if len(self.all(requester_id)) >= DRAFTS_MAX:
            raise TooManyDrafts("Throw a draft away first", drafts_max=DRAFTS_MAX)
        draft = ProjectDraft(
            draft_id=self._ids.new("draft"),
            requester_id=requester_id,
            text=text.checked(),
            version=1,
            saved_at=self._clock.now(),
        )
        if table is not None:
            draft = draft.with_table(table, file)
        self._store.run(lambda session: session.project_drafts.add(draft))
        return draft

    def get(self, requester_id: RequesterId, draft_id: str) -> ProjectDraft:
        """Raises NotFound, for somebody else's as well."""
        draft = self._reader.project_drafts.get(draft_id)
        if draft is None or draft.requester_id != requester_id:
            raise NotFound("There is no such draft", draft_id=draft_id)
        return draft

    def all(self, requester_id: RequesterId) -> list[ProjectDraft]:
        """Newest first, at most DRAFTS_MAX."""
        return self._reader.project_drafts.of_requester(requester_id, DRAFTS_MAX)

    def save(self, draft: ProjectDraft, text: DraftText, *, version: int) -> ProjectDraft:
        """`version` is the one that was typed upon. What is there already is saved: a call may be
        repeated. Raises DraftOvertaken, InvalidInput, TemplateTooLarge.
        """
        if text == draft.text:
            return draft
        if version != draft.version:
            raise DraftOvertaken("The draft was changed in another tab", version=draft.version)
        saved = draft.saved(text, self._clock.now())
        if not self._store.run(lambda session: session.project_drafts.save(saved, version=version)):
            raise DraftOvertaken("The draft was changed in another tab", version=version)
        return saved

    def try_on(self, draft: ProjectDraft, table: Table, file: TrialFile) -> ProjectDraft:
        """Give it other rows to be tried on; its text stays as it is."""
        given = draft.with_table(table, file)
        self._store.run(lambda session: session.project_drafts.try_on(given))
        return given

    def note_trial(self, draft: ProjectDraft, seconds: int) -> None:
        self._store.run(lambda s: s.project_drafts.note_trial(draft.draft_id, seconds))

    def note_trial_of_project(self, project: Project, seconds: int) -> None:
        self._store.run(lambda s: s.trials.note(project.project_id, seconds))

    def seconds_of_project(self, project_id: ProjectId) -> int | None:
        """What an item took its requester, None where nobody tried."""
        return usual_seconds(self._reader.trials.of_project(project_id))

    def make(self, draft: ProjectDraft) -> Project:
        """A project instead of the draft, with the time of its trials. Raises InvalidInput,
        TemplateHasNoAnswerField.
        """
        text = draft.text
        project = new_project(
            project_id=ProjectId(self._ids.new("project")),
            requester_id=draft.requester_id,
            title=text.title,
            description=text.description,
            language=text.language,
            template=text.template,
            allowed_hosts=None,
            created_at=self._clock.now(),
        )

        note_made(project_id=project.project_id)

        def exchange(session: Session) -> None:
            session.projects.add(project)
            session.project_drafts.remove(draft.draft_id)
            if draft.trials:
                session.trials.keep(project.project_id, draft.trials)

        self._store.run(exchange)
        return project

    def throw_away(self, draft: ProjectDraft) -> None:
        self._store.run(lambda session: session.project_drafts.remove(draft.draft_id))
