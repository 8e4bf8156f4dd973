"""My work: every assignment of the caller, newest first."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.kernel.ids import AssignmentId
from flask_smorest import Blueprint

from worker_service.application.ports import WorkFilter
from worker_service.bootstrap import Application
from worker_service.domain.work_items import Status, WorkItem
from worker_service.entrypoints.http.accounts import caller
from worker_service.entrypoints.http.schemas import WorkPageSchema, WorkQuerySchema


def work_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("work", area="workers", description="What became of one's work")
    cursors = Cursors(application.settings.common.cursor_key, salt="work")

    @blueprint.get("/work")
    @require("worker")
    @blueprint.arguments(WorkQuerySchema, location="query")
    @blueprint.response(200, WorkPageSchema)
    def work(query: dict[str, Any]) -> dict[str, Any]:
        """The caller's work items, newest claim first, of one status or of all."""
        cursor = query["cursor"]
        page = application.show_work(
            caller(),
            count_max=query["limit"],
            wanted=WorkFilter(status=Status.of_word(query["status"]) if query["status"] else None),
            before=AssignmentId(cursors.read(cursor)) if cursor else None,
        )
        following = page.next_before
        return {
            "items": [_presented(item) for item in page.items],
            "next_cursor": cursors.write(following) if following else None,
        }

    return blueprint


def _presented(item: WorkItem) -> dict[str, Any]:
    return {
        **vars(item),
        "status": item.status.word,
        "title": item.terms.title if item.terms else None,
        "requester_name": item.terms.requester_name if item.terms else None,
        "reward": item.pays,
    }
