"""Composition: store, sender, pipeline and the Flask application round them."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

from stripe_simulator import api, control, pages, webhooks
from stripe_simulator.pipeline import OURS, Pipeline
from stripe_simulator.settings import LOOPBACK_HOSTS, Settings
from stripe_simulator.store import Store
from stripe_simulator.webhooks import Sender

BODY_BYTES_MAX = 1_000_000


@dataclass
class Place:
    """Where browsers find the hosted pages; the port is known once the server listens."""

    settings: Settings
    port: int

    def origin(self) -> str:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return self.settings.public_url or f"http://{host}:{self.port}"


@dataclass(frozen=True)
class Simulator:
    app: Flask
    store: Store
    sender: Sender
    pipeline: Pipeline
    place: Place

    def close(self) -> None:
        self.sender.stop()
        self.store.close()


def build(settings: Settings, *, store: Store | None = None) -> Simulator:
    """Raises AlreadyRunning when another process holds the data folder."""
    store = store or Store(settings.data)
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    place = Place(settings, settings.port)
    pipeline = Pipeline(store, settings, place.origin)
    app.register_blueprint(api.build(pipeline))
    app.register_blueprint(control.build(pipeline, store))
    app.register_blueprint(pages.build(pipeline, store))
    _guard(app, settings)
    _explain_errors(app)
    if settings.webhook_url:
        with store.transaction() as tx:
            webhooks.configure(tx, settings)
    return Simulator(app, store, Sender(store, settings), pipeline, place)


def _guard(app: Flask, settings: Settings) -> None:
    names = LOOPBACK_HOSTS | {settings.host, urlsplit(settings.public_url).hostname or ""}

    @app.before_request
    def refuse_foreign_names() -> None:
        """A foreign name that resolves to this machine (DNS rebinding) must not reach us."""
        if settings.host in LOOPBACK_HOSTS and urlsplit(f"//{request.host}").hostname not in names:
            abort(421)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", "default-src 'none'")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _explain_errors(app: Flask) -> None:
    def said(status: int, message: str, kind: str) -> Response:
        body = json.dumps({"error": {"message": message, "type": kind}})
        return Response(body, status, mimetype="application/json")

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        if status in {404, 405}:
            message = f"Unrecognized request URL ({request.method}: {request.path})."
            return said(404, message, "invalid_request_error")
        return said(status, error.description or OURS, "invalid_request_error")

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        app.logger.error("bug in the simulator", exc_info=error)
        return said(500, OURS, "api_error")
