"""Who is staff and may do what: a controller proposes, somebody else approves."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId
from flask import Blueprint, make_response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.staff_roles import AlreadyStaff, OwnRoles, refuse_own
from payment_service.bootstrap import ENROLMENT_SECONDS_MAX, Application
from payment_service.domain.approvals import ReasonMissing, ReasonTooLong
from payment_service.domain.people import CONTROLLER, FINANCE_READERS, StaffMember
from payment_service.entrypoints.pages import shell, words

_STAFF = "/finance/staff"


def staff_role_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("staff_role_pages", __name__)
    _add_list(blueprint, application)
    _add_inviting(blueprint, application)
    _add_changing(blueprint, application)
    _add_link(blueprint, application)
    return blueprint


def _add_list(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_STAFF)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        return _staff_page(application)


def _staff_page(application: Application, **errors: str) -> str:
    return render_template(
        "finance/staff.html",
        members=application.readers.staff.listed(),
        me=shell.staff_member(),
        may_change=shell.may(CONTROLLER),
        roles=words.roles(),
        errors=errors,
        typed=request.form,
        chosen=request.form.getlist("grants"),
    )


def _add_inviting(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(_STAFF)
    @require("staff", CONTROLLER)
    def invite() -> Any:
        payload = {
            "email": request.form.get("email", ""),
            "grants": request.form.getlist("grants"),
        }
        try:
            approval_id = _proposed(application, "staff_invite", payload)
        except AlreadyStaff:
            known = _("Somebody with this e-mail is staff already.")
            return _staff_page(application, email=known), 422
        except ReasonTooLong as refusal:
            return _staff_page(application, reason=ui.worded(refusal)), 422
        except InvalidInput as refusal:
            field = "email" if "email" in str(refusal.facts.get("errors")) else "grants"
            told = {"email": _("Write an e-mail."), "grants": _("Choose at least one role.")}
            return _staff_page(application, **{field: told[field]}), 422
        except ReasonMissing:
            return _staff_page(application, reason=_("Say why.")), 422
        return redirect(f"/finance/approvals/{approval_id}", 303)


def _proposed(application: Application, kind: str, payload: dict[str, Any]) -> str:
    approval = application.approvals.propose(
        shell.staff_member(),
        kind,
        payload=payload,
        reason=request.form.get("reason", ""),
        key=idempotency_key(),
    )
    ui.say("good", _("Proposed"), _("Another person approves it now."))
    return approval.approval_id


def _add_changing(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_STAFF}/<staff_id>/roles")
    @require("staff", CONTROLLER)
    def change(staff_id: str) -> BaseResponse:
        payload = {"staff_id": staff_id, "grants": request.form.getlist("grants")}
        return _about(application, staff_id, "staff_grants", payload)

    @blueprint.post(f"{_STAFF}/<staff_id>/remove")
    @require("staff", CONTROLLER)
    def remove(staff_id: str) -> BaseResponse:
        return _about(application, staff_id, "staff_remove", {"staff_id": staff_id})


def _about(
    application: Application, staff_id: str, kind: str, payload: dict[str, Any]
) -> BaseResponse:
    try:
        refuse_own(shell.staff_member(), StaffId(staff_id))
        approval_id = _proposed(application, kind, payload)
    except NotFound:
        raise
    except DomainError as refusal:
        known = {
            OwnRoles: _("What you may do yourself is for others to propose and to approve."),
            InvalidInput: _("Choose at least one role."),
            ReasonMissing: _("Say why."),
        }
        ui.say("bad", _("Not proposed"), known.get(type(refusal), ui.worded(refusal)))
        return redirect(_STAFF, 303)
    return redirect(f"/finance/approvals/{approval_id}", 303)


def _add_link(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_STAFF}/<staff_id>/link")
    @require("staff", CONTROLLER)
    def link(staff_id: str) -> BaseResponse:
        """The link that lets somebody set up password and second factor; good once, for a day."""
        member = _invited(application, staff_id)
        who = shell.staff_member()
        application.store.run(
            lambda s: s.audit.note(who=who, what="staff.link", subject=member.staff_id)
        )
        token = application.enrolment_links.dumps(member.staff_id)
        page = render_template(
            "finance/staff_link.html",
            member=member,
            link=f"{application.settings.common.public_url}/finance/enrol/{token}",
            seconds=ENROLMENT_SECONDS_MAX,
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "no-store"
        return response


def _invited(application: Application, staff_id: str) -> StaffMember:
    """Raises NotFound, also for somebody who is enrolled already."""
    member = application.readers.staff.get(StaffId(staff_id))
    if member is None or member.enrolled or member.removed:
        raise NotFound("Nobody of this name has still to set up the sign-in")
    return member
