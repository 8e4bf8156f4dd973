"""Files beside an exception: the form on its page, and the download."""

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import InvalidInput, NotFound
from flask import Blueprint, Response, redirect
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain.evidence import EVIDENCE_FILES_MAX, EvidenceRefused
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.http.evidence import download, sent
from payment_service.entrypoints.http.exceptions import ACTORS
from payment_service.entrypoints.pages import shell

_ONE = "/finance/exceptions/<exception_id>"


def evidence_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("evidence_pages", __name__)
    attach = application.attach_evidence

    @blueprint.post(f"{_ONE}/files")
    @require("staff", *ACTORS)
    def send(exception_id: str) -> BaseResponse:
        try:
            name, content, text = sent()
            file = attach(shell.staff_member(), exception_id, name=name, content=content, text=text)
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Not kept"), _refusal(refusal))
        else:
            ui.say("good", _("Kept"), file.name)
        return redirect(f"/finance/exceptions/{exception_id}#evidence", 303)

    @blueprint.get(f"{_ONE}/files/<file_id>")
    @require("staff", *FINANCE_READERS)
    def fetch(exception_id: str, file_id: str) -> Response:
        return download(*attach.read(exception_id, file_id))

    return blueprint


def _refusal(refusal: DomainError) -> str:
    if isinstance(refusal, InvalidInput):
        return str(_("Choose a file first."))
    if not isinstance(refusal, EvidenceRefused):
        return ui.worded(refusal)
    reasons = {
        "empty": _("The file is empty."),
        "too_large": _("The file is larger than 5 MB. Send the page that matters."),
        "too_many": _("It has %(num)s files already.", num=EVIDENCE_FILES_MAX),
        "kind": _("Send a PDF, a PNG or JPEG image, an XLSX, or a text or CSV in UTF-8."),
    }
    return str(reasons[str(refusal.facts["reason"])])
