"""Batches: drafted, looked at, published, paused, resumed, cancelled."""

from collections.abc import Callable
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, ProjectId
from flask_smorest import Blueprint

from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.requirements import Requirements
from task_service.entrypoints.http import present, requirement_schemas, schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.chain_schemas import NextStepSchema, NextStepWishSchema
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)


def batches_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("batches", area="tasks", description="Batches")
    _add_collection(blueprint, application)
    batches = application.batches

    @blueprint.get("/batches/<batch_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, requirement_schemas.BatchDetailSchema)
    def show(batch_id: str) -> dict[str, Any]:
        """A batch with its counts; `declined` says why its last publication was refused."""
        return present.batch_view(batches.view(caller(), BatchId(batch_id)))

    _add_step(
        blueprint,
        application,
        batches.publish,
        """Ask for the funds; the batch opens when they are reserved, or is a draft again.""",
    )
    _add_step(
        blueprint,
        application,
        application.pilots.pilot,
        """Publish the first ten rows alone. The rest waits as an addition: ask for it with
        `extend` when their answers were looked at.""",
    )
    _add_step(
        blueprint, application, batches.pause, """No new claims until the batch is resumed."""
    )
    _add_step(blueprint, application, batches.resume, """Claims are possible again.""")
    _add_step(
        blueprint,
        application,
        batches.cancel,
        """No new claims for good. What is claimed or submitted is honoured and paid; the rest of
        the money goes back to the wallet.""",
    )
    _add_step(
        blueprint,
        application,
        batches.archive,
        """Put a draft, or a batch that is over, away: lists on pages leave it out.""",
    )
    _add_step(blueprint, application, batches.restore, """Take it out of the archive again.""")
    _add_next_step(blueprint, application)
    _add_requirements(blueprint, application)
    return blueprint


def _add_collection(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="batches")

    @blueprint.post("/projects/<project_id>/batches")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**OF_CHANGING, 422: "invalid_input, wrong_currency"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(requirement_schemas.NewBatchSchema)
    @blueprint.response(201, schemas.BatchSchema)
    def create(body: dict[str, Any], project_id: str) -> dict[str, Any]:
        """Make a draft with the terms that workers will see."""
        project = application.projects.get(caller(), ProjectId(project_id))
        reward = body.pop("reward")
        made = application.batches.draft(
            project, reward=Money.of_minor(reward["amount_minor"], reward["currency"]), **body
        )
        return present.batch(made)

    @blueprint.get("/projects/<project_id>/batches")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.PageQuerySchema, location="query")
    @blueprint.response(200, schemas.BatchPageSchema)
    def listed(query: dict[str, Any], project_id: str) -> dict[str, Any]:
        """A project's batches, newest first."""
        project = application.projects.get(caller(), ProjectId(project_id))
        found = application.batches.page(
            project.project_id, before=cursors.place_of(query), count_max=query["limit"] + 1
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda batch: batch.batch_id,
            present=present.batch,
        )


def _add_requirements(blueprint: Blueprint, application: Application) -> None:
    batches = application.batches

    @blueprint.put("/batches/<batch_id>/requirements")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 409: "wrong_batch_status", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(requirement_schemas.RequirementsSchema)
    @blueprint.response(200, requirement_schemas.BatchDetailSchema)
    def set_requirements(asked: Requirements, batch_id: str) -> dict[str, Any]:
        """Say whom a draft is for, in place of what was said before; `{}` for anybody."""
        batch = batches.get(caller(), BatchId(batch_id))
        batches.set_requirements(batch, None if asked == Requirements() else asked)
        return present.batch_view(batches.view(caller(), batch.batch_id))


def _add_next_step(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/batches/<batch_id>/next-step")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {**OF_CHANGING, 422: "faulty_rows: the template needs columns that are not there"},
    )
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NextStepWishSchema)
    @blueprint.response(201, NextStepSchema)
    def next_step(body: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """A draft of another project whose rows are what the answers say: the batch's columns, and
        for each field `answer.<field>` (what most answered) and `answer.<field>.1` and on (each
        different answer).
        """
        batch = application.batches.get(caller(), BatchId(batch_id))
        project = application.projects.get(caller(), ProjectId(body["project_id"]))
        made = application.chain_batch(batch, project)
        counts = {"missing": made.missing, "contested": made.contested}
        return {"batch": present.batch(made.draft), **counts}


def _add_step(
    blueprint: Blueprint,
    application: Application,
    step: Callable[[Batch], Batch],
    meaning: str,
) -> None:
    """`POST /batches/{id}/<name of the step>`."""

    @require("requester")
    @idempotent
    @refusals(blueprint, {**OF_CHANGING, 409: "wrong_batch_status, batch_has_no_tasks"})
    @blueprint.doc(
        security=SIGNED_IN,
        parameters=[IDEMPOTENCY_KEY],
        summary=step.__name__.capitalize(),
        description=" ".join(meaning.split()),
    )
    @blueprint.response(200, schemas.BatchSchema)
    def take(batch_id: str) -> dict[str, Any]:
        return present.batch(step(application.batches.get(caller(), BatchId(batch_id))))

    name = step.__name__
    blueprint.add_url_rule(f"/batches/<batch_id>/{name}", name, take, methods=["POST"])
