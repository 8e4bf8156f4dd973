"""The pages that Stripe would host: paying, onboarding, and a page that says what this is."""

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from stripe_simulator import accounts, checkout, oracle
from stripe_simulator.errors import ApiError, Json, missing
from stripe_simulator.pipeline import Pipeline
from stripe_simulator.scope import Scope
from stripe_simulator.store import Store

ZERO_DECIMAL = frozenset({"clp", "jpy", "krw", "vnd"})
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
RECENT = 10
Page = Callable[..., BaseResponse]


def money(amount: int, currency: str) -> str:
    """For people: 1250, usd -> USD 12.50."""
    if currency in ZERO_DECIMAL:
        return f"{currency.upper()} {amount:,}"
    sign = "-" if amount < 0 else ""
    return f"{currency.upper()} {sign}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def policy(*targets: str | None) -> str:
    """Browsers apply form-action to the redirect after a form, so its target is named too."""
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, filter(None, targets))}
    forms = " ".join(["'self'", *sorted(origins)])
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {forms}"
    )


def _page(name: str, status: int, *targets: str | None, **values: object) -> Response:
    response = make_response(render_template(name, money=money, **values), status)
    response.headers["Content-Security-Policy"] = policy(*targets)
    return response


def _note(status: int, title: str, text: str) -> Response:
    return _page("note.html", status, title=title, text=text)


def build(pipeline: Pipeline, store: Store) -> Blueprint:
    pages = Blueprint("pages", __name__)

    def serve(page: Page, path: dict[str, str]) -> BaseResponse:
        try:
            with store.transaction() as tx:
                return page(pipeline.scope(tx), *path.values())
        except ApiError:
            return _note(404, "Nothing here", "The address is not one that the simulator gave out.")

    for method, rule, page in ROUTES:
        pages.add_url_rule(
            rule,
            f"{method} {rule}",
            lambda _page=page, **path: serve(_page, path),
            methods=[method],
        )
    return pages


def _overview(scope: Scope) -> BaseResponse:
    recent = scope.tx.find("transfer", {}, limit=RECENT)
    return _page("overview.html", 200, state=oracle.state(scope), recent=recent)


def _checkout_page(scope: Scope, session_id: str) -> BaseResponse:
    session = checkout.load_session(scope, session_id)
    return _pay_page(session, declined="declined" in request.args)


def _checkout_button(scope: Scope, session_id: str) -> BaseResponse:
    return _press(scope, session_id, request.form.get("action", ""))


def _onboarding_page(scope: Scope, token: str) -> BaseResponse:
    link = _link(scope, token)
    if _stale(scope, link):
        return redirect(link["refresh_url"], 303)
    account = accounts.account_or_404(scope, link["account"])
    targets = (link["return_url"], link["refresh_url"])
    return _page("onboarding.html", 200, *targets, link=link, account=account)


def _onboarding_button(scope: Scope, token: str) -> BaseResponse:
    link = _link(scope, token)
    if _stale(scope, link):
        return redirect(link["refresh_url"], 303)
    return _onboard(scope, link, request.form)


ROUTES: list[tuple[str, str, Page]] = [
    ("GET", "/", _overview),
    ("GET", "/c/pay/<a>", _checkout_page),
    ("POST", "/c/pay/<a>", _checkout_button),
    ("GET", "/connect/<a>", _onboarding_page),
    ("POST", "/connect/<a>", _onboarding_button),
]


def _link(scope: Scope, token: str) -> Json:
    link = scope.tx.get(token, accounts.LINK_KIND)
    if link is None:
        raise missing("account link", token)
    return link


def _pay_page(session: Json, *, declined: bool) -> BaseResponse:
    if session["status"] == "complete":
        return redirect(_success(session), 303)
    if session["status"] == "expired":
        return _note(410, "This payment has expired", "Go back and start a new one.")
    targets = (session["success_url"], session["cancel_url"])
    return _page("pay.html", 200, *targets, session=session, declined=declined)


def _press(scope: Scope, session_id: str, action: str) -> BaseResponse:
    if action == "cancel":
        back = checkout.load_session(scope, session_id)["cancel_url"]
        return redirect(back, 303) if back else _note(200, "Not paid", "You can close this page.")
    if action not in {"pay", "decline"}:
        return _note(400, "Unknown button", "Go back and use a button of the page.")
    session = checkout.pay(scope, session_id, declined=action == "decline")
    if action == "decline" and session["status"] == "open":
        return redirect(f"/c/pay/{session_id}?declined=1", 303)
    return _pay_page(session, declined=False)


def _success(session: Json) -> str:
    return str(session["success_url"]).replace(PLACEHOLDER, session["id"])


def _stale(scope: Scope, link: Json) -> bool:
    return bool(link["_used"] or link["_until"] <= scope.now)


def _onboard(scope: Scope, link: Json, form: dict[str, str]) -> BaseResponse:
    outcomes = {
        "complete": ("active", None),
        "refuse": ("active", accounts.REFUSAL),
        "decline": ("rejected", None),
    }
    action = form.get("action", "")
    if action in outcomes:
        status, refusal = outcomes[action]
        _name(scope, link["account"], form.get("name", "")[:100])
        accounts.set_capability(scope, link["account"], status)
        accounts.set_refusal(scope, link["account"], refusal)
        link["_used"] = True
        scope.tx.put(link)
    elif action != "later":
        return _note(400, "Unknown button", "Go back and use a button of the page.")
    if link["return_url"]:
        return redirect(link["return_url"], 303)
    return _note(200, "Done", "You can close this page.")


def _name(scope: Scope, account_id: str, name: str) -> None:
    account = accounts.account_or_404(scope, account_id)
    account["display_name"] = name or account["display_name"]
    scope.tx.put(account)
