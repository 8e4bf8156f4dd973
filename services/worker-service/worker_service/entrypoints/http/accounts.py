"""Anonymous accounts: make one, come back to one, say what one speaks."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.ids import WorkerId
from flask import Response, request
from flask_smorest import Blueprint

from worker_service.bootstrap import SESSION_LIFETIME, Application
from worker_service.domain.workers import Worker
from worker_service.entrypoints.export_files import FILE_NAME, export_of
from worker_service.entrypoints.http.schemas import (
    NewWorkerSchema,
    ProfileChangeSchema,
    ProfileSchema,
    RecoveryCodeSchema,
    RegisteredWorkerSchema,
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
        """Make an anonymous worker. The recovery code is in this answer and nowhere else."""
        made = application.register_worker(
            languages=body["languages"], source=request.remote_addr or ""
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
    """A fresh session of the worker, as the API and the cookies carry it."""
    token = application.sessions.issue(
        Principal(role="worker", subject=worker.worker_id), lifetime=SESSION_LIFETIME
    )
    return {
        "worker_id": worker.worker_id,
        "token": token,
        "expires_at": application.clock.now() + SESSION_LIFETIME,
    }
