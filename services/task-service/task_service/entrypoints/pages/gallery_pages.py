"""The gallery: templates of our own, each with rows to try it on, as workers would see it."""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.templates import FieldKind, answer_schema, needed_columns
from task_service.entrypoints.pages import previews, shell, starters

_TEXT_CHARACTERS_MAX = 100


def gallery_pages(application: Application) -> Blueprint:  # noqa: ARG001 - all pages take it
    blueprint = Blueprint("gallery_pages", __name__)

    @blueprint.get(shell.TEMPLATES_PAGE)
    @require("requester")
    def gallery() -> str:
        asked = {name: request.args.get(name, "") for name in ("kind", "medium")}
        text = request.args.get("text", "")[:_TEXT_CHARACTERS_MAX]
        return render_template(
            "requester/gallery.html",
            starters=starters.found(**asked, text=text),
            asked={**asked, "text": text},
            kinds=starters.kind_words(),
            media=starters.medium_words(),
        )

    @blueprint.get(f"{shell.TEMPLATES_PAGE}/<name>")
    @require("requester")
    def template(name: str) -> str:
        starter = _starter(name)
        html = starters.template_of(name) or ""
        sample = starters.sample_of(name)
        source = f"{shell.FRAME}/templates/{name}"
        return render_template(
            "requester/gallery_template.html",
            starter=starter,
            columns=needed_columns(html),
            sample=sample,
            schema=answer_schema(html),
            field_words=field_words(),
            view=previews.view(source, len(sample.rows)),
            kinds=starters.kind_words(),
            media=starters.medium_words(),
            template=html,
        )

    @blueprint.get(f"{shell.TEMPLATES_PAGE}/<name>/sample.csv")
    @require("requester")
    def sample(name: str) -> Response:
        starter = _starter(name)
        # Begins with a byte order mark, by which spreadsheets know UTF-8.
        content = "\ufeff".encode() + starters.sample_file(starter.name)
        response = Response(content, mimetype="text/csv")
        response.headers["Content-Disposition"] = f"attachment; filename={starter.name}.csv"
        return response

    return blueprint


def _starter(name: str) -> starters.Starter:
    """Raises NotFound."""
    starter = starters.starter_of(name)
    if starter is None:
        raise NotFound("There is no such template")
    return starter


def field_words() -> dict[FieldKind, str]:
    """What each kind of answer is, in the reader's words."""
    return {
        FieldKind.ONE_OF: _("one of"),
        FieldKind.SEVERAL_OF: _("any of"),
        FieldKind.TEXT: _("a text"),
        FieldKind.NUMBER: _("a number"),
        FieldKind.DATE: _("a date"),
        FieldKind.BOXES: _("boxes in pixels, each with a label"),
        FieldKind.POLYGONS: _("outlines in pixels, each with a label"),
        FieldKind.SPANS: _("spans of the text, each with a label"),
        FieldKind.KEPT: _("filled in by the page"),
    }
