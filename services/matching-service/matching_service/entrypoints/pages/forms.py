"""`/match`: the forms a worker's browser posts. They work without JavaScript."""

from datetime import timedelta
from urllib.parse import quote, urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.errors import DomainError, NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId
from flask import Blueprint, current_app, jsonify, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from matching_service.application.claim_task import Claim
from matching_service.bootstrap import Application
from matching_service.domain.errors import LeaseOver, NoMoreTime, TooManyLeases
from matching_service.domain.requirements import Reason
from matching_service.entrypoints.devices import device_of_browser
from matching_service.entrypoints.http import present, schemas
from matching_service.entrypoints.pages.words import own_reason_words

# The paths of one assignment alone: tickets of a day's work would not fit into one request.
TICKET_PATHS = ("/frame/assignments/{}", "/api/tasks/v1/assignments/{}")
_KEPT_AFTER_DEADLINE = timedelta(days=1)
_LOOKED_AT = timedelta(hours=1)
"""For how long an item that is long over can be looked at once it was opened again."""
_ITEM_DIGITS_MAX = 3
_COUNTS = [str(number) for number in range(1, schemas.CLAIMS_AT_ONCE_MAX + 1)]


def make_forms(application: Application) -> Blueprint:
    blueprint = Blueprint("match", __name__, url_prefix="/match")
    _add_preview(blueprint, application)
    _add_claim_ahead(blueprint, application)

    @blueprint.post("/claim")
    @require("worker")
    def claim() -> Response:
        return _claim(application)

    @blueprint.post("/assignments/<assignment_id>/open")
    @require("worker")
    def open_again(assignment_id: str) -> Response:
        made = application.hold_assignment.get(_worker(), AssignmentId(assignment_id))
        several = application.hold_assignment.holds_beside(_worker(), made.assignment)
        return _to_workspace(application, made, several=several)

    @blueprint.post("/assignments/<assignment_id>/extend")
    @require("worker")
    def extend(assignment_id: str) -> Response:
        try:
            made = application.hold_assignment.extend(
                _worker(), AssignmentId(assignment_id), idempotency_key()
            )
        except (LeaseOver, NoMoreTime) as refusal:
            ui.say("wait", _("No more time"), _why(refusal))
            made = application.hold_assignment.get(_worker(), AssignmentId(assignment_id))
        return _to_workspace(application, made, several="after" in request.form)

    @blueprint.post("/assignments/<assignment_id>/return")
    @require("worker")
    def give_back(assignment_id: str) -> Response:
        try:
            application.hold_assignment.give_back(
                _worker(),
                AssignmentId(assignment_id),
                reason=request.form.get("reason"),
                note=request.form.get("note"),
            )
        except LeaseOver as refusal:
            ui.say("wait", _("Not returned"), _why(refusal))
            return redirect("/work/queue", 303)
        if request.form.get("then") == "next":
            return _claim(application)
        ui.say(
            "good",
            _("Returned"),
            _("Somebody else will get the item. Nothing was lost for you."),
        )
        to_work = request.form.get("then") == "my-work"
        return redirect("/work/my-work" if to_work else "/work/queue", 303)

    return blueprint


def _add_preview(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/batches/<batch_id>/preview")
    @require("worker")
    def preview(batch_id: str) -> Response:
        """Into the frame of a page: the item, where the batch is for this worker."""
        known = BatchId(batch_id)
        asked = {"item": request.args.get("item", "1")[:_ITEM_DIGITS_MAX]}
        if not application.claim_task.reasons(_worker(), known, device=device_of_browser()):
            asked["pass"] = application.previews.sign(known, now=application.clock.now())
        return redirect(f"/frame/batches/{quote(known)}/preview?{urlencode(asked)}", 303)


def _add_claim_ahead(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/claim-ahead")
    @require("worker")
    def claim_ahead() -> Response:
        """The same for the workspace's script, while an answer is on its way: where the next item
        is, with its ticket. Why there is none, the form says that asks again with the same key.
        """
        waiting = _waiting(application)
        if waiting is not None:
            return _answer_ahead(application, waiting, several=True)
        try:
            made = _claimed(application, count=1)
        except DomainError:
            made = []
        if not made:
            return Response(status=204)
        return _answer_ahead(application, made[0])


def _answer_ahead(application: Application, made: Claim, *, several: bool = False) -> Response:
    """With what the page would else ask for once it is there, and the time by which it counts."""
    facts = schemas.AssignmentAnswer().dump(present.claim(made))
    shown = {name: facts[name] for name in ("status", "batch_id", "title", "reward", "deadline")}
    now = format_instant(application.clock.now())
    answer = jsonify({"location": _workspace(made, several=several), "facts": shown, "now": now})
    return _with_ticket(application, made, answer)


def _claim(application: Application) -> Response:
    waiting = _waiting(application)
    if waiting is not None:
        return _to_workspace(application, waiting, several=True)
    try:
        made = _claimed(application, count=_count())
    except DomainError as refusal:
        ui.say("wait", _("No item was taken"), _why(refusal))
        return redirect("/work/queue", 303)
    if not made:
        return _nothing(application, request.form.get("batch_id"))
    response = _to_workspace(application, made[0], several=len(made) > 1, fresh=True)
    for one in made[1:]:
        _with_ticket(application, one, response)
    if len(made) > 1:
        ui.say("good", *_several_words(len(made)))
    return response


def _claimed(application: Application, *, count: int) -> list[Claim]:
    """Raises DomainError."""
    batch_id = request.form.get("batch_id") or None
    return application.claim_task.several(
        _worker(),
        idempotency_key(),
        count,
        batch_id=BatchId(batch_id) if batch_id else None,
        device=device_of_browser(),
    )


def _waiting(application: Application) -> Claim | None:
    """Of several that were taken at once the next one, where the form says which one was before."""
    after = request.form.get("after")
    if not after:
        return None
    batch_id = request.form.get("batch_id") or None
    return application.hold_assignment.next_held(
        _worker(), AssignmentId(after), BatchId(batch_id) if batch_id else None
    )


def _count() -> int:
    asked = request.form.get("count", "")
    return int(asked) if asked in _COUNTS else 1


def _several_words(count: int) -> tuple[str, str]:
    word = ngettext("%(num)s item is yours", "%(num)s items are yours", count)
    told = _(
        "They come one after the other, and the time of each runs from now. What you do not want to"
        " do, return under My work."
    )
    return str(word), str(told)


def _worker() -> WorkerId:
    return WorkerId(principal().subject)


def _nothing(application: Application, batch_id: str | None) -> Response:
    """Of what he has in his hands, in another tab perhaps, the first one; else why there is none.

    Who goes on from an item (`then=next`) has answers under way that are still held here.
    """
    goes_on = request.form.get("then") == "next"
    held = None if goes_on else _first_held(application, batch_id)
    if held is None:
        ui.say("wait", *_why_nothing(application, batch_id))
        return redirect("/work/queue", 303)
    told = _("You had taken it before, and there is no other one for you just now.")
    ui.say("wait", _("This item is in your hands already"), told)
    several = application.hold_assignment.holds_beside(_worker(), held.assignment)
    return _to_workspace(application, held, several=several)


def _first_held(application: Application, batch_id: str | None) -> Claim | None:
    """Of this batch where one is asked for."""
    now = application.clock.now()
    names = [
        one.assignment_id
        for one in application.hold_assignment.held(_worker())
        if one.deadline > now and (not batch_id or one.batch_id == batch_id)
    ]
    return application.hold_assignment.get(_worker(), min(names)) if names else None


def _why_nothing(application: Application, batch_id: str | None) -> tuple[str, str]:
    """Why there was nothing: with every reason where one batch was asked for."""
    if batch_id:
        asked, device = BatchId(batch_id), device_of_browser()
        reasons = application.claim_task.reasons(_worker(), asked, device=device)
        if reasons:
            why = " ".join(dict.fromkeys(_told(one) for one in reasons))
            return str(_("Not for you")), why
    done = _("You have done every item of this kind that is open. Look for another one.")
    return str(_("Nothing left here")), str(done)


def _told(reason: Reason) -> str:
    """What a qualification is called helps; a list of languages or devices does not."""
    sentence = own_reason_words().get(reason.code, _("It is not given to you just now."))
    named = reason.about if reason.code.startswith("qualification") else ""
    return f"{sentence} (\u2068{named}\u2069)" if named else str(sentence)


def _why(refusal: DomainError) -> str:
    """The refusal in the reader's language; its own sentence is for the API."""
    match refusal:
        case TooManyLeases():
            words = _("You hold as many items as one can. Finish or return one of them first.")
        case NoMoreTime():
            words = _("The time for this item was prolonged as often as it can be.")
        case LeaseOver():
            words = _("You do not hold this item any more. My work shows what became of it.")
        case NotFound():
            words = _("This project is no longer there. Look for another one.")
        case _:
            words = _("It has changed in the meantime. Look at the page again, then try once more.")
    return str(words)


def _workspace(made: Claim, *, several: bool = False) -> str:
    """With `several` its forms ask for the next one of those before they ask for another."""
    address = f"/work/assignments/{made.assignment.assignment_id}"
    return f"{address}?several=1" if several else address


def _to_workspace(
    application: Application, made: Claim, *, several: bool = False, fresh: bool = False
) -> Response:
    """Of a `fresh` claim the batch is named: its page is there before the claim is heard of."""
    address = _workspace(made, several=several)
    if fresh:
        address += f"{'&' if several else '?'}batch={quote(made.assignment.batch_id)}"
    return _with_ticket(application, made, redirect(address, 303))


def _with_ticket(application: Application, made: Claim, response: Response) -> Response:
    left = made.assignment.deadline - application.clock.now() + _KEPT_AFTER_DEADLINE
    for path in TICKET_PATHS:
        # HttpOnly: neither the page's script nor the requester's HTML can read a ticket.
        response.set_cookie(
            f"cl_ticket_{made.assignment.assignment_id}",
            made.ticket,
            path=path.format(made.assignment.assignment_id),
            max_age=int(max(left, _LOOKED_AT).total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
        )
    return response
