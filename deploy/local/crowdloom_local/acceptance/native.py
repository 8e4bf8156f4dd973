"""The same page outside Crowdloom: plain, from a loopback server that reads what its form posts."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from playwright.sync_api import BrowserContext, Dialog, Page
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from crowdloom_local.acceptance.filling import Filled, fill, press_submit

Pairs = list[tuple[str, str]]

_PLACEHOLDER = re.compile(r"\$\{([^}\r\n]+)\}")
_LOAD_MS_MAX = 60_000
_POST_SECONDS_MAX = 12.0
_FORM = re.compile(r"<form[\s>]", re.IGNORECASE)
_SUBMIT = re.compile(
    r"<input\b[^>]*type\s*=\s*[\"']?(submit|image)|<button\b(?![^>]*type\s*=\s*[\"']?(button|reset))",
    re.IGNORECASE,
)
_BODY = re.compile(r"(.*<body\b[^>]*>)(.*)(</body\s*>.*)", re.IGNORECASE | re.DOTALL)
# What the page's old home gave it.
_TURK = """(() => {
  if (!location.pathname.startsWith('/native/')) return;
  const value = (name) => new URLSearchParams(location.search).get(name);
  window.turkGetParam = (name, otherwise) => value(name) ?? otherwise;
  window.turkGetSubmitToHost = () => value('turkSubmitTo');
  window.turkSetAssignmentID = () => {
    for (const one of document.getElementsByName('assignmentId')) one.value = value('assignmentId');
  };
})()"""
# The form's target is the loopback server, whatever the template wrote; method and encoding stay.
_AIM = "() => { for (const form of document.forms) form.action = '/native/post'; }"


def plain_page(template: str, row: Mapping[str, str]) -> str:
    """The substituted template; wrapped in a form, and with a button, where it has none."""
    text = _PLACEHOLDER.sub(lambda found: row.get(found[1], found[0]), template)
    button = "" if _SUBMIT.search(template) else '<input type="submit" id="submitButton">'
    if _FORM.search(template):
        end = text.lower().rfind("</form")
        return f"{text[:end]}{button}{text[end:]}" if end >= 0 else text + button
    opening, closing = '<form name="mturk_form" id="mturk_form" method="post">', f"{button}</form>"
    assignment = '<input type="hidden" name="assignmentId" id="assignmentId" value="">'
    parts = _BODY.fullmatch(text)
    if parts:
        return f"{parts[1]}{opening}{assignment}{parts[2]}{closing}{parts[3]}"
    head = '<!doctype html><html><head><meta charset="utf-8"></head><body>'
    return f"{head}{opening}{assignment}{text}{closing}</body></html>"


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_facts: object) -> None:
        """The run prints a line a case and no more."""


@dataclass
class NativeServer:
    """Serves one page at a time and keeps what it posted. Use as a context manager."""

    page: str = ""
    posted: Pairs | None = None
    arrived: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=_Quiet
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def show(self, page: str) -> None:
        self.page, self.posted = page, None
        self.arrived.clear()

    def _serve(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/native/post" or request.method == "POST":
            self.posted = read_post(request)
            self.arrived.set()
            return Response("received", mimetype="text/plain")
        if request.path == "/native/page":
            return Response(self.page, mimetype="text/html")
        return Response(status=404)


def read_post(request: Request) -> Pairs:
    """The raw form data, in its order, with its line ends."""
    if request.method == "GET":
        return parse_qsl(request.query_string.decode(), keep_blank_values=True)
    body = request.get_data()
    if request.mimetype == "multipart/form-data":
        return _read_multipart(body, request.mimetype_params["boundary"].encode())
    return parse_qsl(body.decode(), keep_blank_values=True)


def _read_multipart(body: bytes, boundary: bytes) -> Pairs:
    decoder = MultipartDecoder(boundary)
    decoder.receive_data(body)
    decoder.receive_data(None)
    pairs: Pairs = []
    content = b""
    name = ""
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        if isinstance(event, Field | File):
            name, content = event.name or "", b""
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                pairs.append((name, content.decode()))
    return pairs


def answer_natively(
    context: BrowserContext,
    server: NativeServer,
    page: str,
    *,
    query: Mapping[str, str],
    recorded: dict[str, str],
) -> tuple[Pairs | None, Filled, list[str]]:
    """Fill the plain page in and press its button.

    Returns what the server received (None: the page posted nothing), how it was filled in, and what
    the page said in dialogs.
    """
    server.show(page)
    context.add_init_script(_TURK)
    if "<crowd-" in page.lower():
        context.add_init_script(_crowd_elements())
    shown = context.new_page()
    said: list[str] = []

    def agree(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.accept()

    shown.on("dialog", agree)
    address = f"{server.url}/native/page?{urlencode(query)}"
    shown.goto(address, wait_until="load", timeout=_LOAD_MS_MAX)
    filled = fill(shown.main_frame, recorded)
    shown.evaluate(_AIM)
    press_submit(shown.main_frame)
    _wait(shown, server)
    return server.posted, filled, said


def _crowd_elements() -> str:
    """The elements that the page's old home gave it; without them it would have no fields."""
    static = files("task_service").joinpath("entrypoints", "frame", "static")
    names = ("crowd.js", "crowd_images.js", "crowd_boxes.js", "crowd_polygons.js", "crowd_spans.js")
    scripts = "\n".join(static.joinpath(name).read_text() for name in names)
    return f"if (location.pathname.startsWith('/native/')) {{ {scripts} }}"


def _wait(shown: Page, server: NativeServer) -> None:
    """Until the post has arrived, while the browser goes on with its work."""
    deadline = time.monotonic() + _POST_SECONDS_MAX
    while not server.arrived.is_set():
        if time.monotonic() > deadline:
            return
        shown.wait_for_timeout(50)
    # A page that is closed in the middle of going elsewhere may never answer.
    shown.wait_for_load_state("load", timeout=_LOAD_MS_MAX)
