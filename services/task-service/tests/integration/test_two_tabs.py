"""Two tabs, a double click, and the way back: one batch, nothing lost, and the page says so."""

import re
from typing import Any

import pytest

FIRST = b"sentence\nIt rained.\n"
SECOND = b"sentence\nThe sun shone.\nIt snowed.\n"


@pytest.fixture
def draft(requester: Any) -> Any:
    return requester.batch_with_tasks()


@pytest.fixture
def address(draft: Any) -> str:
    return f"/requester/batches/{draft['batch_id']}"


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w*)"', page)
    assert found
    return found[1]


def rows(requester: Any, draft: Any) -> list[str]:
    items = requester.get(f"/batches/{draft['batch_id']}/tasks").json["items"]
    return [item["input"]["sentence"] for item in items]


def test_the_second_tabs_table_does_not_silently_replace_the_firsts(
    browser: Any, requester: Any, draft: Any, address: str
) -> None:
    first_tab = seen(browser.read(f"{address}/table"))
    second_tab = seen(browser.read(f"{address}/table"))
    browser.send(f"{address}/table", table=FIRST, seen=first_tab)
    page = browser.sent(f"{address}/table", 409, table=SECOND, seen=second_tab)
    assert "In another tab the draft was given another table" in page
    assert rows(requester, draft) == ["It rained."]
    browser.send(f"{address}/table", table=SECOND, seen=seen(page))
    assert rows(requester, draft) == ["The sun shone.", "It snowed."]


def test_a_double_click_on_publish_is_one_wish_for_funds(
    browser: Any, address: str, outbox: Any
) -> None:
    for _ in range(2):
        browser.send(f"{address}/publish", key="one click, twice")
    browser.send(f"{address}/publish", key="another tab")
    asked = [name for name, _ in outbox() if name == "task.batch.funding_requested.v1"]
    assert len(asked) == 1


def test_back_after_publish_changes_nothing_and_says_why(
    browser: Any, requester: Any, draft: Any, address: str
) -> None:
    old_tab = seen(browser.read(f"{address}/table"))
    browser.send(f"{address}/publish")
    page = browser.follow(f"{address}/table", table=SECOND, seen=old_tab)
    assert "The batch is published: its table stays." in page
    assert rows(requester, draft) == ["It rained.", "The sun shone."]
