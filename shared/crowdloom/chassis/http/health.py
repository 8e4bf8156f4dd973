"""Health: `healthz` says the process lives, `readyz` that its engines answer and consumers move."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

Check = Callable[[], str | None]
"""Returns what is wrong, or None where all is well. Must not block longer than two seconds."""


def health_blueprint(area: str, checks: Mapping[str, Check]) -> Blueprint:
    """`/api/<area>/healthz`, `/readyz` and `/metrics`."""
    blueprint = Blueprint(f"health_{area}", __name__, url_prefix=f"/api/{area}")

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        problems = {name: _outcome(check) for name, check in checks.items()}
        failing = {name: reason for name, reason in problems.items() if reason}
        status = "not_ready" if failing else "ready"
        return jsonify(status=status, failing=failing), 503 if failing else 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(_registry()), mimetype=CONTENT_TYPE_LATEST)

    return blueprint


def _outcome(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever fails is what the answer reports
        return f"{type(error).__name__}: {error}"


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
