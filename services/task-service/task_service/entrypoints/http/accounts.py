"""Requesters' accounts: sign up, sign in, who am I; and their API keys."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.ids import RequesterId
from flask import request
from flask_smorest import Blueprint

from task_service.bootstrap import SESSION_LIFETIME, Application
from task_service.domain.requesters import Requester
from task_service.entrypoints.http import schemas
from task_service.entrypoints.http.documented import refusals


def accounts_blueprint(application: Application) -> Blueprint:
    """`/requesters`, `/sessions`, `/me`.

    The calls whose answers hold a token keep no answers by Idempotency-Key: a stored one would hold
    the secret in the clear, and hand an account to whoever sends the same key. Sent twice, signing
    up says that the account is there; signing in makes one session more.
    """
    blueprint = api_blueprint("accounts", area="tasks", description="Requesters' accounts")

    @blueprint.post("/requesters")
    @refusals(blueprint, {409: "email_taken", 422: "invalid_input", 429: "too_many_sign_ups"})
    @blueprint.arguments(schemas.NewRequesterSchema)
    @blueprint.response(201, schemas.SessionSchema)
    def sign_up(body: dict[str, Any]) -> dict[str, Any]:
        """Make a requester's account and sign in to it."""
        return session_of(
            application, application.sign_up(**body, source=request.remote_addr or "")
        )

    @blueprint.post("/sessions")
    @refusals(blueprint, {401: "wrong_password", 422: "invalid_input", 429: "too_many_tries"})
    @blueprint.arguments(schemas.CredentialsSchema)
    @blueprint.response(200, schemas.SessionSchema)
    def sign_in(body: dict[str, Any]) -> dict[str, Any]:
        """Sign in with e-mail and password."""
        return session_of(application, application.sign_in(**body))

    @blueprint.get("/me")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.response(200, schemas.RequesterSchema)
    def me() -> Requester:
        """What is kept about the caller."""
        return application.sign_in.account(caller())

    return blueprint


def caller() -> RequesterId:
    """The requester whom `require` let in."""
    return RequesterId(principal().subject)


def session_of(application: Application, requester: Requester) -> dict[str, Any]:
    """A fresh session of the requester, as the API and the cookies carry it."""
    token = application.sessions.issue(
        Principal(role="requester", subject=requester.requester_id), lifetime=SESSION_LIFETIME
    )
    return {
        "requester_id": requester.requester_id,
        "token": token,
        "expires_at": application.clock.now() + SESSION_LIFETIME,
    }
