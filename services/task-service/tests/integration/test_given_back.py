from dataclasses import replace
from typing import Any


def test_a_requester_reads_why_items_were_given_back_but_not_by_whom(
    requester: Any,
    browser: Any,
    other_browser: Any,
    make: Any,
    open_batch: Any,
    hand_out: Any,
    deliver: Any,
    words: Any,
) -> None:
    batch = open_batch(requester)
    address = f"/requester/batches/{batch['batch_id']}/given-back"
    assert "Nothing was given back" in browser.read(address)
    for number, reason, note in [
        (1, "broken", "<b>No picture</b>"),
        (2, "broken", None),
        (3, None, None),
    ]:
        holder = hand_out(requester, batch, assignment=number)
        deliver(replace(make.revoked(holder.ticket), reason=reason, note=note))
    submitted = hand_out(requester, batch, task=1, assignment=4)
    submitted.submit([["answer", "yes"]])
    deliver(replace(make.revoked(submitted.ticket), reason="unclear"))
    page = browser.read(address)
    assert "The task is broken" in page
    assert "2 times" in page
    assert "No reason said" in page
    assert "&lt;b&gt;No picture&lt;/b&gt;" in page
    assert "They do not understand" not in page
    other_browser.read(address, 404)
    live = words(browser.read(address.removesuffix("/given-back")))
    assert "problems reported by workers 2" in live, "no reason is no problem"
