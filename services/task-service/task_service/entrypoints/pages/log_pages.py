"""Who did what in the team's name: for its owner."""

from dataclasses import dataclass

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.deeds import Deed
from task_service.entrypoints.pages import shell

PAGE_DEEDS = 50
ADDRESS = f"{shell.TEAM_PAGE}/log"


@dataclass(frozen=True)
class Line:
    """A deed with the names of who and of what, as they are now; None where they are gone."""

    deed: Deed
    who: str | None
    batch: str | None
    project: str | None


def log_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("log_pages", __name__)
    cursors = Cursors(application.settings.common.cursor_key, salt="log_pages")

    @blueprint.get(ADDRESS)
    @require("requester")
    def log() -> str:
        cursor, of = request.args.get("cursor"), request.args.get("project", "")
        project = application.projects.get(shell.reader(), ProjectId(of)) if of else None
        found = application.keep_log.page(
            shell.reader(),
            project_id=project.project_id if project else None,
            before=cursors.read(cursor) if cursor else None,
            count_max=PAGE_DEEDS + 1,
        )
        shown = found[:PAGE_DEEDS]
        more = len(found) > PAGE_DEEDS
        return render_template(
            "requester/log.html",
            lines=_lines(application, shown),
            project=project,
            next_cursor=cursors.write(shown[-1].deed_id) if more else None,
            words=action_words(),
            ways={"api": _("by the API"), "key": _("by an API key"), "page": ""},
        )

    return blueprint


def _lines(application: Application, deeds: list[Deed]) -> list[Line]:
    people = {one: _name(application, one) for one in {deed.person_id for deed in deeds}}
    batches = {one: _batch(application, one) for one in {deed.batch_id for deed in deeds}}
    projects = {one: _project(application, one) for one in {deed.project_id for deed in deeds}}
    return [
        Line(deed, people[deed.person_id], batches[deed.batch_id], projects[deed.project_id])
        for deed in deeds
    ]


def _name(application: Application, person_id: RequesterId) -> str | None:
    found = application.reader.requesters.get(person_id)
    return found.name if found else None


def _batch(application: Application, batch_id: BatchId | None) -> str | None:
    found = application.reader.batches.get(batch_id) if batch_id else None
    return found.title if found else None


def _project(application: Application, project_id: ProjectId | None) -> str | None:
    found = application.reader.projects.get(project_id) if project_id else None
    return found.title if found else None


def action_words() -> dict[str, str]:
    return {
        "project_made": _("made the project"),
        "batch_made": _("made the batch"),
        "batch_copied": _("copied the batch"),
        "next_step_made": _("made a next step"),
        "rows_given": _("gave it rows"),
        "audience_chosen": _("chose who can work on it"),
        "known_marked": _("marked an item whose answer they know"),
        "publish": _("published it"),
        "pilot": _("published a pilot"),
        "pause": _("paused it"),
        "resume": _("resumed it"),
        "cancel": _("cancelled it"),
        "archive": _("put it into the archive"),
        "restore": _("took it out of the archive"),
        "more_asked": _("asked for more of it"),
        "addition_dropped": _("dropped what was to be added"),
        "accepted": _("accepted an answer"),
        "accepted_after_all": _("accepted a rejected answer after all"),
        "rejected": _("rejected an answer"),
        "sent_back": _("sent an answer back"),
        "decided": _("decided an answer"),
        "decided_several": _("decided several answers"),
        "decided_by_rule": _("decided answers by a rule"),
        "decided_by_file": _("decided answers by a file"),
        "decision_undone": _("undid decisions"),
        "bonus_given": _("gave a bonus"),
        "talk_answered": _("wrote to the workers"),
        "talk_pinned": _("pinned a message for all workers, or took it down"),
        "qualification_made": _("made a qualification"),
        "qualification_closed": _("closed a qualification"),
        "qualification_given": _("gave a qualification"),
        "qualification_taken": _("took a qualification back"),
        "worker_noted": _("excluded or listed a worker, or took that back"),
        "worker_written_to": _("wrote to a worker"),
        "member_invited": _("invited somebody"),
        "invitation_withdrawn": _("withdrew an invitation"),
        "member_joined": _("joined the team"),
        "member_left": _("left the team"),
        "role_changed": _("changed a role"),
        "member_removed": _("removed a member"),
        "key_made": _("made an API key"),
        "key_revoked": _("revoked an API key"),
        "webhook_made": _("made a webhook"),
        "webhook_resumed": _("had a paused webhook told again"),
        "webhook_removed": _("removed a webhook"),
    }
