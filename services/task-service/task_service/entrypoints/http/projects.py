"""Projects: a template and what is said about it to workers."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import ProjectId
from flask_smorest import Blueprint

from task_service.bootstrap import Application
from task_service.domain.templates import answer_fields, check_size, lint, needed_columns
from task_service.entrypoints.http import present, schemas, template_schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_READING,
    SIGNED_IN,
    refusals,
)


def projects_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("projects", area="tasks", description="Projects")
    cursors = Cursors(application.settings.common.cursor_key, salt="projects")

    @blueprint.post("/projects")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing",
            401: "not_signed_in",
            422: "invalid_input, template_has_no_answer_field, template_too_large",
        },
    )
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.NewProjectSchema)
    @blueprint.response(201, schemas.ProjectSchema)
    def create(body: dict[str, Any]) -> dict[str, Any]:
        """Make a project of a template; a template that asks nothing is refused."""
        hosts = body["allowed_hosts"]
        made = application.projects.create(
            caller(),
            title=body["title"],
            description=body["description"],
            template=body["template_html"],
            language=body["language"],
            allowed_hosts=None if hosts is None else tuple(hosts),
        )
        return present.project(made)

    @blueprint.get("/projects")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.PageQuerySchema, location="query")
    @blueprint.response(200, schemas.ProjectPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """The caller's projects, newest first."""
        found = application.projects.page(
            caller(), before=cursors.place_of(query), count_max=query["limit"] + 1
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda project: project.project_id,
            present=present.project,
        )

    @blueprint.get("/projects/<project_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, schemas.ProjectSchema)
    def show(project_id: str) -> dict[str, Any]:
        """A project, with its template."""
        return present.project(application.projects.get(caller(), ProjectId(project_id)))

    _add_check(blueprint)
    return blueprint


def _add_check(blueprint: Blueprint) -> None:
    @blueprint.post("/templates/check")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 422: "invalid_input, template_too_large"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(template_schemas.TemplateCheckSchema)
    @blueprint.response(200, template_schemas.TemplateRemarksSchema)
    def check(body: dict[str, Any]) -> dict[str, Any]:
        """What is worth mending in a template, line by line; nothing is kept."""
        template = body["template_html"]
        check_size(template)
        return {
            "answer_fields": answer_fields(template),
            "columns": needed_columns(template),
            "remarks": [
                {"line": one.line, "code": one.code.value, "subject": one.subject}
                for one in lint(template, columns=body["columns"])
            ],
        }
