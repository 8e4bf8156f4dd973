"""A newcomer's whole way: from the landing to the merged download, with script and without."""

from pathlib import Path
from typing import Any

import pytest
from crowdloom.testkit.looks import watch
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser


def make_account(page: Page, origin: str, email: str) -> None:
    """From the landing to the projects of a new requester."""
    page.goto(f"{origin}/")
    page.get_by_role("button", name="Post a project").click()
    page.get_by_label("Name").fill("Oak Labs")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill("seven quiet looms")
    page.get_by_role("button", name="Make the account").click()


def publish_mended(page: Page, table: Path) -> str:
    """A template of the gallery, a table with a row to mend and one to leave out; the address."""
    page.get_by_role("link", name="See them all with sample rows").click()
    page.get_by_role("link", name="Classification").click()
    page.get_by_role("button", name="Use this template").click()
    page.get_by_role("button", name="Make the project").click()
    table.write_text("text\nGood\nno, comma\nBad,x,y\n", encoding="utf-8")
    page.get_by_label("Table or file").set_input_files(table)
    page.get_by_label("Reward").fill("0.05")
    page.get_by_role("button", name="Next: see the rows").click()
    expect(page.get_by_text("2 cells where the header has 1")).to_be_visible()
    page.get_by_role("button", name="Make a draft and mend the rows here").click()
    page.get_by_label("Line 3, cell 1").fill("No comma")
    page.get_by_label("Line 3, cell 2").fill("")
    page.get_by_label("Leave out line 4").check()
    page.get_by_role("button", name="Save and check again").first.click()
    page.get_by_role("button", name="Make 2 tasks").click()
    page.get_by_role("link", name="Phone").click()
    page.get_by_role("button", name="Next row").click()
    expect(page.get_by_text("Row 2 of 2")).to_be_visible()
    page.get_by_role("button", name="Publish for $0.36").click()
    expect(page.get_by_text("The batch opens as soon as")).to_be_visible()
    return page.url.partition("?")[0]


@pytest.mark.parametrize("script", [True, False])
def test_a_newcomer_gets_from_the_landing_to_a_merged_download(
    chromium: Browser, desk: Any, tmp_path: Path, script: bool
) -> None:
    context = chromium.new_context(java_script_enabled=script)
    page = context.new_page()
    faults = watch(page, desk.origin)
    make_account(page, desk.origin, f"oak-{script}@example.org")
    address = publish_mended(page, tmp_path / "remarks.csv")
    batch = desk.application.reader.batches.get(address.rpartition("/")[2])
    desk.fund(batch)
    for number in (0, 3):
        desk.answer(batch, number)
    page.goto(f"{address}/review")
    if script:
        for _ in range(2):
            expect(page.locator("article.answer:focus")).to_have_count(1)
            with page.expect_navigation():
                page.keyboard.press("a")
    else:
        page.get_by_role("button", name="Accept all 2 shown").click()
    expect(page.get_by_text("Nothing waits for review")).to_be_visible()
    desk.settle()
    page.goto(f"{address}/results")
    with page.expect_download() as download:
        page.get_by_role("link", name="The whole, merged").click()
    merged = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in merged] == [
        ["text", "label"],
        ["Good", "positive"],
        ["No comma", "positive"],
    ]
    context.close()
    # The form that was sent back to be mended is a 422, which the browser logs.
    assert [fault for fault in faults if "422" not in fault] == []
