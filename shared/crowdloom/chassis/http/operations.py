"""`/api/<area>/operations`: the same report for scripts (JSON) and for people (a panel)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.operations import Check, Operations, Report
from crowdloom.kernel.clock import format_instant

log = structlog.get_logger(__name__)

OPERATOR_PAGE = "/operator"
_FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}


def operations_blueprint(
    area: str, operations: Operations, checks: Mapping[str, Check]
) -> Blueprint:
    """The panel is `ui/operations.html` of crowdloom.ui, within a page where a person opens it
    by itself; a part of another page where htmx fetches it.
    """
    prefix = f"/api/{area}/operations"
    blueprint = Blueprint(f"operations_{area}", __name__, url_prefix=prefix)

    @blueprint.get("")
    @require("staff", "operator")
    def report() -> Response:
        return jsonify(_presented(area, operations.report(checks)))

    @blueprint.get("/panel")
    @require("staff", "operator")
    def panel() -> str:
        whole = "HX-Request" not in request.headers
        template = "ui/operations_page.html" if whole else "ui/operations.html"
        return render_template(template, area=area, report=operations.report(checks), prefix=prefix)

    @blueprint.post("/dead-letters/<dead_letter_id>/replay")
    @require("staff", "operator")
    def replay(dead_letter_id: str) -> BaseResponse:
        caller = principal().subject
        operations.request_replay(dead_letter_id, asked_by=caller)
        log.info("replay_requested", dead_letter_id=dead_letter_id, asked_by=caller)
        if request.mimetype in _FORM_TYPES:
            return redirect(OPERATOR_PAGE, 303)
        return Response(status=204)

    return blueprint


def _presented(area: str, report: Report) -> dict[str, Any]:
    letters = [
        {**asdict(letter), "buried_at": format_instant(letter.buried_at)}
        for letter in report.dead_letters.items
    ]
    seen_at = report.events_process.seen_at
    failing = {name: reason for name, reason in report.ready.items() if reason}
    return {
        "area": area,
        "as_of": format_instant(report.as_of),
        "ready": {
            "status": "not_ready" if failing else "ready",
            "checks": dict(report.ready),
        },
        "outbox": asdict(report.outbox),
        "consumer": asdict(report.consumer),
        "events_process": {
            **asdict(report.events_process),
            "seen_at": format_instant(seen_at) if seen_at else None,
        },
        "dead_letters": {"open_count": report.dead_letters.open_count, "items": letters},
    }
