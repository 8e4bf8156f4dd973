"""API keys: made, listed, revoked; and who calls with one."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.errors import NotAllowed
from flask import request
from flask_smorest import Blueprint

from task_service.application.accounts import ApiKeys
from task_service.bootstrap import Application
from task_service.domain.requesters import KeyScope
from task_service.entrypoints.http import schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import OF_READING, SIGNED_IN, refusals

_READING = {"GET", "HEAD", "OPTIONS"}


class ApiKeyPrincipals:
    """The chassis' view of the keys: whose key is it, and may it do what is asked?"""

    def __init__(self, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys

    def principal_of(self, api_key: str) -> Principal | None:
        """Raises NotAllowed where the key's scope does not go so far."""
        key = self._api_keys.used(api_key)
        if key is None:
            return None
        if not key.scope.allows(
            reading=request.method in _READING, reviewing=_is_review(request.path)
        ):
            raise NotAllowed(
                "This key does not go so far: its scope is %(scope)s", scope=str(key.scope)
            )
        return Principal(role="requester", subject=key.requester_id)


def _is_review(path: str) -> bool:
    """A bonus is money, and no review."""
    decides = "/submissions/" in path and not path.endswith("/bonus")
    return decides or path.endswith(("/reviews", "/reviews/file"))


def api_keys_blueprint(application: Application) -> Blueprint:
    """`/api-keys`. Making one keeps no answer by Idempotency-Key: it holds the secret. Sent twice,
    it makes a second key, which the list shows and which can be revoked.
    """
    blueprint = api_blueprint("api_keys", area="tasks", description="API keys")

    @blueprint.post("/api-keys")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.NewApiKeySchema)
    @blueprint.response(201, schemas.CreatedApiKeySchema)
    def create(body: dict[str, Any]) -> dict[str, Any]:
        """Make a key. Its secret is in this answer and nowhere else."""
        made = application.api_keys.create(caller(), body["name"], scope=KeyScope(body["scope"]))
        return {**vars(made.key), "secret": made.secret}

    @blueprint.get("/api-keys")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, schemas.ApiKeyPageSchema)
    def listed() -> dict[str, Any]:
        """The caller's keys that are not revoked, newest first."""
        return {"items": application.api_keys.listed(caller()), "next_cursor": None}

    @blueprint.delete("/api-keys/<key_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(204)
    def revoke(key_id: str) -> None:
        """Revoke a key, for good. Revoking it again changes nothing."""
        application.api_keys.revoke(caller(), key_id)

    return blueprint
