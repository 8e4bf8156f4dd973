"""The editor of a project's draft: saved as it is typed, with its preview beside it.

`POST /requester/drafts/<id>` saves. A script that says so in `X-Editor` gets the findings alone, a
browser the whole page; a tab that was overtaken gets 409 and is told what to do in both cases.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import ProjectId
from crowdloom.kernel.limits import (
    DESCRIPTION_CHARACTERS_MAX,
    TABLE_BYTES_MAX,
    TEMPLATE_BYTES_MAX,
    TITLE_CHARACTERS_MAX,
)
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from task_service.application.split_source import Upload
from task_service.bootstrap import Application
from task_service.domain.errors import DraftOvertaken, FaultyRows, TooManyDrafts
from task_service.domain.project_drafts import DRAFTS_MAX, DraftText, ProjectDraft, TrialFile
from task_service.domain.tables import Table, checked_table
from task_service.domain.templates import foreign_hosts, needed_columns, read_parts
from task_service.entrypoints.pages import (
    languages,
    previews,
    remarks,
    shell,
    starters,
)
from task_service.entrypoints.pages.faults import faults_of, worded
from task_service.entrypoints.pages.project_pages import project_errors
from task_service.entrypoints.pages.source_forms import usual_reading
from task_service.entrypoints.pages.source_pages import media_type_of

_FORM_BYTES_MAX = 2 * TEMPLATE_BYTES_MAX
_DRAFT = f"{shell.DRAFTS_PAGE}/<draft_id>"
_ROWS_COPIED = 20
_VERSION_DIGITS_MAX = 9


@dataclass(frozen=True)
class Needs:
    """What the template needs of a table, asks, and loads from elsewhere."""

    columns: list[str]
    fields: list[str]
    hosts: list[str]


def draft_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("draft_pages", __name__)

    @blueprint.before_request
    def admit_large_templates() -> None:
        request.max_form_memory_size = _FORM_BYTES_MAX

    _add_beginnings(blueprint, application)
    _add_editor(blueprint, application)
    _add_endings(blueprint, application)
    return blueprint


def _add_beginnings(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{shell.TEMPLATES_PAGE}/<name>/use")
    @require("requester")
    @idempotent
    def use(name: str) -> Response:
        """A draft with the template and its sample rows in place, and what was typed before."""
        starter = starters.starter_of(name)
        if starter is None:
            raise NotFound("There is no such template")
        upload = Upload(f"{name}.csv", starters.sample_file(name), "text/csv")
        digest = application.look_at_upload.keep(shell.reader(), upload)
        application.look_at_upload.use(shell.reader(), digest)
        typed = _typed()
        text = replace(
            typed,
            title=typed.title or starter.title,
            description=typed.description or starter.meaning,
            template=starters.template_of(name) or "",
        )
        table, file = starters.sample_of(name), TrialFile(digest, upload.name)
        return _begun(
            lambda: application.edit_drafts.begin(shell.reader(), text, table=table, file=file)
        )

    @blueprint.post(shell.DRAFTS_PAGE)
    @require("requester")
    @idempotent
    def begin() -> Response:
        """From what is typed in the form of a new project so far."""
        return _begun(lambda: application.edit_drafts.begin(shell.reader(), _typed()))

    @blueprint.post(f"{shell.PROJECTS_PAGE}/<project_id>/edit")
    @require("requester")
    @idempotent
    def edit(project_id: str) -> Response:
        """A copy of a project, with the first rows of its newest batch."""
        project = application.projects.get(shell.reader(), ProjectId(project_id))
        text = DraftText(project.title, project.description, project.language, project.template)
        table = _newest_rows(application, project.project_id)
        return _begun(lambda: application.edit_drafts.begin(shell.reader(), text, table=table))


def _begun(begin: Callable[[], ProjectDraft]) -> Response:
    try:
        draft = begin()
    except TooManyDrafts:
        sentence = _("There are %(count)s drafts already: throw one away.", count=DRAFTS_MAX)
        ui.say("bad", _("Nothing was begun"), sentence)
        return redirect(shell.PROJECTS_PAGE, 303)
    return redirect(shell.draft_page(draft.draft_id), 303)


def _newest_rows(application: Application, project_id: ProjectId) -> Table | None:
    for batch in application.batches.page(project_id, before=None, count_max=1):
        rows = tuple(
            task.cells for task in application.batches.tasks(batch, count_max=_ROWS_COPIED)
        )
        return Table(tuple(batch.columns), rows) if rows else None
    return None


def _add_editor(blueprint: Blueprint, application: Application) -> None:
    drafts = application.edit_drafts

    @blueprint.get(_DRAFT)
    @require("requester")
    def editor(draft_id: str) -> str:
        draft = drafts.get(shell.reader(), draft_id)
        return _page(draft, draft.text)

    @blueprint.post(_DRAFT)
    @require("requester")
    def save(draft_id: str) -> Any:
        """Repeated, it saves nothing anew: it goes by the version that was typed upon."""
        draft = drafts.get(shell.reader(), draft_id)
        text = _typed()
        try:
            saved = drafts.save(draft, text, version=_version())
            saved = _with_rows(application, saved)
        except DraftOvertaken:
            draft = drafts.get(shell.reader(), draft_id)
            return _answer(draft, text, overtaken=True), 409
        except FaultyRows as refusal:
            draft = drafts.get(shell.reader(), draft_id)
            return _page(draft, text, errors={"table": _rows_sentence(refusal)}), 422
        except InvalidInput as refusal:
            return _answer(draft, text, errors=project_errors(refusal)), 422
        if "X-Editor" in request.headers:
            return _answer(saved, text)
        return redirect(shell.draft_page(draft_id), 303)


def _add_endings(blueprint: Blueprint, application: Application) -> None:
    drafts = application.edit_drafts

    @blueprint.post(f"{_DRAFT}/make")
    @require("requester")
    @idempotent
    def make(draft_id: str) -> Any:
        """What is on the page is saved first, then a project takes the draft's place."""
        draft = drafts.get(shell.reader(), draft_id)
        text = _typed()
        try:
            draft = drafts.save(draft, text, version=_version())
            project = drafts.make(draft)
        except DraftOvertaken:
            return _page(drafts.get(shell.reader(), draft_id), text, overtaken=True), 409
        except InvalidInput as refusal:
            kept = drafts.get(shell.reader(), draft_id)
            return _page(kept, text, errors=project_errors(refusal)), 422
        ui.say("good", _("Project made"), _("Next: a batch, with your table and what you pay."))
        return redirect(shell.first_batch_page(project.project_id, draft.file), 303)

    @blueprint.post(f"{_DRAFT}/throw-away")
    @require("requester")
    @idempotent
    def throw_away(draft_id: str) -> Response:
        drafts.throw_away(drafts.get(shell.reader(), draft_id))
        ui.say("good", _("Thrown away"), _("The draft is gone; nothing else was changed."))
        return redirect(shell.PROJECTS_PAGE, 303)


def _typed() -> DraftText:
    sent = request.form
    language = sent.get("language", "")
    return DraftText(
        sent.get("title", "").strip(),
        sent.get("description", "").replace("\r\n", "\n").strip(),
        language if language in languages.OFFERED else None,
        sent.get("template", "").replace("\r\n", "\n"),
    )


def _version() -> int:
    sent = request.form.get("version", "")
    return int(sent) if sent.isdecimal() and len(sent) <= _VERSION_DIGITS_MAX else 0


def _with_rows(application: Application, draft: ProjectDraft) -> ProjectDraft:
    """The draft on the first rows of a table that came with the form. Raises FaultyRows."""
    upload = request.files.get("table")
    if upload is None or not upload.filename:
        return draft
    content = upload.stream.read(TABLE_BYTES_MAX + 1)
    whole = Upload(upload.filename, content, media_type_of(upload.filename))
    digest = application.look_at_upload.keep(draft.requester_id, whole)
    application.look_at_upload.use(draft.requester_id, digest)
    reading = usual_reading(content, whole.name)
    if reading.wish.kind != "rows":
        raise FaultyRows("Rows come in a table", faults=[], fault_count=0)
    raw = application.look_at_upload.rows(content, reading.wish)
    table = checked_table(raw.header.cells, [(row.line, row.cells) for row in raw.rows])
    return application.edit_drafts.try_on(draft, table, TrialFile(digest, whole.name))


def _rows_sentence(refusal: FaultyRows) -> str:
    shown = faults_of(refusal).shown
    if not shown:
        return str(_("Rows to try it on come in a table: CSV, TSV, JSON lines or XLSX."))
    line = _("Line %(line)s", line=number_text(shown[0].line))
    return f"{line}: {worded(shown[0].reason)}"


def _answer(draft: ProjectDraft, text: DraftText, **facts: Any) -> str:
    """The findings for a script, the page for a browser."""
    if "X-Editor" not in request.headers:
        return _page(draft, text, **facts)
    return render_template("requester/_findings.html", **_facts(draft, text, **facts))


def _page(draft: ProjectDraft, text: DraftText, **facts: Any) -> str:
    return render_template(
        "requester/editor.html",
        **_facts(draft, text, **facts),
        languages=languages.choices(),
        title_characters_max=TITLE_CHARACTERS_MAX,
        description_characters_max=DESCRIPTION_CHARACTERS_MAX,
    )


def _facts(
    draft: ProjectDraft,
    text: DraftText,
    *,
    errors: dict[str, str] | None = None,
    overtaken: bool = False,
) -> dict[str, Any]:
    """`text` is what is typed: other than the draft's where it was not saved."""
    columns = draft.columns if draft.rows else None
    template = text.template
    version = str(draft.version)
    return {
        "draft": draft,
        "text": text,
        "errors": errors or {},
        "overtaken": overtaken,
        "needs": Needs(
            needed_columns(template), read_parts(template).fields, foreign_hosts(template)
        ),
        "found": remarks.found(template, columns=columns),
        "view": previews.view(
            f"{shell.FRAME}/drafts/{draft.draft_id}", len(draft.rows), version=version
        ),
    }
