"""What the frame's documents have in common: their policy, their headers, their words."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from crowdloom.ui.assets import StaticFolder
from flask import Flask, Response, make_response, render_template
from flask_babel import gettext as _

from task_service.domain.templates import (
    FrameContext,
    foreign_hosts,
    frame_policy,
    hosts_of_row,
    nests_pages,
    render_document,
)

# The crowd family, in the order in which its files build on each other.
CROWD_FILES = (
    "crowd.css",
    "crowd.js",
    "crowd_images.js",
    "crowd_boxes.js",
    "crowd_polygons.js",
    "crowd_spans.js",
    "crowd_ranking.js",
    "crowd_waveform.js",
)
# A document of ours: no script, no form, and only our style.
_NOTICE_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)


class FrameScripts:
    """The frame's static files. Their users have an opaque origin: everybody may load them."""

    def __init__(self) -> None:
        folder = Path(__file__).parent / "static"
        self._folder = StaticFolder("frame_static", folder, "/frame")
        self.runtime = (folder / "runtime.js").read_text(encoding="utf-8")

    def mount(self, app: Flask) -> None:
        @self._folder.blueprint.after_request
        def share(response: Response) -> Response:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            return response

        app.register_blueprint(self._folder.blueprint)

    def url(self, name: str) -> str:
        return self._folder.url(name)


def frame_context(
    scripts: FrameScripts,
    assignment_id: str | None,
    data: Mapping[str, str],
    language: str | None = None,
) -> FrameContext:
    return FrameContext(
        assignment_id,
        scripts.runtime,
        crowd=tuple(scripts.url(name) for name in CROWD_FILES),
        crowd_words=json.dumps(_crowd_words()),
        data=data,
        language=language,
    )


def _crowd_words() -> dict[str, str]:
    return {
        "more": _("Full instructions"),
        "addBox": _("Add a box"),
        "remove": _("Remove"),
        "label": _("Label"),
        "image": _("Image to mark"),
        "text": _("Text to mark"),
        "selected": _("Selected"),
        "boxKeys": _(
            "Draw a box, or click its two corners. Arrow keys move a box, with Shift they "
            "resize it, Delete removes it."
        ),
        "polygonKeys": _(
            "Click points along the edge, then the first one again. Or by keyboard: arrow keys "
            "move the cross, Space sets a point, Enter closes the outline, Backspace takes the "
            "last point back."
        ),
        "closeOutline": _("Close the outline"),
        "takeBack": _("Take the last point back"),
        "change": _("Change"),
        "done": _("Done"),
        "point": _("Point"),
        "points": _("points"),
        "threePoints": _("An outline has at least three points."),
        "up": _("Up"),
        "down": _("Down"),
        "place": _("Place"),
        "play": _("Play"),
        "pause": _("Pause"),
        "back": _("Back 3 seconds"),
        "speed": _("Speed"),
        "recording": _("Place in the recording"),
        "waveKeys": _("Alt and P plays and pauses, Alt and B goes back, also while you write."),
        "spanKeys": _(
            "Select with the pointer, or with arrow keys and Shift; "
            "then press a label or its number."
        ),
    }


def task_document(
    template: str, hosts: Collection[str], row: Mapping[str, str], context: FrameContext
) -> Response:
    """The requester's page with the row's values in it, under the policy that lets it load from
    these hosts; and the images and media that the row names, from where they are.
    """
    response = make_response(render_document(template, row, context))
    media = hosts_of_row(template, row)
    # Whoever chose other hosts than the template's own chose them for its rows too.
    if media and set(hosts) != set(foreign_hosts(template)):
        media = []
    nests = nests_pages(template, row)
    return _protected(response, frame_policy(hosts, media, nests=nests))


def notice_document(
    scripts: FrameScripts, *, status: int, title: str, sentence: str = ""
) -> Response:
    """A few words in place of a task."""
    page = render_template(
        "frame/notice.html", title=title, sentence=sentence, style=scripts.url("notice.css")
    )
    return _protected(make_response(page, status), _NOTICE_POLICY)


def _protected(response: Response, policy: str) -> Response:
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
