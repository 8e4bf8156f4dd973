"""Lists and single objects, the same way for every v1 resource."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from stripe_simulator.errors import Json, bad_parameter, missing
from stripe_simulator.objects import list_of
from stripe_simulator.params import Params, read_integer
from stripe_simulator.scope import Scope
from stripe_simulator.views import expand, present

# Payouts from a recipient's own balance: none of the platform's lists or books has them.
CONNECTED_PAYOUT = "connected_payout"
_SESSION_STATUSES = ("complete", "expired", "open")
_BOUNDS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class Resource:
    kind: str
    noun: str
    url: str
    filters: frozenset[str] = frozenset()
    dated: bool = True


RESOURCES = {
    resource.url: resource
    for resource in (
        Resource(
            "balance_transaction",
            "balance transaction",
            "/v1/balance_transactions",
            frozenset({"currency", "source", "type"}),
        ),
        Resource(
            "charge", "charge", "/v1/charges", frozenset({"payment_intent", "transfer_group"})
        ),
        Resource(
            "checkout.session",
            "checkout session",
            "/v1/checkout/sessions",
            frozenset({"payment_intent", "status"}),
        ),
        Resource("event", "event", "/v1/events", frozenset({"type"})),
        Resource("payment_intent", "payment_intent", "/v1/payment_intents"),
        Resource("payout", "payout", "/v1/payouts", frozenset({"destination", "status"})),
        Resource("refund", "refund", "/v1/refunds", frozenset({"charge", "payment_intent"})),
        Resource(
            "transfer", "transfer", "/v1/transfers", frozenset({"destination", "transfer_group"})
        ),
    )
}


def retrieve(scope: Scope, params: Params, resource: Resource, object_id: str) -> Json:
    paths = params.texts("expand")
    params.done()
    found = scope.tx.get(object_id, resource.kind)
    if found is None:
        raise missing(resource.noun, object_id)
    return expand(scope, present(found, scope.now), paths)


def list_page(
    scope: Scope,
    params: Params,
    resource: Resource,
    *,
    url: str | None = None,
    where: Mapping[str, object] | None = None,
) -> Json:
    """One page, newest first, with Stripe's cursors. `where` is fixed by the path."""
    limit, paths = params.page(), params.texts("expand")
    conditions = dict(where or {})
    if scope.asked.account:
        resource = replace(resource, kind=CONNECTED_PAYOUT)
        conditions["connected"] = scope.asked.account
    for name in sorted(resource.filters):
        value = params.text(name)
        if value is not None:
            conditions[name] = value
    if resource.kind == "checkout.session":
        params.one_of("status", _SESSION_STATUSES)
    types = params.texts("types") if "type" in resource.filters else []
    if types:
        conditions["types"] = json.dumps(types)
    conditions |= _created(params) if resource.dated else {}
    conditions |= _cursors(scope, params, resource)
    params.done()
    backwards = "before" in conditions
    rows = scope.tx.find(resource.kind, conditions, limit=limit + 1, oldest_first=backwards)
    data = [present(row, scope.now) for row in rows[:limit]]
    if backwards:
        data.reverse()
    page = list_of(url or resource.url, data, has_more=len(rows) > limit)
    return expand(scope, page, paths)


def _created(params: Params) -> dict[str, object]:
    given = params.any("created")
    if given is None:
        return {}
    if not isinstance(given, dict):
        at = read_integer("created", given)
        return {} if at is None else {"created_gte": at, "created_lte": at}
    unknown = set(given) - set(_BOUNDS)
    if unknown:
        raise bad_parameter("created", f"Unknown bound: {min(unknown)}", "parameter_unknown")
    bounds = {name: read_integer(f"created[{name}]", value) for name, value in given.items()}
    return {f"created_{name}": value for name, value in bounds.items() if value is not None}


def _cursors(scope: Scope, params: Params, resource: Resource) -> dict[str, object]:
    after, before = params.text("starting_after"), params.text("ending_before")
    if after and before:
        raise bad_parameter("ending_before", "Give starting_after or ending_before, not both.")
    cursor = after or before
    if cursor is None:
        return {}
    seq = scope.tx.seq(cursor, resource.kind)
    if seq is None:
        name = "starting_after" if after else "ending_before"
        raise missing(resource.noun, cursor, param=name, status=400)
    return {"after": seq} if after else {"before": seq}
