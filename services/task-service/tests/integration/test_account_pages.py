import html
import re
from typing import Any

import pytest
from task_service.bootstrap import Application

ACCOUNT = {"name": "Fir", "email": "new@example.org", "password": "seven quiet looms"}
SIGN_UP, SIGN_IN = "/requester/sign-up", "/requester/sign-in"


def test_signing_up_leads_to_the_projects_with_what_to_do_first(visitor: Any) -> None:
    page = visitor.follow(SIGN_UP, **ACCOUNT)
    assert "No projects yet" in page
    assert "/requester/templates/classification/use" in page


def test_a_form_sent_twice_makes_one_account_and_gets_in(
    visitor: Any, application: Application
) -> None:
    first = visitor.send(SIGN_UP, **ACCOUNT)
    paths = re.findall(r"Path=([^;]+)", " ".join(first.headers.getlist("Set-Cookie")))
    assert {"/requester", "/match/reach"} <= set(paths), "matching-service is asked for the reach"
    again = visitor.send(SIGN_UP, **ACCOUNT)
    assert again.status_code == 303
    assert application.database["requesters"].count_documents({}) == 1


def test_an_email_that_is_taken_is_said_and_lets_nobody_in(visitor: Any) -> None:
    visitor.send(SIGN_UP, **ACCOUNT)
    answer = visitor.send(SIGN_UP, **{**ACCOUNT, "password": "another long password"})
    assert answer.status_code == 409
    assert "Set-Cookie" not in answer.headers
    assert "Sign in instead" in answer.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"email": "no"}, "no e-mail address"),
        ({"password": "short"}, "at least 10 characters"),
        ({"name": " "}, "workers see it"),
    ],
)
def test_what_cannot_be_an_account_is_said_in_place(
    visitor: Any, change: dict[str, str], sentence: str
) -> None:
    page = visitor.sent(SIGN_UP, 422, **{**ACCOUNT, **change})
    assert sentence in page
    assert 'aria-invalid="true"' in page
    assert ACCOUNT["password"] not in page


def test_signing_in_leads_where_one_wanted_to_go_and_nowhere_else(visitor: Any) -> None:
    visitor.send(SIGN_UP, **ACCOUNT)
    wanted = visitor.send(SIGN_IN, next="/requester/developers", **ACCOUNT)
    assert wanted.location == "/requester/developers"
    for elsewhere in ("https://evil.example/", "//evil.example", "/finance", "javascript:alert(1)"):
        assert visitor.send(SIGN_IN, next=elsewhere, **ACCOUNT).location == "/requester/projects"


def test_a_wrong_password_and_an_unknown_email_are_answered_alike(visitor: Any) -> None:
    visitor.send(SIGN_UP, **ACCOUNT)
    wrong = visitor.sent(SIGN_IN, 401, email=ACCOUNT["email"], password="something else")
    unknown = visitor.sent(SIGN_IN, 401, email="nobody@example.org", password="something else")
    for page in (wrong, unknown):
        assert "do not belong together" in page


def test_too_many_tries_are_stopped_with_a_sentence(visitor: Any) -> None:
    for _ in range(8):
        visitor.send(SIGN_IN, email="fir@example.org", password="x")
    assert "Wait ten minutes" in visitor.sent(SIGN_IN, 429, email="fir@example.org", password="x")


def test_after_signing_out_pages_ask_to_sign_in(browser: Any) -> None:
    browser.send("/requester/sign-out")
    answer = browser.client.get("/requester/projects")
    assert answer.status_code == 302
    assert answer.location.startswith(SIGN_IN)


def test_a_visitor_is_sent_to_sign_in_and_back(visitor: Any) -> None:
    answer = visitor.client.get("/requester/batches/bat_1?row=2")
    assert answer.location == "/requester/sign-in?next=/requester/batches/bat_1%3Frow%3D2"
    page = visitor.read(answer.location)
    assert 'name="next" value="/requester/batches/bat_1?row=2"' in page


def test_a_form_of_which_the_session_was_over_is_kept_to_be_sent_again(
    visitor: Any, words: Any
) -> None:
    typed = {"title": "Remarks", "description": 'Two\nlines & "more"', "template": "<p>"}
    page = visitor.sent("/requester/drafts?a=1", 401, **typed)
    assert "You were signed out meanwhile, and nothing was sent." in words(page)
    assert "Authorization header" not in page
    assert '<form class="actions" method="post" action="/requester/drafts?a=1">' in page
    assert 'href="/requester/sign-in" target="_blank"' in page
    again = dict(re.findall(r'name="(\w+)" value="([^"]*)">', page))
    assert {name: html.unescape(text) for name, text in again.items()}.items() >= typed.items()
