"""Health: `healthz` says the process lives, `readyz` that its engines answer and consumers move."""

import os
from collections.abc import Iterator, Mapping

from flask import Blueprint, Response, jsonify
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from pymongo.errors import PyMongoError

from crowdloom.chassis.operations import Check, Operations, Report, outcome_of

__all__ = ["Check", "health_blueprint"]


def health_blueprint(
    area: str, checks: Mapping[str, Check], operations: Operations | None = None
) -> Blueprint:
    """`/api/<area>/healthz`, `/readyz` and `/metrics`."""
    blueprint = Blueprint(f"health_{area}", __name__, url_prefix=f"/api/{area}")

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, int]:
        problems = {name: outcome_of(check) for name, check in checks.items()}
        failing = {name: reason for name, reason in problems.items() if reason}
        status = "not_ready" if failing else "ready"
        return jsonify(status=status, failing=failing), 503 if failing else 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        text = generate_latest(_registry())
        if operations is not None:
            text += generate_latest(_alarms(area, operations))
        return Response(text, mimetype=CONTENT_TYPE_LATEST)

    return blueprint


def _registry() -> CollectorRegistry:
    """Of all server processes where they share a folder for it, else of this one."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class _AlarmCollector:
    """Silence is an alarm: what is unpublished, unread or given up on, read at each scrape."""

    def __init__(self, area: str, operations: Operations) -> None:
        self._area = area
        self._operations = operations

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            values = _alarm_values(self._operations.report({})) | {
                name: (figure.meaning, figure.read())
                for name, figure in self._operations.figures.items()
            }
        except PyMongoError:
            # No figure at all is better than a wrong one; `up` and readyz tell of the database.
            return
        for name, (meaning, value) in values.items():
            if value is not None:
                family = GaugeMetricFamily(f"crowdloom_{name}", meaning, labels=["area"])
                family.add_metric([self._area], value)
                yield family


def _alarms(area: str, operations: Operations) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_AlarmCollector(area, operations))
    return registry


def _alarm_values(report: Report) -> dict[str, tuple[str, float | None]]:
    outbox, consumer = report.outbox, report.consumer
    return {
        "outbox_unpublished": ("Outbox rows not yet published", outbox.unpublished_count),
        "outbox_oldest_seconds": ("Age of the oldest of them", outbox.oldest_seconds or 0.0),
        "consumer_lag": ("Messages not yet handled", consumer.lag),
        "consumer_lag_age_seconds": ("Time since the lag was looked at", consumer.age_seconds),
        "events_process_silent_seconds": (
            "Time since the events process was heard of",
            report.events_process.seen_seconds_ago,
        ),
        "dead_letters_open": ("Dead letters not yet replayed", report.dead_letters.open_count),
    }
