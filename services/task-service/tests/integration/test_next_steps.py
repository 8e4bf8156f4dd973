"""Steps in a chain: what the answers to one say is what the next one works on."""

from typing import Any

PROOFREAD = '<p>${text}</p><textarea name="better"></textarea>'
VOTE = '<p>${answer.answer.1}</p><p>${answer.answer.2}</p><input name="choice" required>'


def rows_of(requester: Any, batch: Any) -> list[dict[str, str]]:
    listed = requester.get(f"/batches/{batch['batch_id']}/tasks").json["items"]
    return [task["input"] for task in listed]


def test_answers_are_proofread_and_voted_on_in_steps_of_their_own(
    requester: Any, open_batch: Any, hand_out: Any
) -> None:
    table = b"sentence,gold:answer\nIt rained.,The rain.\nThe sun shone.,\n"
    first = open_batch(requester, redundancy=2, table=table)
    for number, said in enumerate(("Teh rain.", "The rain."), start=1):
        hand_out(requester, first, assignment=number).submit([["answer", said]])
    path = f"/batches/{first['batch_id']}/next-step"
    proofread = requester.project(template_html=PROOFREAD)
    made = requester.post(path, {"project_id": proofread["project_id"]}).json
    assert (made["missing"], made["contested"]) == (1, 1)
    rows = rows_of(requester, made["batch"])
    assert rows[0]["text"] == "Teh rain."
    assert rows[0]["sentence"] == "It rained."
    assert "gold:answer" not in rows[0], "what was known of this form is not of the next one"
    assert rows[1]["text"] == ""
    vote = requester.project(template_html=VOTE)
    made = requester.post(path, {"project_id": vote["project_id"]}).json
    row = rows_of(requester, made["batch"])[0]
    assert [row[f"answer.answer.{number}"] for number in (1, 2)] == ["Teh rain.", "The rain."]


def test_the_last_step_of_a_split_file_merges_into_the_whole(
    requester: Any, make: Any, application: Any, deliver: Any, hand_out: Any
) -> None:
    def answered(batch: Any, column: str, field: str, change: Any, first: int) -> None:
        requester.post(f"/batches/{batch['batch_id']}/publish")
        deliver(make.funded(batch, requester))
        while application.release_tasks():
            pass
        for number in range(batch["task_count"]):
            holder = hand_out(requester, batch, task=number, assignment=first + number)
            piece = holder.load().json["input"][column]
            assert holder.submit([[field, change(piece)]]).status_code == 201

    draft = requester.batch(redundancy=1)
    sent = {"Content-Type": "application/octet-stream"}
    source = f"/batches/{draft['batch_id']}/source?by=paragraph&name=book.txt"
    batch = requester.post(source, data=b"one.\n\ntwo.\n", headers=sent).json
    answered(batch, "sentence", "answer", str.upper, 1)
    proofread = requester.project(template_html=PROOFREAD)
    path = f"/batches/{batch['batch_id']}/next-step"
    chained = requester.post(path, {"project_id": proofread["project_id"]}).json["batch"]
    answered(chained, "text", "better", lambda text: text.replace(".", "!"), 11)
    whole = requester.get(f"/batches/{chained['batch_id']}/results?format=merged")
    assert whole.data == b"ONE!\n\nTWO!\n"


def test_a_template_that_needs_more_says_so_on_the_page(
    browser: Any, requester: Any, open_batch: Any, hand_out: Any, words: Any
) -> None:
    batch = open_batch(requester)
    page = f"/requester/batches/{batch['batch_id']}/next-step"
    assert "No answers yet" in words(browser.read(page))
    hand_out(requester, batch).submit()
    wants = requester.project(template_html="<p>${a}${b}</p><input name=x>")
    refused = browser.sent(page, 422, project=wants["project_id"])
    assert "needs columns that are not here: a, b" in words(refused)
    proofread = requester.project(template_html=PROOFREAD)
    shown = words(browser.follow(page, project=proofread["project_id"]))
    assert "1 rows have no answer, in 0 the answers are divided." in shown
