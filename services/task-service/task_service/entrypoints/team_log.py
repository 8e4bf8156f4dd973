"""Which calls leave a line in the requester's log, and the line."""

from crowdloom.chassis.http.auth import bearer_token
from crowdloom.chassis.http.team_roles import member_of
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.ids import RequesterId
from crowdloom.ui.messages import said
from flask import Flask, Response, g, request

from task_service.application.know_deeds import Caller, Doing
from task_service.bootstrap import Application

_API_KEY_PREFIX = "ck_"
_SEE_OTHER = 303
_OK_MAX = 299
_OURS_MIN = 500
_SUBJECTS = ("qualification_id", "message_id", "invitation_id", "person_id", "key_id", "webhook_id")
ACTIONS = {
    "projects.create": "project_made",
    "project_pages.create": "project_made",
    "draft_pages.make": "project_made",
    "batches.create": "batch_made",
    "batch_form_pages.create": "batch_made",
    "batch_pages.clone": "batch_copied",
    "batches.next_step": "next_step_made",
    "next_step_pages.begin": "next_step_made",
    "tasks.fill": "rows_given",
    "sources.split": "rows_given",
    "source_pages.give": "rows_given",
    "batch_form_pages.replace": "rows_given",
    "growth_pages.rows": "rows_given",
    "batches.set_requirements": "audience_chosen",
    "audience_pages.choose": "audience_chosen",
    "known_answers.mark": "known_marked",
    "known_pages.mark": "known_marked",
    "growth.extend": "more_asked",
    "growth.raise_reward": "more_asked",
    "growth_pages.ask": "more_asked",
    "growth.drop_addition": "addition_dropped",
    "growth_pages.drop": "addition_dropped",
    "submissions.accept": "accepted",
    "answer_pages.accept": "accepted_after_all",
    "submissions.reject": "rejected",
    "submissions.send_back": "sent_back",
    "review_pages.decide": "decided",
    "submissions.review": "decided_several",
    "review_pages.accept_many": "decided_several",
    "review_rule_pages.decide": "decided_by_rule",
    "review_files.decide": "decided_by_file",
    "review_file_pages.decide": "decided_by_file",
    "review_pages.undo": "decision_undone",
    "bonuses.grant": "bonus_given",
    "answer_pages.give": "bonus_given",
    "bonus_pages.grant": "bonus_given",
    "talk.say": "talk_answered",
    "talk_pages.say": "talk_answered",
    "talk.pin": "talk_pinned",
    "talk_pages.pin": "talk_pinned",
    "qualifications.make": "qualification_made",
    "qualification_pages.make": "qualification_made",
    "qualifications.close": "qualification_closed",
    "qualification_pages.close": "qualification_closed",
    "qualifications.grant": "qualification_given",
    "qualification_pages.give": "qualification_given",
    "qualifications.revoke": "qualification_taken",
    "qualification_pages.take": "qualification_taken",
    "workers.stand": "worker_noted",
    "worker_pages.stand": "worker_noted",
    "workers.write": "worker_written_to",
    "worker_pages.write": "worker_written_to",
    "teams.invite": "member_invited",
    "team_pages.invite": "member_invited",
    "teams.withdraw": "invitation_withdrawn",
    "team_pages.withdraw": "invitation_withdrawn",
    "teams.join": "member_joined",
    "team_pages.join": "member_joined",
    "team_pages.leave": "member_left",
    "teams.set_role": "role_changed",
    "team_pages.set_role": "role_changed",
    "teams.remove": "member_removed",
    "team_pages.remove": "member_removed",
    "api_keys.create": "key_made",
    "developer_pages.create": "key_made",
    "api_keys.revoke": "key_revoked",
    "developer_pages.revoke": "key_revoked",
    "webhooks.create": "webhook_made",
    "webhook_pages.create": "webhook_made",
    "webhooks.resume": "webhook_resumed",
    "webhook_pages.resume": "webhook_resumed",
    "webhooks.remove": "webhook_removed",
    "webhook_pages.remove": "webhook_removed",
    **{
        f"{pages}.{step}": step
        for pages in ("batches", "batch_pages")
        for step in ("publish", "pilot", "pause", "resume", "cancel", "archive", "restore")
    },
}
"""By endpoint. What is saved while it is typed, or only looked at, is no deed."""


def keep_team_log(app: Flask, application: Application) -> None:
    """Have each change keep its line in its own transaction, with the person who made it."""

    @app.before_request
    def begin() -> None:
        action = ACTIONS.get(request.endpoint or "")
        if action and request.args.get("dry") != "true":
            g.log_context = application.keep_log.keeping(_doing(action), _caller)
            g.under_way = g.log_context.__enter__()

    @app.after_request
    def take_back(response: Response) -> Response:
        # After an error of ours nobody knows what took effect: what was kept stays.
        if "under_way" in g and response.status_code < _OURS_MIN and not _took_effect(response):
            application.keep_log.take_back(g.under_way)
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        context = g.pop("log_context", None)
        if context is not None:
            context.__exit__(None, None, None)


def _caller() -> Caller | None:
    principal: Principal | None = g.get("principal")
    if principal is None:
        return None
    member = member_of(principal)
    person = member.person if member else principal.subject
    return Caller(RequesterId(principal.subject), RequesterId(person), _way())


def _took_effect(response: Response) -> bool:
    """A page that could not do it says so on the page it leads to, or is shown again."""
    if any(message.tone == "bad" for message in said()):
        return False
    if request.path.startswith("/api/") or request.headers.get("X-Upload-Progress"):
        return response.status_code <= _OK_MAX
    return response.status_code == _SEE_OTHER


def _doing(action: str) -> Doing:
    named = request.view_args or {}
    choice = request.form.get("decision", "") if action == "decided" else ""
    return Doing(
        action={"accept": "accepted", "reject": "rejected", "return": "sent_back"}.get(
            choice, action
        ),
        project_id=named.get("project_id"),
        batch_id=named.get("batch_id"),
        submission_id=named.get("submission_id"),
        subject=next((named[name] for name in _SUBJECTS if name in named), None),
    )


def _way() -> str:
    if not request.path.startswith("/api/"):
        return "page"
    return "key" if (bearer_token() or "").startswith(_API_KEY_PREFIX) else "api"
