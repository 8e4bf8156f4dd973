"""Anonymous accounts: make one, come back to one, say what one speaks."""

from datetime import timedelta
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.session_records import SessionRecord, device_of
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.ids import WorkerId
from flask import Response, request
from flask_smorest import Blueprint

from worker_service.bootstrap import API_PASS_LIFETIME, SESSION_LIFETIME, Application
from worker_service.domain.workers import Worker
from worker_service.entrypoints.export_files import FILE_NAME, export_of
from worker_service.entrypoints.http.schemas import (
    NewWorkerSchema,
    ProfileChangeSchema,
    ProfileSchema,
    RecoveryCodeSchema,
    RegisteredWorkerSchema,
    SessionPageSchema,
    SessionSchema,
)


def accounts_blueprint(application: Application) -> Blueprint:
    """`/workers`, `/sessions`, `/me`, `/recovery-code`.

    The calls whose answers hold a code or a token keep no answers by Idempotency-Key: a stored one
    would hold the secret in the clear, and hand an account to whoever sends the same key. Made
    twice, a worker is a second, empty account; re-issued twice, the later code holds.
    """
    blueprint = api_blueprint("workers", area="workers", description="Anonymous accounts")

    @blueprint.post("/workers")
    @blueprint.arguments(NewWorkerSchema)
    @blueprint.response(201, RegisteredWorkerSchema)
    def register(body: dict[str, Any]) -> dict[str, Any]:
        """Make an anonymous worker. The recovery code is in this answer and nowhere else.

        After many from one address comes 428 `effort_needed` with a `challenge`: send it again a
        minute later, or with `proof` = `challenge:answer`, so that the SHA-256 of that begins with
        `bits` zero bits.
        """
        made = application.register_worker(
            languages=body["languages"], source=request.remote_addr or "", proof=body["proof"]
        )
        return {
            **session_of(application, made.worker),
            "recovery_code": made.recovery_code.text,
        }

    @blueprint.post("/sessions")
    @blueprint.arguments(RecoveryCodeSchema)
    @blueprint.response(200, SessionSchema)
    def sign_in(body: dict[str, Any]) -> dict[str, Any]:
        """Sign in with the recovery code, in any case, with or without its hyphens."""
        return session_of(application, application.sign_in(body["recovery_code"]))

    @blueprint.get("/sessions")
    @require("worker")
    @blueprint.response(200, SessionPageSchema)
    def sessions() -> dict[str, Any]:
        """Where the caller is signed in, newest first."""
        shown = [
            {**vars(record), "this_one": record.session_id == principal().session_id}
            for record in application.session_records.of(caller())
        ]
        return {"items": shown, "next_cursor": None}

    @blueprint.delete("/sessions/<session_id>")
    @require("worker")
    @blueprint.response(204)
    def end_session(session_id: str) -> None:
        """End a session: here at once, at other services within hours. Twice changes nothing."""
        application.session_records.end(caller(), session_id)

    @blueprint.get("/me")
    @require("worker")
    @blueprint.response(200, ProfileSchema)
    def show() -> Worker:
        """What is kept about the caller."""
        return application.show_profile(caller())

    @blueprint.patch("/me")
    @require("worker")
    @blueprint.arguments(ProfileChangeSchema)
    @blueprint.response(200, ProfileSchema)
    def change(body: dict[str, Any]) -> Worker:
        """Set the languages one works in; none means any."""
        return application.change_profile(caller(), languages=body["languages"])

    @blueprint.get("/me/export")
    @require("worker")
    @blueprint.response(200, content_type="application/zip")
    def export() -> Response:
        """Everything known about the caller: account and appeals as JSON, work as CSV, zipped."""
        return zipped(application, caller())

    @blueprint.delete("/me")
    @require("worker")
    @blueprint.response(204)
    def close() -> None:
        """Close the account for good. What is payable stays payable; there is no way back in."""
        application.close_account(caller())
        application.session_records.end_all(caller())
        application.passkeys.forget(caller())

    @blueprint.post("/recovery-code")
    @require("worker")
    @blueprint.response(201, RecoveryCodeSchema)
    def reissue() -> dict[str, Any]:
        """Make a new recovery code; the one before opens nothing from then on."""
        return {"recovery_code": application.reissue_recovery_code(caller()).text}

    return blueprint


def caller() -> WorkerId:
    return WorkerId(principal().subject)


def zipped(application: Application, worker_id: WorkerId) -> Response:
    response = Response(export_of(application, worker_id), mimetype="application/zip")
    response.headers["Content-Disposition"] = f"attachment; filename={FILE_NAME}"
    return response


def session_of(application: Application, worker: Worker) -> dict[str, Any]:
    """A fresh session of the worker, as the API carries it. Here the token is good as long as the
    session; every other service takes it until `expires_at`.
    """
    who, record = begun(application, worker.worker_id, SESSION_LIFETIME)
    return {
        "worker_id": worker.worker_id,
        "token": application.sessions.issue(who, lifetime=API_PASS_LIFETIME),
        "expires_at": record.begun_at + API_PASS_LIFETIME,
    }


def begun(
    application: Application, worker_id: WorkerId, lifetime: timedelta
) -> tuple[Principal, SessionRecord]:
    """A session of whoever sends this request, with its record."""
    record = application.session_records.begin(
        worker_id, device=device_of(request.headers.get("User-Agent", "")), lifetime=lifetime
    )
    who = Principal(role="worker", subject=worker_id, session_id=record.session_id)
    return who, record
