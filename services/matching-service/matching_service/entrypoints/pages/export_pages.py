"""`/match/export`: what this service knows about the worker who asks, as a file."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from crowdloom.chassis.http.auth import principal, require
from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.ids import WorkerId
from flask import Blueprint, Response

from matching_service.application.ports import UnmetAsk
from matching_service.application.show_known import Known
from matching_service.bootstrap import Application
from matching_service.domain.assignments import Assignment
from matching_service.domain.requirements import Holding, WorkerProfile

EXPORT = "/match/export"


def make_export_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("export_pages", __name__)

    @blueprint.get(EXPORT)
    @require("worker")
    def export() -> Response:
        known = application.show_known(WorkerId(principal().subject))
        response = Response(_lines(known), mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=crowdloom-matching.json"
        return response

    return blueprint


def _lines(known: Known) -> Iterator[str]:
    """One JSON object, an assignment a line."""
    facts = {"profile": _profile(known.profile), "last_in_vain": _in_vain(known.last_in_vain)}
    yield json.dumps(facts, ensure_ascii=False, indent=1)[:-2] + ',\n "assignments": ['
    comma = "\n  "
    for assignment, ended_at in known.assignments:
        yield comma + json.dumps(_assignment(assignment, ended_at), ensure_ascii=False)
        comma = ",\n  "
    yield "\n ]\n}\n"


def _profile(profile: WorkerProfile) -> Mapping[str, Any]:
    return {
        "languages": sorted(profile.languages),
        "answers_as_newcomer": profile.answered,
        "is_newcomer": profile.is_newcomer,
        "judged_by_kind_of_task": {
            kind: {"accepted": one.accepted, "decided": one.count}
            for kind, one in sorted(profile.judged.items())
        },
        "projects_not_given_any_more": sorted(profile.stopped),
        "qualifications": [_holding(code, held) for code, held in sorted(profile.holdings.items())],
    }


def _holding(code: str, holding: Holding) -> Mapping[str, Any]:
    return {
        "qualification": code,
        "held": holding.held,
        "told_at": format_instant(holding.told_at),
        "score": holding.score,
        "expires_at": _when(holding.expires_at),
    }


def _in_vain(ask: UnmetAsk | None) -> Mapping[str, Any] | None:
    """When work was last asked for and there was none, and why for each batch looked at."""
    if ask is None:
        return None
    return {"asked_at": format_instant(ask.asked_at), "reasons": dict(ask.reasons)}


def _assignment(one: Assignment, ended_at: datetime | None) -> Mapping[str, Any]:
    return {
        "assignment_id": one.assignment_id,
        "batch_id": one.batch_id,
        "task_id": one.task_id,
        "your_name_to_its_requester": one.pseudonym,
        "status": str(one.status),
        "claimed_at": format_instant(one.claimed_at),
        "deadline": format_instant(one.deadline),
        "times_prolonged": len(one.extension_keys),
        "ended_at": _when(ended_at),
    }


def _when(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None
