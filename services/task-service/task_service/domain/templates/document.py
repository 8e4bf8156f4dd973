"""The page that a template and a row become inside the sandboxed frame."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from task_service.domain.templates.attributes import substitute_quoted
from task_service.domain.templates.parts import read_parts
from task_service.domain.templates.placeholders import substitute

PREVIEW_ASSIGNMENT = "ASSIGNMENT_ID_NOT_AVAILABLE"
_SUBMIT_BUTTON = '<p><input type="submit" id="submitButton" value="Submit"></p>'
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_HTML = re.compile(r"<html\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"^\s*<!doctype[^>]*>", re.IGNORECASE)
_FORM_END = re.compile(r"</form\s*>", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_LAYOUT = (
    "<style>body{margin:1rem;font-family:system-ui,sans-serif;line-height:1.5}"
    "img,video,iframe{max-width:100%}</style>"
)


@dataclass(frozen=True)
class FrameContext:
    """Where the page runs: `assignment_id` None means a preview, with nothing to submit.

    `runtime` is the script that speaks with the page around the frame, within the document: a
    frame of opaque origin has no cache, and would fetch it anew for each item. `data` is
    what it is told, as data- attributes; `crowd` are the scripts and the style of
    the elements of the crowd family, in order, and `crowd_words` what they say, as JSON.
    `language` is that of the template, where it is known; a document of its own says it itself.
    """

    assignment_id: str | None
    runtime: str
    crowd: tuple[str, ...] = ()
    crowd_words: str = "{}"
    action: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None

    @property
    def shown_assignment(self) -> str:
        return self.assignment_id or PREVIEW_ASSIGNMENT


def render_document(template: str, row: Mapping[str, str], context: FrameContext) -> str:
    """A complete HTML document. The template's own form is kept, or one is put around it; a submit
    button is added where there is none; a document of its own is completed, never nested.
    """
    parts = read_parts(template)
    head = _head(context, has_crowd=bool(context.crowd) and _uses_crowd(template))
    fill_in = substitute_quoted if _uses_crowd(template) else substitute
    body = fill_in(template, row)
    if not parts.has_submit_button:
        body = _with_submit_button(body, has_form=parts.form_count > 0)
    if parts.form_count == 0:
        body = _with_form(body, context, is_document=parts.is_document)
    if parts.is_document:
        return _completed(body, head)
    language = f' lang="{escape(context.language)}"' if context.language else ""
    return f"<!doctype html><html{language}><head>{head}{_LAYOUT}</head><body>{body}</body></html>"


def _head(context: FrameContext, *, has_crowd: bool) -> str:
    mode = "work" if context.assignment_id else "preview"
    told = {"mode": mode, "assignment": context.shown_assignment, **context.data}
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in told.items())
    crowd = "".join(_crowd_tag(one, context) for one in context.crowd) if has_crowd else ""
    return (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        'initial-scale=1">'
        f"<script{attributes}>{context.runtime}</script>{crowd}"
    )


def _crowd_tag(address: str, context: FrameContext) -> str:
    if address.endswith(".css"):
        return f'<link rel="stylesheet" href="{escape(address)}">'
    return f'<script src="{escape(address)}" data-words="{escape(context.crowd_words)}"></script>'


def _with_submit_button(body: str, *, has_form: bool) -> str:
    """At the end of the last form, or of the body where the form is yet to come."""
    end = _FORM_END if has_form else _BODY_END
    found = list(end.finditer(body))
    if not found:
        return body + _SUBMIT_BUTTON
    place = found[-1].start()
    return body[:place] + _SUBMIT_BUTTON + body[place:]


def _with_form(body: str, context: FrameContext, *, is_document: bool) -> str:
    start = (
        f'<form name="mturk_form" method="post" id="mturk_form" action="{escape(context.action)}">'
        '<input type="hidden" name="assignmentId" id="assignmentId" '
        f'value="{escape(context.shown_assignment)}">'
    )
    if not is_document:
        return f"{start}{body}</form>"
    opened, closed = _first(_BODY, body), list(_BODY_END.finditer(body))
    begin = opened.end() if opened else 0
    end = closed[-1].start() if closed else len(body)
    return f"{body[:begin]}{start}{body[begin:end]}</form>{body[end:]}"


def _completed(body: str, head: str) -> str:
    """Put the runtime first in the document's own head, so that it is there before any script."""
    for pattern in (_HEAD, _HTML, _DOCTYPE):
        found = _first(pattern, body)
        if found:
            return body[: found.end()] + head + body[found.end() :]
    return f"<!doctype html>{head}{body}"


def _uses_crowd(template: str) -> bool:
    return "<crowd-" in template.lower()


def _first(tag: re.Pattern[str], text: str) -> re.Match[str] | None:
    # Up to the last `>` each of these patterns ends where it began to match: linear time.
    return tag.search(text, 0, text.rfind(">") + 1)
