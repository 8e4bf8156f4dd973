"""The Idempotency-Key header on views."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import IO, Any, TypeVar, cast

from flask import Response, current_app, g, make_response, request

from crowdloom.chassis.idempotency import (
    IdempotencyKeyMissing,
    IdempotencyStore,
    Request,
    StoredAnswer,
    fingerprint_of,
)
from crowdloom.kernel import DomainError
from crowdloom.kernel.limits import IDEMPOTENCY_KEY_CHARACTERS_MAX

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

_REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = {"content-type", "location", "set-cookie"}


def idempotent(view: ViewT) -> ViewT:
    """Let the view take effect once per Idempotency-Key (header, or form field of that name).

    Goes directly above the view, below `require`. Refusals (4xx) are stored and replayed as well;
    a failure (5xx) that committed nothing is forgotten, so that the caller may send it again.
    """

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        store = cast("IdempotencyStore", current_app.extensions["crowdloom_idempotency"])
        attempt = store.begin(_request())
        if isinstance(attempt, StoredAnswer):
            return _replay(attempt)
        try:
            with store.marking(attempt):
                answer = make_response(current_app.ensure_sync(view)(*args, **kwargs))
        except DomainError as refusal:
            store.complete(attempt, _stored(_as_response(refusal)))
            raise
        except Exception:
            store.abandon(attempt)
            raise
        store.complete(attempt, _stored(answer))
        return answer

    return cast("ViewT", once)


def idempotency_key() -> str:
    """The caller's key, for views whose effect is idempotent by itself. Raises where missing."""
    key = request.headers.get("Idempotency-Key") or request.form.get("idempotency_key", "")
    if not key or len(key) > IDEMPOTENCY_KEY_CHARACTERS_MAX:
        raise IdempotencyKeyMissing(
            "Send an Idempotency-Key header: a fresh random value for each new call, "
            "the same one when you repeat it",
            characters_max=IDEMPOTENCY_KEY_CHARACTERS_MAX,
        )
    return key


def _request() -> Request:
    caller = getattr(g, "principal", None)
    form = "&".join(f"{key}={value}" for key, value in sorted(request.form.items(multi=True)))
    files = [_digest(file.stream) for _, file in sorted(request.files.items(multi=True))]
    return Request(
        principal=f"{caller.role}:{caller.subject}" if caller else "anonymous",
        route=f"{request.method} {request.path}",
        key=idempotency_key(),
        fingerprint=fingerprint_of(request.get_data(cache=True), form.encode(), *files),
    )


def _digest(upload: IO[bytes]) -> bytes:
    """Of a file that came with the form, left at its beginning for the view to read."""
    digest = hashlib.file_digest(upload, "sha256").digest()  # type: ignore[arg-type]
    upload.seek(0)
    return digest


def _as_response(refusal: DomainError) -> Response:
    return make_response(current_app.handle_user_exception(refusal))


def _stored(answer: Response) -> StoredAnswer:
    kept = tuple((name, value) for name, value in answer.headers if name.lower() in _KEPT_HEADERS)
    return StoredAnswer(answer.status_code, answer.get_data(), kept)


def _replay(answer: StoredAnswer) -> Response:
    response = Response(answer.body, status=answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    response.headers[_REPLAYED] = "true"
    return response
