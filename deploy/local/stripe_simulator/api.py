"""The routes of Stripe's HTTP API that are simulated."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, request

from stripe_simulator import (
    accounts,
    checkout,
    events,
    ledger,
    listing,
    payouts,
    refunds,
    transfers,
)
from stripe_simulator.errors import ApiError, Json
from stripe_simulator.params import Params, decode_form
from stripe_simulator.pipeline import Answer, Call, Pipeline, answer_of
from stripe_simulator.scope import Scope

# The WSGI key with which an answer asks the server to end the connection instead.
DROP = "stripe_simulator.drop"
_ByPath = Callable[..., Json]


def _balance(scope: Scope, params: Params) -> Json:
    params.done()
    return ledger.balance(scope)


def _reversals(scope: Scope, params: Params, transfer_id: str) -> Json:
    resource = listing.Resource("transfer_reversal", "transfer reversal", "", dated=False)
    url = f"/v1/transfers/{transfer_id}/reversals"
    where = {"transfer": transfer_id}
    return listing.list_page(scope, params, resource, url=url, where=where)


def _v2_events(scope: Scope, params: Params) -> Json:
    limit, related = params.page(), params.text("object_id")
    params.done()
    where = {} if related is None else {"related": related}
    data = scope.tx.find(events.V2_KIND, where, limit=limit)
    return {"data": data, "next_page_url": None, "previous_page_url": None}


def _v2_event(scope: Scope, params: Params, event_id: str) -> Json:
    params.done()
    found = scope.tx.get(event_id, events.V2_KIND)
    if found is None:
        raise ApiError(404, f"Event not found: {event_id}", code="not_found")
    return found


ROUTES: list[tuple[str, str, _ByPath]] = [
    ("GET", "/v1/balance", _balance),
    ("POST", "/v1/checkout/sessions", checkout.create_session),
    ("GET", "/v1/checkout/sessions/<a>", checkout.retrieve_session),
    ("POST", "/v1/checkout/sessions/<a>/expire", checkout.expire_session),
    ("GET", "/v1/checkout/sessions/<a>/line_items", checkout.session_line_items),
    ("POST", "/v1/transfers", transfers.create_transfer),
    ("POST", "/v1/transfers/<a>", transfers.update_transfer),
    ("POST", "/v1/transfers/<a>/reversals", transfers.create_reversal),
    ("GET", "/v1/transfers/<a>/reversals", _reversals),
    ("GET", "/v1/transfers/<a>/reversals/<b>", transfers.retrieve_reversal),
    ("POST", "/v1/refunds", refunds.create_refund),
    ("POST", "/v1/payouts", payouts.create_payout),
    ("POST", "/v1/payouts/<a>/cancel", payouts.cancel_payout),
    ("POST", "/v2/core/accounts", accounts.create_account),
    ("GET", "/v2/core/accounts", accounts.list_accounts),
    ("GET", "/v2/core/accounts/<a>", accounts.retrieve_account),
    ("POST", "/v2/core/accounts/<a>", accounts.update_account),
    ("POST", "/v2/core/accounts/<a>/close", accounts.close_account),
    ("POST", "/v2/core/account_links", accounts.create_link),
    ("GET", "/v2/core/events", _v2_events),
    ("GET", "/v2/core/events/<a>", _v2_event),
]


def _listings() -> list[tuple[str, str, _ByPath]]:
    routes: list[tuple[str, str, _ByPath]] = []
    taken = {(method, rule) for method, rule, _ in ROUTES}
    for url, resource in listing.RESOURCES.items():
        routes.append(("GET", url, partial(listing.list_page, resource=resource)))
        if ("GET", f"{url}/<a>") not in taken:
            routes.append(("GET", f"{url}/<a>", partial(_retrieve, resource=resource)))
    return routes


def _retrieve(scope: Scope, params: Params, a: str, *, resource: listing.Resource) -> Json:
    return listing.retrieve(scope, params, resource, a)


def build(pipeline: Pipeline) -> Blueprint:
    api = Blueprint("api", __name__)

    def serve(operation: _ByPath, **path: str) -> Response:
        try:
            call = _read_call()
        except ApiError as error:
            return respond(answer_of(error))
        arguments = [path[name] for name in sorted(path)]
        return respond(
            pipeline.handle(call, lambda scope, params: operation(scope, params, *arguments))
        )

    for method, rule, operation in ROUTES + _listings():
        api.add_url_rule(rule, f"{method} {rule}", partial(serve, operation), methods=[method])
    return api


def _read_call() -> Call:
    api = request.path[1:3]
    return Call(
        method=request.method,
        path=request.path,
        api=api,
        raw=_read_params(api),
        authorization=request.headers.get("Authorization", ""),
        key=request.headers.get("Idempotency-Key"),
        on_behalf_of=request.headers.get("Stripe-Account", "")
        or request.headers.get("Stripe-Context", ""),
    )


def _read_params(api: str) -> Json:
    if request.method == "GET":
        return decode_form(request.args.items(multi=True))
    if api == "v1":
        return decode_form(request.form.items(multi=True))
    if "Stripe-Version" not in request.headers:
        raise ApiError(400, "v2 of the API needs a Stripe-Version header.")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "v2 of the API takes a JSON object.", code="invalid_request")
    return body


def respond(answer: Answer) -> Response:
    if answer.drop:
        request.environ[DROP] = answer.drop
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers.update(answer.headers)
    return response
