"""A team: invited once, each role its share and no more, out means out."""

import html
import re
from typing import Any

import pytest
from crowdloom.chassis.http.team_roles import TeamRole, allows
from task_service.adapters.mongo_session import TaskSession
from task_service.bootstrap import Application

ROLES = ("editor", "reviewer", "billing", "viewer")
WORK, MONEY, KEYS = "/api/tasks/v1/projects", "/api/payments/v1/top-ups", "/api/tasks/v1/api-keys"
REVIEW, TEAM = "/api/tasks/v1/submissions/sub_1/accept", "/api/tasks/v1/team/invitations"
MAY = {
    ("GET", WORK): {"editor", "reviewer", "billing", "viewer"},
    ("POST", WORK): {"editor"},
    ("POST", REVIEW): {"editor", "reviewer"},
    ("POST", "/requester/batches/bat_1/review"): {"editor", "reviewer"},
    ("POST", "/requester/batches/bat_1/review/sub_1/bonus"): {"editor"},
    ("POST", "/api/tasks/v1/submissions/sub_1/bonus"): {"editor"},
    ("POST", MONEY): {"billing"},
    ("POST", "/pay/wallet/top-up"): {"billing"},
    ("GET", KEYS): set(),
    ("POST", KEYS): set(),
    ("POST", TEAM): set(),
    ("POST", "/requester/teams/switch"): set(ROLES),
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_its_share_and_no_more(role: str) -> None:
    allowed = {call for call in MAY if allows(TeamRole(role), *call)}
    assert allowed == {call for call, roles in MAY.items() if role in roles}


def joined(make: Any, web: Any, requester: Any, member: Any, role: str) -> Any:
    """The member's session to act for the requester, who invites them into the role."""
    code = requester.post("/team/invitations", {"role": role, "note": "Ann"}).json["code"]
    assert member.post("/teams/join", {"code": code}).status_code == 201
    team = member.get("/teams").json["items"][0]["team_id"]
    token = member.post(f"/teams/{team}/sessions").json["token"]
    return make.Requester.of_token(web, team, token)


def test_a_member_works_in_the_team_s_name_until_removed(
    make: Any, web: Any, requester: Any, stranger: Any
) -> None:
    project = requester.project()
    acting = joined(make, web, requester, stranger, "reviewer")
    assert acting.get(f"/projects/{project['project_id']}").status_code == 200
    refused = acting.post(f"/projects/{project['project_id']}/batches", {"redundancy": 1})
    assert (refused.status_code, refused.json["team_role"]) == (403, "reviewer")
    assert acting.get("/team/members").json["items"][0]["name"] == "Oak Labs"
    person = stranger.requester_id
    assert acting.delete(f"/team/members/{person}").status_code == 403
    assert requester.delete(f"/team/members/{person}").status_code == 204
    assert acting.get(f"/projects/{project['project_id']}").status_code == 401
    assert stranger.post(f"/teams/{requester.requester_id}/sessions").status_code == 404
    assert stranger.get(f"/projects/{project['project_id']}").status_code == 404


def test_the_owner_reads_who_did_what_and_nobody_else_does(
    make: Any, web: Any, requester: Any, stranger: Any, browser: Any, words: Any
) -> None:
    acting = joined(make, web, requester, stranger, "editor")
    made = acting.batch_with_tasks()
    for key in ("one click", "one click"):
        acting.post(f"/batches/{made['batch_id']}/publish", key=key)
    acting.post(f"/batches/{made['batch_id']}/resume")
    browser.send(f"/requester/batches/{made['batch_id']}/pause")
    log = requester.get(f"/team/log?project_id={made['project_id']}").json["items"]
    owner, member = requester.requester_id, stranger.requester_id
    assert [(deed["person_id"], deed["action"], deed["batch_id"]) for deed in log] == [
        (member, "publish", made["batch_id"]),
        (member, "rows_given", made["batch_id"]),
        (member, "batch_made", made["batch_id"]),
        (member, "project_made", None),
    ]
    assert requester.get("/team/log").json["items"][-1]["action"] == "member_invited"
    assert {deed["person_id"] for deed in requester.get("/team/log").json["items"]} == {
        owner,
        member,
    }
    page = words(browser.read(f"/requester/team/log?project={made['project_id']}"))
    assert "Oak Labs by the API published it Does it follow?" in page
    assert acting.get("/team/log").status_code == 403
    assert stranger.get("/team/log").json["items"] == []


def test_whoever_joins_or_leaves_is_in_the_team_s_log(
    requester: Any, stranger: Any, browser: Any, other_browser: Any, words: Any
) -> None:
    code = requester.post("/team/invitations", {"role": "viewer", "note": "Ann"}).json["code"]
    for _ in range(2):
        assert stranger.post("/teams/join", {"code": code}).status_code == 201, "a double click"
    assert stranger.post("/teams/join", {"code": "none"}).status_code == 404
    token = stranger.post(f"/teams/{requester.requester_id}/sessions").json["token"]
    other_browser.client.set_cookie("cl_requester", token, path="/requester")
    assert other_browser.send("/requester/teams/leave").status_code == 303
    log = requester.get("/team/log").json["items"]
    assert [(deed["person_id"], deed["action"], deed["way"]) for deed in log] == [
        (stranger.requester_id, "member_left", "page"),
        (stranger.requester_id, "member_joined", "api"),
        (requester.requester_id, "member_invited", "api"),
    ]
    assert stranger.get("/team/log").json["items"] == []
    assert "Oak Labs left the team" in words(browser.read("/requester/team/log"))


def test_a_line_of_the_log_commits_with_its_change_and_not_without(
    requester: Any, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = requester.batch_with_tasks()

    def actions() -> list[str]:
        return [deed["action"] for deed in requester.get("/team/log").json["items"]]

    before = actions()
    with monkeypatch.context() as patch:
        patch.setattr(TaskSession, "emit", stop)
        with pytest.raises(KeyboardInterrupt):
            requester.post(f"/batches/{batch['batch_id']}/publish")
    assert actions() == before, "nothing was published"
    with monkeypatch.context() as patch:
        patch.setattr(application.keep_log, "take_back", stop)
        patch.setattr(application.batches, "get", stop_at_the_second(application.batches.get))
        with pytest.raises(KeyboardInterrupt):
            requester.post(f"/batches/{batch['batch_id']}/publish")
    assert actions() == ["publish", *before], "it stopped between the commit and the answer"


def stop(*_: Any) -> None:
    raise KeyboardInterrupt


def stop_at_the_second(call: Any) -> Any:
    calls = iter([call])

    def called(*sent: Any) -> Any:
        return next(calls, stop)(*sent)

    return called


def test_an_invitation_is_taken_up_once_withdrawn_or_too_old(
    requester: Any, stranger: Any, clock: Any
) -> None:
    made = [
        requester.post("/team/invitations", {"role": "viewer", "note": f"{n}"}).json
        for n in range(3)
    ]
    assert stranger.post("/teams/join", {"code": made[0]["code"]}).status_code == 201
    twice = stranger.post("/teams/join", {"code": made[0]["code"]})
    assert (twice.status_code, twice.json["role"]) == (201, "viewer"), "a double click"
    third = stranger.sign_up(stranger.api.application, email="elm@example.org", name="Elm")
    assert third.post("/teams/join", {"code": made[0]["code"]}).status_code == 404
    assert requester.post("/teams/join", {"code": made[1]["code"]}).status_code == 409
    assert requester.delete(f"/team/invitations/{made[1]['invitation_id']}").status_code == 204
    assert stranger.post("/teams/join", {"code": made[1]["code"]}).status_code == 404
    clock.advance(seconds=8 * 86_400)
    assert stranger.post("/teams/join", {"code": made[2]["code"]}).status_code in (401, 404)
    assert requester.post("/team/invitations", {"role": "owner", "note": "x"}).status_code == 422


def test_people_join_and_switch_by_plain_forms(
    browser: Any, other_browser: Any, words: Any, clock: Any
) -> None:
    page = browser.follow("/requester/team/invitations", note="Oak", role="editor")
    link = page.split("/requester/teams/join?code=")[1].split('"')[0].split("<")[0]
    assert "Shown this once" in words(page)
    assert "Shown this once" not in words(browser.read("/requester/team"))
    offer = words(other_browser.read(f"/requester/teams/join?code={link}"))
    assert "Fir Research Group invites you. Editor: projects, batches and review" in offer
    assert other_browser.send("/requester/teams/join", code=link).status_code == 303
    team = words(other_browser.read("/requester/team"))
    assert "You act for Fir Research Group . Editor: projects, batches and review." in team
    assert "Invite somebody" not in team
    clock.advance(seconds=1_900)
    renewed = other_browser.client.get("/requester/team")
    assert "cl_requester=" in renewed.headers["Set-Cookie"]
    assert other_browser.send("/requester/team/invitations", note="x").status_code == 403
    assert other_browser.send("/requester/teams/leave").status_code == 303
    assert "You act for Oak Labs" in words(other_browser.read("/requester/team"))
    assert "Nobody else yet" in words(browser.read("/requester/team"))


def test_a_member_is_shown_no_button_that_the_role_does_not_reach(
    browser: Any, other_browser: Any, requester: Any
) -> None:
    batch = f"/requester/batches/{requester.batch()['batch_id']}"
    page = browser.follow("/requester/team/invitations", note="Oak", role="viewer")
    link = page.split("/requester/teams/join?code=")[1].split('"')[0].split("<")[0]
    other_browser.send("/requester/teams/join", code=link)
    for one, shown in ((browser, True), (other_browser, False)):
        page = one.read(batch)
        assert (f'action="{batch}/archive"' in page, "/requester/developers" in page) == (
            shown,
            shown,
        )
    assert "/requester/teams/leave" in other_browser.read("/requester/team")


def forms_and_ways(page: str, path: str) -> tuple[set[str], set[str]]:
    """Where the forms of a page are sent, and the pages of a requester that it leads to."""
    main = page[page.index("<main") :].partition("<footer")[0]
    sent = set()
    for form in re.findall(r"<form[^>]*>", main):
        action = re.search(r'action="([^"?]*)', form)
        if 'method="post"' in form:
            sent.add(action[1] if action else path.partition("?")[0])
    return sent, {html.unescape(to) for to in re.findall(r'href="(/requester/[^"#]*)', main)}


def test_no_page_leads_a_member_to_a_form_that_the_role_does_not_reach(
    make: Any,
    web: Any,
    browser: Any,
    other_browser: Any,
    requester: Any,
    stranger: Any,
    open_batch: Any,
    hand_out: Any,
) -> None:
    batch = open_batch(requester)
    hand_out(requester, batch).submit([["answer", "yes"]])
    requester.batch()
    browser.send("/requester/drafts", text="x")
    acting = joined(make, web, requester, stranger, "viewer")
    other_browser.client.set_cookie("cl_requester", acting.token, path="/requester")
    seen: dict[str, set[str]] = {}
    waiting = {"/requester/projects", f"/requester/batches/{batch['batch_id']}"}
    waiting |= {"/requester/workers", "/requester/qualifications", "/requester/team"}
    while waiting:
        path = waiting.pop()
        page = other_browser.read(path)
        seen[path], ways = forms_and_ways(page, path)
        files = {way for way in ways if "/results/" in way or ".csv" in way or "?" in way}
        waiting |= ways - files - set(seen)
        beyond = [to for to in seen[path] if not allows(TeamRole.VIEWER, "POST", to)]
        assert beyond == [], path
    refused = other_browser.read("/requester/projects/new", 403)
    assert "its owner and editors do that" in refused
    browser.send(f"/requester/team/members/{stranger.requester_id}/role", role="reviewer")
    acting = stranger.post(f"/teams/{requester.requester_id}/sessions").json["token"]
    other_browser.client.set_cookie("cl_requester", acting, path="/requester")
    review = f"/requester/batches/{batch['batch_id']}/review"
    sent, ways = forms_and_ways(other_browser.read(review), review)
    assert (len(sent), f"{review}/rule" in ways) == (2, True)


def test_who_was_given_another_role_or_taken_out_can_sign_in_again(
    browser: Any, other_browser: Any, words: Any, stranger: Any
) -> None:
    page = browser.follow("/requester/team/invitations", note="Oak", role="editor")
    link = page.split("/requester/teams/join?code=")[1].split('"')[0].split("<")[0]
    other_browser.send("/requester/teams/join", code=link)
    acting = other_browser.client.get_cookie("cl_requester", path="/requester").value
    member = f"/requester/team/members/{stranger.requester_id}"
    assert other_browser.client.get("/requester/team").status_code == 200
    browser.send(f"{member}/role", role="viewer")
    opened = other_browser.client.get("/requester/sign-in")
    assert (opened.status_code, "E-mail" in opened.text) == (200, True)
    other_browser.client.set_cookie("cl_requester", acting, path="/requester")
    asked = other_browser.client.get("/requester/projects?x=1", headers={"Accept": "text/html"})
    assert asked.location == "/requester/sign-in?next=/requester/projects%3Fx%3D1"
    page = words(other_browser.read(asked.location))
    assert page.count("Your role in this team changed: sign in again.") == 1
    other_browser.client.set_cookie("cl_requester", acting, path="/requester")
    assert other_browser.send("/requester/drafts").status_code == 401
    other_browser.client.set_cookie("cl_requester", acting, path="/requester")
    assert other_browser.send("/requester/sign-out").status_code == 303
