"""Home, a new project, a project with its batches."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import ProjectId
from crowdloom.kernel.limits import (
    DESCRIPTION_CHARACTERS_MAX,
    TEMPLATE_BYTES_MAX,
    TITLE_CHARACTERS_MAX,
)
from crowdloom.ui.formats import number_text
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.errors import TemplateHasNoAnswerField, TemplateTooLarge
from task_service.domain.projects import Project
from task_service.domain.templates import check_template, foreign_hosts, needed_columns
from task_service.entrypoints.pages import forms, languages, remarks, shell, starters, states

PAGE_PROJECTS = 20
PAGE_BATCHES = 20
_NEWEST_BATCHES = 6
_FORM_BYTES_MAX = 2 * TEMPLATE_BYTES_MAX
_NEW_PAGE = f"{shell.PROJECTS_PAGE}/new"


@dataclass(frozen=True)
class Needs:
    """What a template needs of a table, asks, and loads from elsewhere."""

    columns: list[str]
    fields: list[str]
    hosts: list[str]
    remarks: list[tuple[str, str]]


def project_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("project_pages", __name__)

    @blueprint.before_request
    def admit_large_templates() -> None:
        # Above Werkzeug's own limit of a field: a template is refused with a sentence, not a 413.
        request.max_form_memory_size = _FORM_BYTES_MAX

    _add_home(blueprint, application)
    _add_new(blueprint, application)
    _add_project(blueprint, application)
    return blueprint


def _add_home(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="project_pages")

    @blueprint.get("/requester")
    @blueprint.get("/requester/")
    def home() -> Any:
        return redirect(shell.PROJECTS_PAGE)

    @blueprint.get(shell.PROJECTS_PAGE)
    @require("requester")
    def projects() -> str:
        cursor = request.args.get("cursor")
        found = application.projects.page(
            shell.reader(),
            before=cursors.read(cursor) if cursor else None,
            count_max=PAGE_PROJECTS + 1,
        )
        shown = found[:PAGE_PROJECTS]
        more = len(found) > PAGE_PROJECTS
        newest = application.show_batches.newest(shell.reader(), _NEWEST_BATCHES)
        return render_template(
            "requester/projects.html",
            projects=shown,
            lines=[] if cursor else newest,
            next_cursor=cursors.write(shown[-1].project_id) if more else None,
            starters=starters.offered(),
            drafts=[] if cursor else application.edit_drafts.all(shell.reader()),
            language_name=languages.name_for_reader,
            words=states.batch_words(),
            tones=states.BATCH_TONES,
        )


def _add_new(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_NEW_PAGE)
    @require("requester")
    def new() -> str:
        return _form_page({})

    @blueprint.post(f"{_NEW_PAGE}/look")
    @require("requester")
    def look() -> Any:
        """Nothing is kept: the template is read and told of."""
        typed = request.form.to_dict()
        template = typed.get("template", "")
        try:
            template = forms.template_of(typed, request.files.get("file"))
            check_template(template)
        except forms.FileUnreadable as refusal:
            return _form_page(typed, errors={"template": str(refusal)}), 422
        except InvalidInput as refusal:
            errors = {"template": _template_sentence(refusal)}
            return _form_page({**typed, "template": template}, errors=errors), 422
        return _form_page({**typed, "template": template}, needs=_needs(template))

    @blueprint.post(_NEW_PAGE)
    @require("requester")
    @idempotent
    def create() -> Any:
        typed = request.form.to_dict()
        try:
            typed["template"] = forms.template_of(typed, request.files.get("file"))
            project = application.projects.create(
                shell.reader(),
                title=typed.get("title", ""),
                description=typed.get("description", ""),
                template=typed["template"],
                language=_language(typed),
            )
        except forms.FileUnreadable as refusal:
            return _form_page(typed, errors={"template": str(refusal)}), 422
        except InvalidInput as refusal:
            return _form_page(typed, errors=project_errors(refusal)), 422
        ui.say("good", _("Project made"), _("Next: a batch, with your table and what you pay."))
        return redirect(shell.project_page(project.project_id), 303)


def _language(typed: dict[str, str]) -> str | None:
    """One of those on offer: the form offers no other."""
    chosen = typed.get("language", "")
    return chosen if chosen in languages.OFFERED else None


def _needs(template: str) -> Needs:
    parts = check_template(template)
    return Needs(
        needed_columns(template),
        parts.fields,
        foreign_hosts(template),
        remarks.sentences(template),
    )


def project_errors(refusal: InvalidInput) -> dict[str, str]:
    """What is wrong with a project, by field."""
    words = {
        "title": _("The title has 1 to %(max)s characters.", max=number_text(TITLE_CHARACTERS_MAX)),
        "description": _(
            "The description has 1 to %(max)s characters.",
            max=number_text(DESCRIPTION_CHARACTERS_MAX),
        ),
    }
    named = refusal.facts.get("errors")
    known = {name: words[name] for name in words if isinstance(named, dict) and name in named}
    return known or {"template": _template_sentence(refusal)}


def _template_sentence(refusal: InvalidInput) -> str:
    if isinstance(refusal, TemplateHasNoAnswerField):
        words = _("The template asks nothing. Add at least one field with a name, for example")
        return f'{words} <textarea name="answer"></textarea>'
    if isinstance(refusal, TemplateTooLarge):
        sentence = _(
            "The template is larger than %(size)s kB. Load large parts from a host of yours.",
            size=number_text(TEMPLATE_BYTES_MAX // 1000),
        )
    else:
        sentence = _("The template loads from something that is no host name.")
    return str(sentence)


def _form_page(
    typed: dict[str, str], *, errors: dict[str, str] | None = None, needs: Needs | None = None
) -> str:
    return render_template(
        "requester/new_project.html",
        typed=typed,
        errors=errors or {},
        needs=needs,
        starters=starters.offered(),
        languages=languages.choices(),
        title_characters_max=TITLE_CHARACTERS_MAX,
        description_characters_max=DESCRIPTION_CHARACTERS_MAX,
    )


def _add_project(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="batch_pages")

    @blueprint.get(f"{shell.PROJECTS_PAGE}/<project_id>")
    @require("requester")
    def project(project_id: str) -> str:
        found = application.projects.get(shell.reader(), ProjectId(project_id))
        cursor = request.args.get("cursor")
        archived = "archived" in request.args
        batches = application.batches.page(
            found.project_id,
            before=cursors.read(cursor) if cursor else None,
            count_max=PAGE_BATCHES + 1,
            archived=archived,
        )
        shown = batches[:PAGE_BATCHES]
        more = len(batches) > PAGE_BATCHES
        return render_template(
            "requester/project.html",
            project=found,
            lines=application.show_batches.lines(shown),
            next_cursor=cursors.write(shown[-1].batch_id) if more else None,
            archived=archived,
            preview=shell.project_preview(found.project_id),
            language_name=languages.name_for_reader,
            words=states.batch_words(),
            tones=states.BATCH_TONES,
            owns=shell.owns(),
        )

    @blueprint.get(f"{shell.PROJECTS_PAGE}/<project_id>/example.csv")
    @require("requester")
    def example(project_id: str) -> Response:
        found = application.projects.get(shell.reader(), ProjectId(project_id))
        response = Response(_example_of(found), mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=example.csv"
        return response


def _example_of(project: Project) -> str:
    """A table with the columns the template needs, and two rows to write over. Begins with a byte
    order mark, by which spreadsheets know UTF-8.
    """
    columns = project.columns or ("item",)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in (1, 2):
        writer.writerow([f"{name} {row}" for name in columns])
    return "\ufeff" + text.getvalue()
