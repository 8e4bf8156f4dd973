"""Decisions by a file in the browser: what it would do is shown, and done when that is said."""

import re
from typing import Any

import pytest


@pytest.fixture
def batch(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    batch = open_batch(requester, redundancy=2)
    for number in (1, 2):
        hand_out(requester, batch, assignment=number).submit()
    return batch


def marked(requester: Any, batch: Any) -> bytes:
    path = f"/batches/{batch['batch_id']}/results?format=mturk"
    head, first, second = requester.get(path).data.decode().splitlines()
    return "\n".join([head, first[:-5] + '"x",""', second[:-5] + '"","Blank"']).encode()


def test_a_file_is_looked_at_and_then_decides(
    browser: Any, other_browser: Any, requester: Any, batch: Any, words: Any
) -> None:
    address = f"/requester/batches/{batch['batch_id']}/review"
    assert f'href="{address}/file"' in browser.read(address)
    assert "See what it does" in browser.read(f"{address}/file")
    content = marked(requester, batch)
    page = browser.sent(f"{address}/file", 200, file=content, reopen="on")
    assert "Accepted and paid 1" in words(page)
    assert "Rejected, each with your reason 1" in words(page)
    assert "2 answers wait" in browser.read(address)
    [action] = re.findall(r'action="([^"]+/file/[^"]+)"', page)
    [shown] = re.findall(r'name="shown" value="([^"]+)"', page)
    assert other_browser.send(action, shown=shown).status_code == 404
    assert "2 answers were decided." in browser.follow(action, shown=shown, reopen="1")
    assert "decided meanwhile" in browser.sent(action, 409, shown=shown, reopen="1")


def test_a_faulty_file_is_shown_with_line_and_reason(
    browser: Any, requester: Any, batch: Any, words: Any
) -> None:
    address = f"/requester/batches/{batch['batch_id']}/review/file"
    content = marked(requester, batch).replace(b'"x",""', b'"x","no"')
    page = words(browser.sent(address, 422, file=content))
    assert "2 Approve Both Approve and Reject are filled: leave one empty" in page
    assert "Choose the file with your decisions." in browser.sent(address, 422)
