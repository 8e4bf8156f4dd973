import csv
import io
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from task_service.bootstrap import Application

NEW = "/requester/projects/new"
FORM = {
    "title": "Does it follow?",
    "description": "Read two sentences.",
    "language": "en",
    "template": '<p>${first}</p><p>${second}</p><input name="follows" required>',
}


@pytest.mark.parametrize("start", [f"{NEW}", "/requester/projects"])
def test_a_start_with_one_of_ours_keeps_what_was_typed_and_brings_sample_rows(
    browser: Any, application: Application, start: str
) -> None:
    use = "/requester/templates/translation/use"
    assert use in browser.read(start)
    typed = {"title": "My title", "language": "fa"} if start == NEW else {}
    page = browser.follow(use, **typed)
    assert f'value="{typed.get("title", "Translation")}"' in page
    assert "Write a text in another language." in page
    assert "Row 1 of" in page
    assert application.database["projects"].count_documents({}) == 0
    draft = application.database["project_drafts"].find_one()
    assert draft["text"]["language"] == typed.get("language")


def test_enter_in_a_field_sends_the_form_and_starts_with_none_of_ours(browser: Any) -> None:
    form = HTMLParser(browser.read(NEW)).css_first(f'form[action="{NEW}"]')
    assert not {"formaction", "name"} & form.css_first("button").attributes.keys()


def test_looking_at_a_template_says_what_it_needs_asks_and_loads(browser: Any, words: Any) -> None:
    template = FORM["template"] + '<img src="https://images.example/a.png"><textarea name="why">'
    page = words(browser.sent(f"{NEW}/look", 200, **{**FORM, "template": template}))
    assert "needs of the table first , second" in page
    assert "asks follows , why" in page
    assert "loads from images.example" in page


def test_a_template_as_a_file_takes_the_place_of_the_field(
    browser: Any, application: Application
) -> None:
    browser.follow(NEW, **{**FORM, "template": "old"}, file=b'\xef\xbb\xbf${x}<input name="y">')
    project = application.database["projects"].find_one()
    assert project["template"] == '${x}<input name="y">'


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "The title has 1 to 128 characters."),
        ({"title": "x" * 129}, "The title has 1 to 128 characters."),
        ({"description": " "}, "The description has 1 to 2,000 characters."),
        ({"template": "<p>${text}</p>"}, "Add at least one field with a name"),
        ({"template": ""}, "Add at least one field with a name"),
        ({"template": "<input name=a>" + "x" * 520_000}, "larger than 512 kB"),
        ({"file": b"\xff\xfe"}, "The file is not UTF-8 text."),
    ],
)
def test_what_cannot_be_a_project_is_said_in_place_and_made_of_nothing(
    browser: Any, application: Application, change: dict[str, Any], sentence: str
) -> None:
    page = browser.sent(NEW, 422, **{**FORM, **change})
    assert sentence in page
    assert 'aria-invalid="true"' in page
    assert application.database["projects"].count_documents({}) == 0


def test_a_form_pressed_twice_makes_one_project(browser: Any, application: Application) -> None:
    answers = [browser.send(NEW, key="the same", **FORM) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert application.database["projects"].count_documents({}) == 1


def test_a_form_without_a_key_makes_nothing(browser: Any, application: Application) -> None:
    answer = browser.client.post(NEW, data=FORM)
    assert answer.status_code == 400
    assert application.database["projects"].count_documents({}) == 0


def test_an_unknown_language_is_any_language(browser: Any, application: Application) -> None:
    browser.follow(NEW, **{**FORM, "language": "<script>"})
    assert application.database["projects"].find_one()["language"] is None


def test_hostile_titles_and_templates_are_shown_as_text(browser: Any) -> None:
    hostile = "<script>alert(1)</script>"
    template = f"</textarea>{hostile}<input name='{hostile}'>${{{hostile}}}"
    form = {"title": hostile, "description": hostile, "template": template}
    page = browser.follow(NEW, **form)
    for shown in (
        page,
        browser.read("/requester/projects"),
        browser.sent(f"{NEW}/look", 200, **form),
    ):
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown


def test_the_example_table_has_the_needed_columns(browser: Any) -> None:
    answer = browser.send(NEW, **{**FORM, "template": '${a b}${ü}<input name="x">'})
    table = browser.client.get(f"{answer.location}/example.csv")
    assert table.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(table.data.decode("utf-8-sig"))))
    assert rows[0] == ["a b", "ü"]
    assert len(rows) == 3


def test_the_projects_page_goes_on_with_a_cursor(browser: Any, requester: Any) -> None:
    for number in range(21):
        requester.project(title=f"Project {number:02d}")
    first = browser.read("/requester/projects")
    assert "Project 20" in first
    assert "Project 00" not in first
    cursor = first.split("cursor=")[1].split('"')[0]
    assert "Project 00" in browser.read(f"/requester/projects?cursor={cursor}")
    browser.read("/requester/projects?cursor=forged", 422)


def test_another_requesters_project_is_not_there(other_browser: Any, requester: Any) -> None:
    project = f"/requester/projects/{requester.project()['project_id']}"
    for path in ("", "/example.csv", "/batches/new"):
        other_browser.read(project + path, 404)
    other_browser.sent(f"{project}/batches/new", 404, reward="1", table=b"sentence\nx\n")
    assert "Does it follow" not in other_browser.read("/requester/projects")
