import gc
import re
from datetime import UTC, date, datetime

import pytest
from crowdloom import ui
from crowdloom.ui import PAGE_POLICY
from crowdloom.ui.preferences import local_path
from flask import Flask, Response, json, render_template_string
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/kit", "/work/queue", "/work/nothing"])
def test_no_page_holds_inline_style_or_script(client: FlaskClient, path: str) -> None:
    text = client.get(path, headers=BROWSER).text
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_pages_carry_the_page_policy_and_vary(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
    assert {"Cookie", "Accept-Language"} <= set(answer.vary)


def test_a_view_s_own_policy_stays(app: Flask) -> None:
    @app.get("/frame/x")
    def frame() -> tuple[str, dict[str, str]]:
        return "<p>", {"Content-Security-Policy": "sandbox"}

    answer = app.test_client().get("/frame/x")
    assert answer.headers["Content-Security-Policy"] == "sandbox"


def test_static_files_are_kept_for_ever_under_their_digest(client: FlaskClient) -> None:
    url = re.findall(r'href="(/static/[^"]+look.css)"', client.get("/").text)[0]
    kept = client.get(url)
    assert kept.status_code == 200
    assert "immutable" in kept.headers["Cache-Control"]
    kept.close()


def test_a_stale_digest_gets_the_file_but_not_the_cache(client: FlaskClient) -> None:
    answer = client.get("/static/v/000000000000/look.css")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    answer.close()


def test_static_files_do_not_lead_out_of_their_folder(client: FlaskClient) -> None:
    assert client.get("/static/v/0/../registration.py").status_code == 404
    assert client.get("/static/v/0/%2e%2e/registration.py").status_code == 404


def test_a_service_serves_its_own_files_under_its_prefix(client: FlaskClient) -> None:
    text = client.get("/work/sub/page").text
    url = re.findall(r"/work/static/v/\w+/own.js", text)[0]
    answer = client.get(url)
    assert answer.text == "// own"
    answer.close()


def test_the_first_load_stays_under_its_hundred_kilobytes(client: FlaskClient) -> None:
    import gzip

    page = client.get("/kit").text
    total = len(gzip.compress(page.encode()))
    for url in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
        answer = client.get(url)
        total += len(gzip.compress(answer.data))
        answer.close()
    assert total <= 100_000


def test_the_item_with_the_longest_matching_address_is_current(client: FlaskClient) -> None:
    text = client.get("/work/sub/page").text
    assert text.count('aria-current="page"') == 1
    assert '<a href="/work/sub" aria-current="page">' in text


def test_the_purse_is_a_link_that_a_fragment_fills(client: FlaskClient) -> None:
    text = client.get("/work/queue").text
    assert 'hx-get="/pay/fragments/purse"' in text
    assert '<a href="/pay/earnings">Earnings</a>' in text


def test_language_is_negotiated_then_asked_then_kept(client: FlaskClient) -> None:
    by_browser = client.get("/", headers={"Accept-Language": "fa-IR,fa;q=0.9,en;q=0.5"})
    assert '<html lang="fa" dir="rtl">' in by_browser.text
    assert '<html lang="en" dir="ltr">' in client.get("/").text
    assert '<html lang="fa" dir="rtl">' in client.get("/?lang=fa").text
    assert '<html lang="fa" dir="rtl">' in client.get("/").text


def test_an_unknown_language_or_theme_changes_nothing(client: FlaskClient) -> None:
    client.post("/preferences", data={"lang": "xx", "theme": "pink", "next": "/kit"})
    text = client.get("/?lang=zz").text
    assert '<html lang="en" dir="ltr">' in text


def test_preferences_work_by_a_plain_form_and_return_to_the_page(client: FlaskClient) -> None:
    answer = client.post("/preferences", data={"theme": "dark", "next": "/work/queue?sort=pay"})
    assert (answer.status_code, answer.location) == (303, "/work/queue?sort=pay")
    assert 'data-theme="dark"' in client.get("/").text
    client.post("/preferences", data={"theme": "auto"})
    assert "data-theme" not in client.get("/").text.split("<head>")[0]


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/x",
        "javascript:alert(1)",
        "relative",
        "/a\r\nSet-Cookie: x=y",
        "",
    ],
)
def test_preferences_lead_nowhere_else(app: Flask, address: str) -> None:
    with app.test_request_context("/"):
        assert local_path(address) == "/"


def test_returning_drops_the_language_parameter_and_keeps_the_rest(app: Flask) -> None:
    with app.test_request_context("/"):
        assert local_path("/kit?lang=fa&q=a+b") == "/kit?q=a+b"
        assert local_path("http://localhost/kit") == "/kit"


def test_below_a_page_that_a_form_drew_every_link_leads_to_a_page(app: Flask) -> None:
    @app.post("/work/queue/<batch_id>/ask")
    def ask(batch_id: str) -> tuple[str, int]:
        block = "{% block content %}{{ with_query(cursor=1) }}{% endblock %}"
        return render_template_string('{% extends "ui/base.html" %}' + block), 422

    client, sent = app.test_client(), "/work/queue/bat_1/ask"
    for came_from, leads_to in (
        ("/work/queue?view=one", "/work/queue?view=one"),
        (sent, "/work/queue"),  # sent back, and sent again
        ("", "/work/queue"),
        ("/requester/projects", "/requester/projects"),  # another service's
    ):
        headers = {"Referer": f"http://localhost{came_from}"} if came_from else {}
        page = client.post(sent, headers=headers).text
        assert f'name="next" value="{leads_to}"' in page, came_from
        assert f"{leads_to.partition('?')[0]}?cursor=1" in page, came_from


def test_a_problem_becomes_a_page_for_a_browser(client: FlaskClient) -> None:
    answer = client.get("/work/nothing", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing here" in answer.text
    assert "No &lt;such&gt; batch" in answer.text
    assert 'href="/work/queue"' in answer.text


def test_an_error_page_repeats_no_sentence_the_framework_made_up(app: Flask) -> None:
    usual = NotFound.description

    @app.get("/work/usual")
    def usual_problem() -> Response:
        return Response(json.dumps({"detail": usual}), 404, mimetype="application/problem+json")

    text = app.test_client().get("/work/usual", headers=BROWSER).text
    assert "There is nothing here" in text
    assert "The reason" not in text


def test_a_problem_stays_a_problem_for_an_api_or_a_script(client: FlaskClient) -> None:
    for path, headers in [("/api/workers/v1/nothing", BROWSER), ("/work/nothing", {})]:
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_problem_becomes_a_fragment_for_htmx(client: FlaskClient) -> None:
    answer = client.get("/work/nothing", headers=BROWSER | {"HX-Request": "true"})
    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


def test_what_was_said_is_shown_once_on_the_page_redirected_to(client: FlaskClient) -> None:
    assert client.post("/match/claims").location == "/work/queue"
    first = client.get("/work/queue").text
    assert "One task is &lt;yours&gt;." in first
    assert "One task is" not in client.get("/work/queue").text


def test_what_was_said_reaches_only_the_area_redirected_to(client: FlaskClient) -> None:
    answer = client.post("/match/claims")
    cookie = answer.headers["Set-Cookie"]
    assert "Path=/work" in cookie
    assert "HttpOnly" in cookie


@pytest.mark.parametrize(
    "value", ["x", "W10=x", "bnVsbA==", "WzFd", "W1siZXZpbCIsMSwyXV0=", "W1tb" * 900]
)
def test_a_tampered_message_is_ignored(client: FlaskClient, value: str) -> None:
    client.set_cookie("cl_said", value, path="/work")
    answer = client.get("/work/queue")
    assert answer.status_code == 200
    assert 'class="note' not in answer.text


def test_an_area_s_api_can_be_read_and_tried_by_files_of_our_own(client: FlaskClient) -> None:
    page = client.get("/api/workers/docs")
    assert "Crowdloom workers" in page.text
    assert 'data-spec="openapi.json"' in page.text
    assert "http" not in page.text.split("<body>")[0]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_the_browser_has_already_is_closed_again(client: FlaskClient) -> None:
    address = re.findall(r'href="([^"]+mark\.svg)"', client.get("/").text)[0]
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    size = client.head(address)
    assert size.headers["Content-Length"] == str(len(first.data))
    first.close()
    del first, again, size
    gc.collect()  # what is still open complains


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", "2026-11-21T18:30:00+00:00"),
        ("America/Los_Angeles", "2026-11-22T08:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-11-22T10:00:00+00:00"),
        ("", "2026-11-22T00:00:00+00:00"),
        ("Nowhere/At_all", "2026-11-22T00:00:00+00:00"),
        ("../../etc/passwd", "2026-11-22T00:00:00+00:00"),
    ],
)
def test_a_day_begins_when_it_begins_where_the_reader_is(
    app: Flask, zone: str, expected: str
) -> None:
    with app.test_request_context(headers={"Cookie": f"cl_zone={zone}"}):
        assert ui.day_began(datetime(2026, 11, 22, 14, 5, tzinfo=UTC)).isoformat() == expected


def test_the_first_day_that_there_is_begins_in_every_zone(app: Flask) -> None:
    with app.test_request_context(headers={"Cookie": "cl_zone=Asia/Kolkata"}):
        assert ui.day_began(date.min) == datetime(1, 1, 1, tzinfo=UTC)
