"""Who calls: a bearer token, an API key of the service's own, or a browser's session cookie."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, current_app, g, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from crowdloom.chassis.http.problems import wants_page
from crowdloom.chassis.http.team_roles import refuse_beyond_role
from crowdloom.chassis.tokens import InvalidToken, Principal, Sessions
from crowdloom.kernel.errors import DomainError, NotAllowed

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

COOKIE_OF_ROLE = {"requester": "cl_requester", "worker": "cl_worker", "staff": "cl_staff"}
# The worker's cookie has no path that task-service serves: it never learns who a worker is.
COOKIE_PATHS = {
    "requester": ("/requester", "/pay", "/match/reach", "/api/tasks", "/api/payments"),
    "worker": ("/work", "/match", "/pay", "/api/workers", "/api/matching", "/api/payments"),
    "staff": (
        "/finance",
        "/operator",
        "/api/payments",
        "/api/matching",
        "/api/tasks/operations",
        "/api/workers/operations",
    ),
}
# Served by the role's own service, which looks the session up; elsewhere a pass has to do.
HOME_PATHS = {
    "requester": COOKIE_PATHS["requester"],
    "worker": ("/work", "/api/workers"),
    "staff": ("/finance", "/api/payments"),
}
SIGN_IN_PAGE = {
    "requester": "/requester/sign-in",
    "worker": "/work/start",
    "staff": "/finance/sign-in",
}
_API_KEY = "ck_"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class NotSignedIn(DomainError):
    code = "not_signed_in"
    status = 401


class CrossSiteRequest(DomainError):
    code = "cross_site_request"
    status = 403


class ApiKeys(Protocol):
    """Looks up API keys; blocks for one point read; idempotent."""

    def principal_of(self, api_key: str) -> Principal | None:
        """Return whose key it is, or None where it is unknown or revoked."""
        ...


class Records(Protocol):
    """The records of a role's sessions, at the service that issues them."""

    role: str

    def look(self, session_id: str) -> bool | None:
        """None where it was ended; else whether fresh passes are due. Blocks for a point read."""
        ...


def install_auth(
    app: Flask,
    sessions: Sessions,
    api_keys: ApiKeys | None = None,
    *,
    records: Records | None = None,
    pass_lifetime: timedelta = timedelta(hours=1),
) -> None:
    """With `records`, a session that was ended is refused, and a browser's passes for the other
    services, which live for `pass_lifetime`, are renewed while it is used.
    """
    app.extensions["crowdloom_sessions"] = sessions
    app.extensions["crowdloom_api_keys"] = api_keys
    app.extensions["crowdloom_session_records"] = records
    app.config["CROWDLOOM_PASS_LIFETIME"] = pass_lifetime
    if records is not None:
        app.after_request(_renew_passes)


def require(role: str, *grants: str) -> Callable[[ViewT], ViewT]:
    """Let only `role` in, and of staff only those with one of `grants` (any, where none is named).

    A browser that asked for a page is sent to the role's sign-in instead of getting a problem.
    """

    def decorate(view: ViewT) -> ViewT:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                g.principal = authenticate((role,))
            except (NotSignedIn, InvalidToken):
                if _may_be_sent_to_sign_in():
                    return _to_sign_in(role)
                g.sign_in_page = SIGN_IN_PAGE[role]
                raise
            _check_grants(g.principal, grants)
            refuse_beyond_role(g.principal, request.method, request.path)
            return view(*args, **kwargs)

        return cast("ViewT", guarded)

    return decorate


def require_any(*roles: str) -> Callable[[ViewT], ViewT]:
    """Let any of the roles in; the view looks at `principal().role`."""

    def decorate(view: ViewT) -> ViewT:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.principal = authenticate(roles)
            refuse_beyond_role(g.principal, request.method, request.path)
            return view(*args, **kwargs)

        return cast("ViewT", guarded)

    return decorate


def principal() -> Principal:
    """The caller that `require` let in."""
    return cast("Principal", g.principal)


def authenticate(roles: Iterable[str]) -> Principal:
    """Find the caller among the roles. Raises NotSignedIn, InvalidToken, NotAllowed."""
    wanted = tuple(roles)
    refusal: DomainError | None = g.get("session_refusal")
    if refusal is not None:
        raise refusal
    token = bearer_token()
    found = _principal_of_bearer(token) if token else _principal_of_cookies(wanted)
    if found is None:
        raise NotSignedIn("Sign in first, or send a token in the Authorization header")
    if found.role not in wanted:
        raise NotAllowed(
            "This is for another role than yours", role=found.role, needed=list(wanted)
        )
    _look_up(found)
    return found


def who_is(role: str) -> Principal | None:
    """The caller in this role; None for anybody else."""
    try:
        return authenticate((role,))
    except (NotSignedIn, InvalidToken, NotAllowed):
        return None


def refuse_session(refusal: NotSignedIn | InvalidToken) -> None:
    """Let the caller's session count no more for the rest of this request. What needs none, such
    as signing in again, goes on.
    """
    g.session_refusal = refusal


def _look_up(found: Principal) -> None:
    """Once a request. Tokens of before there were records have no session id, and an end."""
    records: Records | None = current_app.extensions.get("crowdloom_session_records")
    if records is None or not found.session_id or found.role != records.role:
        return
    looked = g.setdefault("sessions_looked_up", {})
    if found.session_id not in looked:
        looked[found.session_id] = records.look(found.session_id)
    if looked[found.session_id] is None:
        raise NotSignedIn("This session was ended; sign in again")
    if looked[found.session_id] and not bearer_token():
        g.passes_due = found


def _renew_passes(response: Response) -> Response:
    due: Principal | None = g.pop("passes_due", None)
    if due is not None:
        give_passes(response, due)
    return response


def give_passes(response: BaseResponse, principal: Principal) -> None:
    """Let a browser into the other services for a while, as somebody with a session here."""
    lifetime: timedelta = current_app.config["CROWDLOOM_PASS_LIFETIME"]
    token = _sessions().issue(principal, lifetime=lifetime)
    paths = [
        path for path in COOKIE_PATHS[principal.role] if path not in HOME_PATHS[principal.role]
    ]
    _set_cookies(response, role=principal.role, token=token, paths=paths, lifetime=lifetime)


def bearer_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def set_session_cookies(
    response: BaseResponse, *, role: str, token: str, lifetime: timedelta
) -> None:
    """Give the browser its session, once per path the role needs and nowhere else."""
    _set_cookies(response, role=role, token=token, paths=COOKIE_PATHS[role], lifetime=lifetime)


def set_home_cookies(response: BaseResponse, principal: Principal, *, lifetime: timedelta) -> None:
    """The same for a session that has a record: long-lived here, by passes elsewhere."""
    token = _sessions().issue_home(principal, lifetime=lifetime)
    role = principal.role
    _set_cookies(response, role=role, token=token, paths=HOME_PATHS[role], lifetime=lifetime)
    give_passes(response, principal)


def _set_cookies(
    response: BaseResponse, *, role: str, token: str, paths: Iterable[str], lifetime: timedelta
) -> None:
    for path in paths:
        response.set_cookie(
            COOKIE_OF_ROLE[role],
            token,
            path=path,
            max_age=int(lifetime.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
        )


def clear_session_cookies(response: BaseResponse, *, role: str) -> None:
    for path in COOKIE_PATHS[role]:
        response.delete_cookie(COOKIE_OF_ROLE[role], path=path)


def refuse_cross_site() -> None:
    """Before every request: an unsafe one that a browser sends must come from our own origin."""
    if request.method in _SAFE_METHODS or bearer_token() or request.path.startswith("/webhooks/"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise CrossSiteRequest("The request came from another site", site=site)
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise CrossSiteRequest("The request came from another origin", origin=origin)


def _principal_of_bearer(token: str) -> Principal | None:
    api_keys: ApiKeys | None = current_app.extensions["crowdloom_api_keys"]
    if not token.startswith(_API_KEY):
        return _sessions().read(token)
    if api_keys is None:
        raise NotSignedIn("API keys open /api/tasks alone; send a session's token here")
    found = api_keys.principal_of(token)
    if found is None:
        raise NotSignedIn("This API key is unknown, or was revoked")
    return found


def _principal_of_cookies(roles: Iterable[str]) -> Principal | None:
    for role in roles:
        token = request.cookies.get(COOKIE_OF_ROLE[role])
        if token:
            return _sessions().read(token)
    return None


def _sessions() -> Sessions:
    return cast("Sessions", current_app.extensions["crowdloom_sessions"])


def _check_grants(caller: Principal, grants: tuple[str, ...]) -> None:
    if grants and not caller.grants.intersection(grants):
        raise NotAllowed(
            "This needs a right that you were not given: %(rights)s",
            rights=", ".join(grants),
            needed=list(grants),
        )


def _may_be_sent_to_sign_in() -> bool:
    """A person who opens a page. A part that loads itself would be filled with the sign-in."""
    return wants_page() and request.method == "GET" and "HX-Request" not in request.headers


def _to_sign_in(role: str) -> Response:
    target = request.full_path.rstrip("?")
    answer = redirect(f"{SIGN_IN_PAGE[role]}?{urlencode({'next': target}, safe='/')}")
    return Response(answer.response, answer.status, answer.headers)
