"""The page of figures: the counts in words beside their bars; nobody else's."""

from typing import Any


def test_figures_count_every_answer_and_belong_to_their_owner(
    browser: Any, other_browser: Any, requester: Any, open_batch: Any, hand_out: Any, words: Any
) -> None:
    batch = open_batch(requester, redundancy=2)
    page = f"/requester/batches/{batch['batch_id']}/figures"
    assert "No answers yet" in words(browser.read(page))
    for number, said in enumerate(("yes", "yes", "<b>no"), start=1):
        hand_out(requester, batch, task=number // 3, assignment=number).submit([["answer", said]])
    shown = browser.read(page)
    assert "Of all 3 answers." in words(shown)
    assert "Answers to answer" in words(shown)
    assert "yes 2 66.7%" in words(shown)
    assert "&lt;b&gt;no" in shown
    assert "All agree 1 100" in words(shown)
    other_browser.read(page, status=404)
