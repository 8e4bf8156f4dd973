"""MongoDB behind the application's ports: one session over all collections."""

from functools import cached_property
from typing import Any

from crowdloom.chassis.store import MongoSession
from crowdloom.kernel import IdFactory
from pymongo import IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.adapters import (
    mongo_accounts,
    mongo_answer_drafts,
    mongo_arrivals,
    mongo_batches,
    mongo_bonuses,
    mongo_deeds,
    mongo_files,
    mongo_given_back,
    mongo_known_answers,
    mongo_letters,
    mongo_merge_jobs,
    mongo_project_drafts,
    mongo_projects,
    mongo_qualifications,
    mongo_sources,
    mongo_split_jobs,
    mongo_submissions,
    mongo_talk,
    mongo_tallies,
    mongo_tasks,
    mongo_teams,
    mongo_totals,
    mongo_uploads,
    mongo_webhooks,
    mongo_worker_notes,
)
from task_service.adapters.mongo_accounts import MongoApiKeys, MongoRequesters
from task_service.adapters.mongo_answer_drafts import MongoDrafts
from task_service.adapters.mongo_batches import MongoBatches
from task_service.adapters.mongo_bonuses import MongoBonuses
from task_service.adapters.mongo_deeds import MongoDeeds
from task_service.adapters.mongo_given_back import MongoGivenBack
from task_service.adapters.mongo_known_answers import MongoKnownAnswers
from task_service.adapters.mongo_letters import MongoLetters
from task_service.adapters.mongo_project_drafts import MongoProjectDrafts, MongoTrials
from task_service.adapters.mongo_projects import MongoProjects
from task_service.adapters.mongo_qualifications import MongoQualifications
from task_service.adapters.mongo_sources import MongoSources
from task_service.adapters.mongo_submissions import MongoSubmissions
from task_service.adapters.mongo_talk import MongoMessages
from task_service.adapters.mongo_tasks import MongoTasks
from task_service.adapters.mongo_teams import MongoTeams
from task_service.adapters.mongo_totals import MongoTotals
from task_service.adapters.mongo_webhooks import MongoWebhooks
from task_service.adapters.mongo_worker_notes import MongoWorkerNotes
from task_service.application.know_deeds import keep_deed

INDEXES: dict[str, list[IndexModel]] = {
    **mongo_accounts.INDEXES,
    **mongo_answer_drafts.INDEXES,
    **mongo_arrivals.INDEXES,
    **mongo_batches.INDEXES,
    **mongo_bonuses.INDEXES,
    **mongo_deeds.INDEXES,
    **mongo_files.INDEXES,
    **mongo_given_back.INDEXES,
    **mongo_known_answers.INDEXES,
    **mongo_letters.INDEXES,
    **mongo_merge_jobs.INDEXES,
    **mongo_project_drafts.INDEXES,
    **mongo_projects.INDEXES,
    **mongo_qualifications.INDEXES,
    **mongo_sources.INDEXES,
    **mongo_split_jobs.INDEXES,
    **mongo_submissions.INDEXES,
    **mongo_talk.INDEXES,
    **mongo_tallies.INDEXES,
    **mongo_tasks.INDEXES,
    **mongo_totals.INDEXES,
    **mongo_teams.INDEXES,
    **mongo_uploads.INDEXES,
    **mongo_webhooks.INDEXES,
    **mongo_worker_notes.INDEXES,
}


class _Repositories:
    database: Database[dict[str, Any]]
    session: ClientSession | None
    _ids: IdFactory

    @cached_property
    def requesters(self) -> MongoRequesters:
        return MongoRequesters(self.database, self.session)

    @cached_property
    def teams(self) -> MongoTeams:
        return MongoTeams(self.database, self.session)

    @cached_property
    def api_keys(self) -> MongoApiKeys:
        return MongoApiKeys(self.database, self.session)

    @cached_property
    def projects(self) -> MongoProjects:
        return MongoProjects(self.database, self.session)

    @cached_property
    def project_drafts(self) -> MongoProjectDrafts:
        return MongoProjectDrafts(self.database, self.session)

    @cached_property
    def trials(self) -> MongoTrials:
        return MongoTrials(self.database, self.session)

    @cached_property
    def batches(self) -> MongoBatches:
        return MongoBatches(self.database, self.session)

    @cached_property
    def tasks(self) -> MongoTasks:
        return MongoTasks(self.database, self.session, self._ids)

    @cached_property
    def submissions(self) -> MongoSubmissions:
        return MongoSubmissions(self.database, self.session)

    @cached_property
    def deeds(self) -> MongoDeeds:
        return MongoDeeds(self.database, self.session)

    @cached_property
    def totals(self) -> MongoTotals:
        return MongoTotals(self.database, self.session)

    @cached_property
    def drafts(self) -> MongoDrafts:
        return MongoDrafts(self.database, self.session)

    @cached_property
    def sources(self) -> MongoSources:
        return MongoSources(self.database, self.session)

    @cached_property
    def bonuses(self) -> MongoBonuses:
        return MongoBonuses(self.database, self.session)

    @cached_property
    def given_back(self) -> MongoGivenBack:
        return MongoGivenBack(self.database, self.session)

    @cached_property
    def known_answers(self) -> MongoKnownAnswers:
        return MongoKnownAnswers(self.database, self.session)

    @cached_property
    def qualifications(self) -> MongoQualifications:
        return MongoQualifications(self.database, self.session)

    @cached_property
    def messages(self) -> MongoMessages:
        return MongoMessages(self.database, self.session)

    @cached_property
    def letters(self) -> MongoLetters:
        return MongoLetters(self.database, self.session)

    @cached_property
    def worker_notes(self) -> MongoWorkerNotes:
        return MongoWorkerNotes(self.database, self.session)

    @cached_property
    def webhooks(self) -> MongoWebhooks:
        return MongoWebhooks(self.database, self.session)


class TaskSession(_Repositories, MongoSession):
    """One transaction over everything task-service owns."""

    @cached_property
    def submissions(self) -> MongoSubmissions:
        return MongoSubmissions(self.database, self.session, self.hold)

    def finish(self) -> None:
        keep_deed(self)
        if "submissions" in vars(self):  # asked for in this transaction
            for change in self.submissions.tally_changes():
                self.hold(change)


class TaskReader(_Repositories):
    """The same repositories outside any transaction."""

    def __init__(self, database: Database[dict[str, Any]], ids: IdFactory) -> None:
        self.database = database
        self.session = None
        self._ids = ids

    def emit(self, *_events: object) -> None:
        raise TypeError("events are emitted in a transaction, never beside one")
