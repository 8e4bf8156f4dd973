"""What a requester sees while a batch runs, and before it is published."""

from typing import Any

from crowdloom.testkit.ports import FrozenClock


def test_a_running_batch_tells_its_throughput_its_end_and_how_far_answers_agree(
    browser: Any,
    requester: Any,
    open_batch: Any,
    hand_out: Any,
    words: Any,
    clock: FrozenClock,
) -> None:
    batch = open_batch(requester, redundancy=3)
    for number, said in enumerate(("yes", "yes", "no")):
        hand_out(requester, batch, task=0, assignment=number).submit([["answer", said]])
    page = words(browser.read(f"/requester/batches/{batch['batch_id']}"))
    assert "answers in the last hour; at this pace done in 1 hr 3" in page
    assert "agreement, over 1 field with several answers 67%" in page
    clock.advance(seconds=2 * 3_600)
    assert "in the last hour" not in words(browser.read(f"/requester/batches/{batch['batch_id']}"))


def test_a_copy_is_a_draft_with_the_same_rows_and_terms(
    browser: Any, requester: Any, open_batch: Any, hand_out: Any
) -> None:
    batch = open_batch(requester, redundancy=3)
    hand_out(requester, batch).submit()
    answer = browser.send(f"/requester/batches/{batch['batch_id']}/clone", key="once")
    again = browser.send(f"/requester/batches/{batch['batch_id']}/clone", key="once")
    assert answer.location == again.location
    copy = requester.get(f"/batches/{answer.location.rpartition('/')[2]}").json
    assert (copy["status"], copy["redundancy"], copy["cost"]) == ("draft", 3, batch["cost"])
    rows = [requester.get(f"/batches/{one}/tasks").json["items"] for one in _ids(batch, copy)]
    assert [row["input"] for row in rows[0]] == [row["input"] for row in rows[1]]
    assert copy["counts"]["submitted"] == 0


def _ids(*batches: Any) -> list[str]:
    return [one["batch_id"] for one in batches]


def test_pay_per_hour_is_compared_with_the_minimum_wage_of_a_country(
    browser: Any, requester: Any, words: Any
) -> None:
    address = f"/requester/batches/{requester.batch_with_tasks()['batch_id']}"
    low = words(browser.read(f"{address}?seconds=60&country=US"))
    assert "below 41% of the minimum wage there, $7.25 an hour" in low
    assert "29 U.S.C. 206" in low
    assert "fair 124% of" in words(browser.read(f"{address}?seconds=20&country=US"))
    assert "in another currency" in words(browser.read(f"{address}?seconds=20&country=DE"))
    assert "$7.25" in words(browser.read(f"{address}?seconds=20&country=Atlantis"))


def test_a_checklist_says_what_to_think_about_before_publishing(
    browser: Any, requester: Any, words: Any
) -> None:
    table = b"sentence,gold:anwser\nIt rained.,yes\nThe sun shone.,\n"
    terms = {"redundancy": 1, "lease_seconds": 60, "auto_accept_seconds": 0}
    batch = requester.batch_with_tasks(table, **terms)
    page = words(browser.read(f"/requester/batches/{batch['batch_id']}?seconds=60"))
    for sentence in (
        "good 2 rows, each read whole.",
        "think One answer for each row",
        "think It pays less than the minimum wage you chose.",
        "think The time for each task is short",
        "think Answers are accepted at once",
        "think The form asks no field “anwser”: every answer would count as wrong.",
    ):
        assert sentence in page
    fine = requester.batch_with_tasks(redundancy=3)
    page = words(browser.read(f"/requester/batches/{fine['batch_id']}?seconds=20"))
    assert "think" not in page
