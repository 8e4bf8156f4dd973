"""An API key may do what its scope says, and shows when it was last used."""

from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock


@pytest.fixture
def submission_id(requester: Any, open_batch: Any, hand_out: Any) -> str:
    return str(hand_out(requester, open_batch(requester)).submit().json["submission_id"])


@pytest.fixture
def with_key(make: Any, web: Any, requester: Any) -> Any:
    def caller(scope: str) -> Any:
        made = requester.post("/api-keys", {"name": "script", "scope": scope}).json
        return make.Requester.of_token(web, requester.requester_id, made["secret"])

    return caller


@pytest.mark.parametrize(
    ("scope", "look", "review", "make_project"),
    [("all", 200, 200, 201), ("review", 200, 200, 403), ("read", 200, 403, 403)],
)
def test_a_key_goes_as_far_as_its_scope(
    with_key: Any, submission_id: str, scope: str, look: int, review: int, make_project: int
) -> None:
    script = with_key(scope)
    assert script.get("/projects").status_code == look
    project = {"title": "T", "description": "D", "template_html": "<input name='a'>"}
    answer = script.post("/projects", project)
    assert answer.status_code == make_project
    if make_project == 403:
        assert (answer.json["code"], answer.json["scope"]) == ("not_allowed", scope)
    assert script.post(f"/submissions/{submission_id}/accept").status_code == review


def test_a_key_for_reviews_spends_nothing_beyond_the_rewards(
    with_key: Any, submission_id: str
) -> None:
    bonus = {"amount": {"amount_minor": 25, "currency": "USD"}, "reason": "Well done."}
    assert with_key("review").post(f"/submissions/{submission_id}/bonus", bonus).status_code == 403
    assert with_key("all").post(f"/submissions/{submission_id}/bonus", bonus).status_code < 300


def test_a_smaller_key_makes_no_larger_one(with_key: Any) -> None:
    for scope in ("read", "review"):
        refusal = with_key(scope).post("/api-keys", {"name": "more", "scope": "all"})
        assert refusal.status_code == 403


def test_the_list_says_when_a_key_was_last_used(
    requester: Any, with_key: Any, clock: FrozenClock
) -> None:
    script = with_key("read")
    [key] = requester.get("/api-keys").json["items"]
    assert key["last_used_at"] is None
    script.get("/me")
    clock.advance(seconds=90)
    script.get("/me")
    [key] = requester.get("/api-keys").json["items"]
    assert key["last_used_at"] == "2026-11-01T12:01:30.000Z"


def test_the_page_offers_the_scopes(browser: Any, requester: Any) -> None:
    browser.follow("/requester/developers", name="nightly", scope="read")
    [key] = requester.get("/api-keys").json["items"]
    assert key["scope"] == "read"
    page = browser.read("/requester/developers")
    assert "look alone" in page
    assert "never" in page
