"""How stored objects are shown: our own keys left out, statuses by the clock, `expand` obeyed."""

from typing import Any

from stripe_simulator.errors import Json, bad_parameter
from stripe_simulator.scope import Scope

EXPAND_DEPTH_MAX = 4
EXPAND_MAX = 20


def present(body: Json, now: int) -> Json:
    shown = {key: value for key, value in body.items() if not key.startswith("_")}
    if body.get("object") == "balance_transaction":
        shown["status"] = "available" if body["available_on"] <= now else "pending"
    return shown


def expand(scope: Scope, body: Json, paths: list[str]) -> Json:
    """Replaces ids at dotted paths by their objects; a path without an object is an ApiError."""
    if len(paths) > EXPAND_MAX:
        raise bad_parameter("expand", f"Expand at most {EXPAND_MAX} paths.")
    for path in paths:
        parts = path.split(".")
        if len(parts) > EXPAND_DEPTH_MAX + (parts[0] == "data"):
            raise bad_parameter("expand", f"Expand at most {EXPAND_DEPTH_MAX} levels deep.")
        _expand(scope, body, parts, path)
    return body


def _expand(scope: Scope, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(scope, item, parts, path)
        return
    name, rest = parts[0], parts[1:]
    if not isinstance(node, dict) or name not in node:
        raise bad_parameter("expand", f"This property cannot be expanded ({path}).")
    value = node[name]
    if isinstance(value, str):
        found = scope.tx.get(value)
        if found is None:
            raise bad_parameter("expand", f"This property cannot be expanded ({path}).")
        node[name] = value = present(found, scope.now)
    if rest and value is not None:
        _expand(scope, value, rest, path)
