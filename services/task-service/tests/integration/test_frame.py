"""The task frame: who gets the document, under which policy, and the previews of requesters."""

import json
import re
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.chassis.tickets import PreviewSigner, TicketSigner
from crowdloom.testkit.ports import FrozenClock
from flask import Flask

HOSTILE = (
    '<script src="https://cdn.example.org/lib.js"></script>'
    '<p title="${sentence}">${sentence}</p><input name="answer">'
)


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester)


@pytest.fixture
def holder(requester: Any, batch: Any, hand_out: Any) -> Any:
    return hand_out(requester, batch)


def frame_of(web: Flask, assignment_id: str, cookie: str | None, **headers: str) -> Any:
    """Ask for the frame as a browser does, with the cookie that a claim has set."""
    client = web.test_client()
    if cookie is not None:
        client.set_cookie(f"cl_ticket_{assignment_id}", cookie, path="/frame")
    path = f"/frame/assignments/{assignment_id}"
    return client.get(path, headers={"Accept": "text/html", **headers})


def policy_of(answer: Any) -> dict[str, str]:
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return dict(f"{directive} ".split(" ", 1) for directive in directives)


def test_the_holder_of_a_ticket_gets_the_task_with_its_row(web: Flask, holder: Any) -> None:
    answer = frame_of(web, holder.assignment_id, holder.token)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert "It rained." in answer.text
    assert f'value="{holder.assignment_id}"' in answer.text
    assert 'data-mode="work"' in answer.text


def test_the_document_is_sandboxed_kept_by_nobody_and_tells_no_referrer(
    web: Flask, holder: Any
) -> None:
    answer = frame_of(web, holder.assignment_id, holder.token)
    policy = policy_of(answer)
    assert policy["default-src"].strip() == "'none'"
    assert policy["connect-src"].strip() == "'none'"
    assert policy["form-action"].strip() == "'none'"
    assert policy["frame-ancestors"].strip() == "'self'"
    assert policy["sandbox"].split() == ["allow-scripts", "allow-forms"]
    assert "http" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


def test_only_hosts_that_the_project_was_allowed_may_be_loaded_from(
    web: Flask, requester: Any, open_batch: Any, hand_out: Any
) -> None:
    project = requester.project(template_html=HOSTILE)
    holder = hand_out(requester, open_batch(requester, project_id=project["project_id"]))
    policy = policy_of(frame_of(web, holder.assignment_id, holder.token))
    assert "cdn.example.org" in policy["script-src"].split()
    assert policy["connect-src"].strip() == "'none'"
    project = requester.project(template_html=HOSTILE, allowed_hosts=[])
    holder = hand_out(requester, open_batch(requester, project_id=project["project_id"]))
    answer = frame_of(web, holder.assignment_id, holder.token)
    assert "example.org" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("hosts", "shown"), [(None, True), (["img.example.net"], False)])
def test_an_image_that_the_row_names_is_shown_and_may_be_nothing_else(
    web: Flask, requester: Any, open_batch: Any, hand_out: Any, hosts: Any, shown: bool
) -> None:
    template = '<img alt="" src="${Text}"><input name="answer"><p>${Text}</p>'
    project = requester.project(template_html=template, allowed_hosts=hosts)
    table = b"Text\nhttps://bucket.s3.example.org/one.jpg?x=1\n"
    batch = open_batch(requester, project_id=project["project_id"], table=table)
    holder = hand_out(requester, batch)
    policy = policy_of(frame_of(web, holder.assignment_id, holder.token))
    assert ("bucket.s3.example.org" in policy["img-src"].split()) is shown
    assert ("bucket.s3.example.org" in policy["media-src"].split()) is shown
    assert "example.org" not in policy["script-src"] + policy["style-src"]


def test_the_runtime_comes_first_within_the_document_and_the_rest_is_for_an_opaque_origin(
    web: Flask, requester: Any, open_batch: Any, hand_out: Any
) -> None:
    project = requester.project(template_html="<crowd-form><crowd-input name=a></crowd-form>")
    holder = hand_out(requester, open_batch(requester, project_id=project["project_id"]))
    page = frame_of(web, holder.assignment_id, holder.token).text
    runtime = re.search(r"<script data-mode[^>]*>(.*?)</script>", page, re.DOTALL)
    assert runtime
    assert page.index("<script") == runtime.start()
    # Whole: nothing in it ends the element too early.
    assert runtime[1].rstrip().endswith("})();")
    crowd = re.search(r'<script src="(/frame/static/v/\w+/crowd\.js)"', page)
    assert crowd
    with web.test_client().get(crowd[1]) as answer:
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "immutable" in answer.headers["Cache-Control"]


def test_the_draft_comes_with_the_task(web: Flask, holder: Any) -> None:
    holder.save([["answer", '"><script>x</script>']])
    page = frame_of(web, holder.assignment_id, holder.token).text
    assert "<script>x" not in page
    found = re.search(r'data-draft="([^"]*)"', page)
    assert found
    draft = found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
    assert json.loads(draft) == [["answer", '"><script>x</script>']]


def test_without_a_ticket_a_friendly_document_says_where_to_open_the_item(
    web: Flask, holder: Any
) -> None:
    for cookie in (None, "", "forged", holder.token[:-6] + "AAAAAA"):
        answer = frame_of(web, holder.assignment_id, cookie)
        assert answer.status_code == 401
        assert "It rained." not in answer.text
        assert "My work" in answer.text
        assert policy_of(answer)["sandbox"].strip() == ""
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "<script" not in answer.text


def test_what_is_not_there_leads_a_worker_to_no_requesters_sign_in(web: Flask) -> None:
    for address in ("/frame/nothing", "/nothing"):
        page = web.test_client().get(address, headers={"Accept": "text/html"})
        assert page.status_code == 404
        assert "/requester/sign-in" not in page.text


def test_a_notice_speaks_the_reader_s_language(web: Flask, holder: Any) -> None:
    client = web.test_client()
    client.set_cookie("cl_lang", "fa")
    page = client.get(f"/frame/assignments/{holder.assignment_id}").text
    assert 'dir="rtl"' in page
    assert "My work" not in page


def test_a_ticket_of_another_assignment_opens_nothing(
    web: Flask, requester: Any, batch: Any, holder: Any, hand_out: Any
) -> None:
    other = hand_out(requester, batch, task=1, assignment=2)
    answer = frame_of(web, holder.assignment_id, other.token)
    assert answer.status_code == 404
    assert "It rained." not in answer.text
    assert "The sun shone." not in answer.text


def test_a_ticket_of_a_past_lease_shows_the_task_until_it_has_run_out(
    web: Flask, holder: Any, clock: FrozenClock
) -> None:
    clock.advance(seconds=timedelta(days=40).total_seconds())
    assert frame_of(web, holder.assignment_id, holder.token).status_code == 200
    clock.advance(seconds=timedelta(days=8).total_seconds())
    assert frame_of(web, holder.assignment_id, holder.token).status_code == 401


def test_a_ticket_that_matching_service_did_not_sign_opens_nothing(
    web: Flask, make: ModuleType, holder: Any, application: Any, clock: FrozenClock
) -> None:
    own = application.sessions._signer  # task-service's own key, misused
    forged = TicketSigner(own).sign(holder.ticket)
    assert frame_of(web, holder.assignment_id, forged).status_code == 401


def test_after_the_submission_the_frame_says_so(web: Flask, holder: Any) -> None:
    assert holder.submit().status_code == 201
    answer = frame_of(web, holder.assignment_id, holder.token)
    assert answer.status_code == 410
    assert "Your answer was received" in answer.text


def test_a_ticket_that_was_revoked_shows_that_the_item_was_given_back(
    web: Flask, make: ModuleType, holder: Any, deliver: Any
) -> None:
    deliver(make.revoked(holder.ticket))
    answer = frame_of(web, holder.assignment_id, holder.token)
    assert answer.status_code == 410
    assert "given back" in answer.text
    assert "It rained." not in answer.text


def test_a_requester_previews_a_row_of_the_own_batch(
    web: Flask, make: ModuleType, requester: Any
) -> None:
    batch = requester.batch_with_tasks()
    answer = preview(web, requester, f"batches/{batch['batch_id']}/2")
    assert answer.status_code == 200
    assert "The sun shone." in answer.text
    assert 'data-mode="preview"' in answer.text
    assert "ASSIGNMENT_ID_NOT_AVAILABLE" in answer.text
    assert policy_of(answer)["sandbox"].split() == ["allow-scripts", "allow-forms"]
    assert preview(web, requester, f"batches/{batch['batch_id']}/3").status_code == 404
    assert preview(web, requester, f"batches/{batch['batch_id']}/0").status_code == 404


def test_a_requester_previews_the_own_template_with_values_of_choice(
    web: Flask, requester: Any
) -> None:
    path = f"projects/{requester.project()['project_id']}"
    assert "${sentence}" in preview(web, requester, path).text
    assert "<p>Hail</p>" in preview(web, requester, f"{path}?sentence=Hail").text


def test_nobody_else_sees_a_preview(web: Flask, requester: Any, stranger: Any) -> None:
    batch = requester.batch_with_tasks()
    for path in (f"batches/{batch['batch_id']}/1", f"projects/{batch['project_id']}"):
        assert preview(web, stranger, path).status_code == 404
        assert preview(web, None, path).status_code == 302


def preview(web: Flask, requester: Any | None, path: str) -> Any:
    client = web.test_client()
    if requester is not None:
        client.set_cookie("cl_requester", requester.token, path="/requester")
    return client.get(f"/requester/frame/{path}", headers={"Accept": "text/html"})


def test_an_item_is_looked_at_before_it_is_claimed_by_a_permission_for_its_batch(
    web: Flask,
    requester: Any,
    batch: Any,
    open_batch: Any,
    previews: PreviewSigner,
    clock: FrozenClock,
) -> None:
    other = open_batch(requester)

    def look(token: str, item: int = 1) -> Any:
        path = f"/frame/batches/{batch['batch_id']}/preview"
        return web.test_client().get(path, query_string={"pass": token, "item": item})

    allowed = previews.sign(batch["batch_id"], now=clock.now())
    first = look(allowed)
    assert "It rained." in first.text
    assert 'data-mode="preview"' in first.text
    assert "asg_" not in first.text
    assert policy_of(first)["sandbox"].split() == ["allow-scripts", "allow-forms"]
    assert "The sun shone." in look(allowed, 2).text
    assert look(allowed, 4).status_code == 404
    for token in ("", "forged", previews.sign(other["batch_id"], now=clock.now())):
        refused = look(token)
        assert (refused.status_code, "It rained." in refused.text) == (403, False)
    clock.advance(seconds=601)
    assert look(allowed).status_code == 403


def test_what_a_worker_wrote_can_be_read_again_after_the_item_is_over(
    web: Flask, holder: Any, clock: FrozenClock
) -> None:
    client = web.test_client()
    client.set_cookie(f"cl_ticket_{holder.assignment_id}", holder.token, path="/frame")

    def kept(**headers: str) -> Any:
        path = f"/frame/assignments/{holder.assignment_id}/kept"
        return client.get(path, headers={"Accept": "text/html", **headers})

    assert "Nothing was written" in kept().text
    clock.advance(seconds=603)
    assert holder.submit([["answer", "<b>too late</b>"]]).status_code == 409
    page = kept()
    assert "kept as a draft" in page.text
    assert "&lt;b&gt;too late" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    part = kept(**{"HX-Request": "true"}).text
    assert ("<html" in part, "too late" in part) == (False, True)
    assert "It rained." not in part, "whoever answered nothing is not shown the item again"
    client.set_cookie(f"cl_ticket_{holder.assignment_id}", "forged", path="/frame")
    assert (kept().status_code, kept(**{"HX-Request": "true"}).text) == (401, "")
