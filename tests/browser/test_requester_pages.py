"""The requester's pages as people use them: by eye, by keyboard, without script."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crowdloom.testkit.looks import looks, violations, watch, wrong
from playwright.sync_api import Browser, BrowserContext, Route, expect
from pypdf import PdfWriter
from task_service.application.split_source import Upload
from task_service.domain.splitting.wishes import parse_wish

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def paths(desk: Any) -> dict[str, str]:
    """One page of each kind."""
    word = "Lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas" * 2
    draft, declined = desk.draft("A draft"), desk.declined(word)
    live = desk.running("Remarks, October", answers=8)
    desk.decide(live, accepted=3, rejected=1)
    desk.application.api_keys.create(desk.requester.requester_id, "<b>nightly</b> upload")
    owner = desk.requester.requester_id
    keep = desk.application.look_at_upload.keep
    faulty = keep(owner, Upload("rows.csv", b"text,note\nfine,a\nno, comma,b\nshort\n"))
    whole = keep(owner, Upload("story.txt", "One. Two.\n\nسلام.\n".encode()))
    many = Upload("long.pdf", blank_pages(201), "application/pdf")
    long = keep(owner, many)
    desk.application.split_later.ask(declined, many, parse_wish("page"))
    story = Upload("story.txt", "One.\n\nسلام.\n".encode())
    split = desk.application.split_source.split(desk.draft("Split"), story, parse_wish("paragraph"))
    desk.application.merge_later.ask(split, desk.application.clock.now())
    webhook = desk.application.webhooks.create(
        desk.requester.requester_id, "https://example.org/hook"
    )
    paused = desk.application.batches.pause(desk.running("Paused"))
    cancelled = desk.application.batches.cancel(desk.running("Cancelled"))
    over = desk.over("Completed")
    begun = desk.draft_project(f"<b>{word}", '<p>${text} ${nope}</p>\n<input name="a">')
    project = f"/requester/projects/{desk.project.project_id}"
    batch = f"/requester/batches/{live.batch_id}"
    return {
        "projects": "/requester/projects",
        "gallery": "/requester/templates",
        "template": "/requester/templates/image_polygons?scheme=dark&direction=rtl",
        "editor": f"/requester/drafts/{begun.draft_id}?width=phone",
        "new project": "/requester/projects/new",
        "project": project,
        "new batch": f"{project}/batches/new",
        "draft": f"/requester/batches/{draft.batch_id}?row=2&seconds=30",
        "no funds": f"/requester/batches/{declined.batch_id}?width=phone",
        "table": f"/requester/batches/{draft.batch_id}/table",
        "rows to mend": f"/requester/batches/{draft.batch_id}/file/{faulty}?name=rows.csv",
        "pieces": f"/requester/batches/{draft.batch_id}/file/{whole}?name=story.txt&by=sentence",
        "long file": f"/requester/batches/{draft.batch_id}/file/{long}?name=long.pdf",
        "audience": f"/requester/batches/{draft.batch_id}/audience",
        "workers": "/requester/workers",
        "log": "/requester/team/log",
        "live": batch,
        "review": f"{batch}/review",
        "review grid": f"{batch}/review?view=grid",
        "review rule": f"{batch}/review/rule?test=contains&field=label&value=e",
        "results": f"{batch}/results",
        "making": f"/requester/batches/{split.batch_id}/results?making=merged",
        "figures": f"{batch}/figures",
        "next step": f"{batch}/next-step",
        "grow": f"{batch}/grow",
        "given back": f"{batch}/given-back",
        "paused": f"/requester/batches/{paused.batch_id}",
        "cancelled": f"/requester/batches/{cancelled.batch_id}",
        "completed": f"/requester/batches/{over.batch_id}",
        "known answers": f"{batch}/known?row=2",
        "review file": f"{batch}/review/file",
        "trial": desk.trial(draft),
        "invitation": f"/requester/teams/join?code={desk.invitation()}",
        "team": "/requester/team",
        "answers": f"{batch}/answers",
        "talk": f"{batch}/talk",
        "qualifications": "/requester/qualifications",
        "qualification": f"/requester/qualifications/{desk.qualification()}",
        "developers": "/requester/developers",
        "webhooks": "/requester/developers/webhooks",
        "webhook": f"/requester/developers/webhooks/{webhook.webhook_id}",
    }


def blank_pages(count: int) -> bytes:
    writer, file = PdfWriter(), io.BytesIO()
    for _ in range(count):
        writer.add_blank_page(100, 100)
    writer.write(file)
    return file.getvalue()


@pytest.fixture
def context(chromium: Browser, desk: Any) -> Iterator[BrowserContext]:
    opened = chromium.new_context(viewport={"width": 1200, "height": 900})
    desk.sign_in(opened)
    yield opened
    opened.close()


# Some forty pages in one browser: more than other tests take beside other work.
@pytest.mark.timeout(600)
def test_every_page_is_accessible_fits_and_keeps_to_the_policy(
    chromium: Browser, desk: Any, paths: dict[str, str]
) -> None:
    # Without transitions: a colour on its way from one theme to the other is neither's.
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    faults = watch(page, desk.origin)
    before = ("/requester/sign-in", "/requester/sign-up")
    found = {path: wrong(page, desk.origin + path, looks(at)) for at, path in enumerate(before)}
    desk.sign_in(context)
    for number, (name, path) in enumerate(paths.items()):
        found[name] = wrong(page, desk.origin + path, looks(number)) + faults
        faults.clear()
    context.close()
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_answers_are_reviewed_by_keyboard_alone(context: BrowserContext, desk: Any) -> None:
    batch = desk.running("By keyboard", answers=4)
    page = context.new_page()
    faults = watch(page, desk.origin)
    page.goto(f"{desk.origin}/requester/batches/{batch.batch_id}/review")
    ids = page.locator("article.answer").evaluate_all("all => all.map(one => one.id)")
    focused = page.locator("article.answer:focus")
    expect(focused).to_have_id(ids[0])

    page.keyboard.press("ArrowDown")
    expect(focused).to_have_id(ids[1])
    page.keyboard.press("ArrowUp")
    with page.expect_navigation():  # as a Persian keyboard has it in the place of A
        focused.dispatch_event("keydown", {"key": "ش", "code": "KeyA"})
    expect(focused).to_have_id(ids[1])
    expect(page.locator("article.answer")).to_have_count(3)

    page.keyboard.press("r")
    reason = page.get_by_label("Reason").first
    expect(reason).to_be_focused()
    page.keyboard.type("a reason with every key")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(focused).to_have_id(ids[2])

    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Row").first).to_be_checked()
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    expect(focused).to_have_id(ids[2])
    desk.settle()
    decided = {one.submission_id: one for one in desk.application.review.page(batch.batch_id)}
    assert [decided[key].status for key in ids] == ["accepted", "rejected"] + ["submitted"] * 2
    assert decided[ids[1]].reason == "a reason with every key"
    assert faults == []


def test_what_is_to_be_mended_is_accessible_and_has_the_focus(
    context: BrowserContext, desk: Any, paths: dict[str, str], tmp_path: Path
) -> None:
    page = context.new_page()
    table = tmp_path / "faulty.csv"
    table.write_text("text\na,b\n", encoding="utf-8")
    page.goto(desk.origin + paths["new batch"])
    page.get_by_label("Table or file").set_input_files(table)
    page.get_by_label("Reward").fill("0.001")
    page.get_by_role("button", name="Next: see the rows").click()
    expect(page.get_by_role("alert")).to_have_count(2)
    expect(page.get_by_text("2 cells where the header has 1")).to_be_visible()
    assert violations(page) == []

    page.goto(desk.origin + paths["review"])
    page.keyboard.press("r")
    page.get_by_label("Reason").first.fill("   ")
    page.get_by_role("button", name="Reject this answer").click()
    expect(page.get_by_label("Reason").first).to_be_focused()
    assert violations(page) == []

    page.goto(desk.origin + paths["review file"])
    page.locator("input[type=file]").set_input_files(table)
    page.locator("main form button").first.click()
    expect(page.get_by_text("Nothing was decided")).to_be_visible()
    assert violations(page) == []


def test_keys_do_nothing_while_no_answer_has_the_focus(context: BrowserContext, desk: Any) -> None:
    batch = desk.running("Quiet keys", answers=1)
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/batches/{batch.batch_id}/review")
    expect(page.locator("article.answer:focus")).to_have_count(1)
    page.get_by_role("button", name="Accept what is ticked").focus()
    page.keyboard.press("a")
    page.keyboard.press("r")
    expect(page.locator("details.reject[open]")).to_have_count(0)
    assert desk.application.review.page(batch.batch_id)[0].status == "submitted"


def test_the_preview_runs_in_its_frame_and_grows_with_its_page(
    context: BrowserContext, desk: Any
) -> None:
    batch = desk.draft("Preview")
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/batches/{batch.batch_id}?row=6")
    frame = page.frame_locator("iframe.frame")
    expect(frame.get_by_text("A long one.")).to_be_visible()
    expect(frame.get_by_role("button", name="Submit")).to_be_disabled()
    expect(page.locator("iframe.frame[height]")).to_have_count(1)
    page.get_by_role("button", name="Previous row").click()
    expect(frame.get_by_text("alert(1)")).to_have_count(0)
    expect(frame.get_by_text("Bold")).to_be_visible()


def test_the_editor_saves_by_itself_jumps_to_a_fault_and_lets_two_tabs_lose_nothing(
    context: BrowserContext, desk: Any
) -> None:
    draft = desk.draft_project("Two tabs", "<p>${text}</p>\n\n<input name='a'>")
    address = f"{desk.origin}/requester/drafts/{draft.draft_id}"
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(address)
    template = first.get_by_label("Template (HTML)")
    template.press("Control+Home")
    first.keyboard.type("<h2>Read this</h2>")
    frame = first.frame_locator("iframe.frame")
    expect(frame.get_by_role("heading", name="Read this")).to_be_visible()
    expect(frame.get_by_text(desk.sample_row)).to_be_visible()
    first.get_by_role("link", name="Line 3").click()
    chosen = "(field) => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert template.evaluate(chosen) == "<input name='a'>"

    second.get_by_label("Title").fill("From the second tab")
    expect(second.get_by_text("In another tab this draft was changed")).to_be_visible()
    assert desk.application.edit_drafts.get(draft.requester_id, draft.draft_id).version == 2
    second.get_by_role("button", name="Save mine instead").click()
    expect(second.get_by_text("Saved.")).to_be_visible()
    kept = desk.application.edit_drafts.get(draft.requester_id, draft.draft_id)
    assert (kept.text.title, kept.version) == ("From the second tab", 3)


def test_the_page_of_a_batch_shows_by_itself_that_it_is_funded(
    context: BrowserContext, desk: Any
) -> None:
    batch = desk.application.batches.publish(desk.draft("Soon funded"))
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/batches/{batch.batch_id}")
    expect(page.get_by_text("Reserving funds").first).to_be_visible()
    desk.fund(batch)
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=30_000)


def test_a_connection_that_drops_while_a_file_is_sent_costs_one_part(
    context: BrowserContext, desk: Any, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/batches/{desk.draft('To fill').batch_id}/table")
    table = tmp_path / "rows.csv"
    table.write_text("text\n" + f"{'A long page. ' * 1_000}\n" * 100, encoding="utf-8")
    page.get_by_label("Table or file").set_input_files(table)
    parts: list[str] = []

    def drop_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            parts.append(route.request.url.partition("=")[2])
        route.abort() if len(parts) == 2 else route.continue_()

    page.route("**/api/tasks/v1/uploads/*", drop_the_second)
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_text("Row 1 of 100")).to_be_visible(timeout=30_000)
    assert parts == ["0", "1000000", "1000000"]


def test_a_page_that_is_loaded_anew_in_the_middle_of_a_file_says_so_and_goes_on(
    context: BrowserContext, desk: Any, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/batches/{desk.draft('To go on').batch_id}/table")
    table = tmp_path / "long.csv"
    table.write_text("text\n" + f"{'A long page. ' * 1_000}\n" * 100, encoding="utf-8")
    page.get_by_label("Table or file").set_input_files(table)
    parts: list[str] = []

    def drop_all_but_the_first(route: Route) -> None:
        if route.request.method == "PATCH":
            parts.append(route.request.url.partition("=")[2])
        route.abort() if len(parts) > 1 else route.continue_()

    page.route("**/api/tasks/v1/uploads/*", drop_all_but_the_first)
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_text("The connection was lost.")).to_be_visible()
    page.unroute("**/api/tasks/v1/uploads/*")
    page.reload()
    expect(page.get_by_text("it goes on where it stopped: long.csv, 77%")).to_be_visible()
    page.get_by_label("Table or file").set_input_files(table)
    with page.expect_request(lambda sent: sent.method == "PATCH") as sent:
        page.get_by_role("button", name="Read the file").click()
    assert sent.value.url.endswith("offset=1000000")
    expect(page.get_by_text("Row 1 of 100")).to_be_visible(timeout=30_000)


def test_answers_are_decided_without_script(chromium: Browser, desk: Any) -> None:
    batch = desk.running("Without script", answers=3)
    context = chromium.new_context(java_script_enabled=False)
    desk.sign_in(context)
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/batches/{batch.batch_id}/review")
    first = page.locator("article.answer").first
    first.get_by_text("Reject", exact=True).click()
    first.get_by_label("Reason").fill("Wrong label.")
    first.get_by_role("button", name="Reject this answer").click()
    page.get_by_role("checkbox", name="Row").first.check()
    page.get_by_role("button", name="Accept what is ticked").click()
    expect(page.get_by_text("1 answer accepted.")).to_be_visible()
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("Nothing waits for review")).to_be_visible()
    desk.settle()
    statuses = [one.status for one in desk.application.review.page(batch.batch_id)]
    assert statuses == ["rejected", "accepted", "accepted"]
    context.close()


def test_an_api_key_is_shown_once_and_revoked_after_a_question(
    context: BrowserContext, desk: Any
) -> None:
    page = context.new_page()
    page.goto(f"{desk.origin}/requester/developers")
    page.get_by_label("Name").fill("from a script")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_label("API key", exact=True)).to_have_value(re.compile("^ck_"))
    page.reload()
    expect(page.get_by_label("API key", exact=True)).to_have_count(0)
    row = page.get_by_role("row", name="from a script")
    row.locator("summary").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_role("row", name="from a script")).to_have_count(0)
