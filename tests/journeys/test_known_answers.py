"""Items whose answer is known, through the services: what moves by them, and that no worker's view
tells of them; then what their requester does about a worker: a letter, which is reported, an
exclusion.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from crowdloom.client import Requester, Worker
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD, add_staff

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

EMAIL = "known@example.org"
TASKS = "/api/tasks/v1"
TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
FUNDS = {"amount_minor": 500, "currency": "USD"}
FIVE_CENTS = {"amount_minor": 5, "currency": "USD"}
KNOWN = 10
# Right as well, and answered by nobody: whoever sees it was shown what is known.
SECRET = "zaffre"
ROWS = "".join(f"item {number},azure|{SECRET}\n" for number in range(KNOWN))
TABLE = f"text,gold:label\n{ROWS}".encode()
TELLS = (SECRET, "gold:", "known_right", "answer_key")
HTML = {"Accept": "text/html"}


@pytest.fixture
def requester(market: Market) -> Requester:
    made = Requester.sign_up(market.url, email=EMAIL, password=PASSWORD, name="Known")
    pay_checkout(made.top_up(FUNDS)["checkout_url"])
    until(lambda: made.wallet()["free"] == FUNDS)
    return made


def publish(requester: Requester, project_id: str, table: bytes, **terms: Any) -> str:
    batch = requester.create_batch(project_id, reward=FIVE_CENTS, redundancy=2, **terms)
    batch_id = str(batch["batch_id"])
    requester.add_csv(batch_id, table)
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def in_queue(worker: Worker, batch_id: str) -> Any:
    """The batch with the reasons why it is not for this worker, once it is open to claims."""
    return until(lambda: next((b for b in worker.queue() if b["batch_id"] == batch_id), None))


def page(worker: Worker, path: str) -> str:
    return str(worker.api.call("GET", path, headers=HTML).text)


def seen_before(worker: Worker, batch_id: str, assignment: Any) -> Iterator[str]:
    """All that a worker can look at before an answer is given."""
    task = worker.load(assignment)
    yield from (str(task), worker.page(assignment, task))
    yield page(worker, f"/match/batches/{batch_id}/preview?item=1")
    yield page(worker, f"/work/assignments/{assignment['assignment_id']}")
    with worker.api.call("GET", "/work/queue/live", stream=True) as stream:
        yield next(line for line in stream.iter_lines(chunk_size=1) if line).decode()


def seen_after(worker: Worker, assignment: Any) -> Iterator[str]:
    own = f"{TASKS}/assignments/{assignment['assignment_id']}/submission"
    ticket = {"Authorization": f"Bearer {assignment['ticket']}"}
    yield worker.api.call("GET", own, headers=ticket).text
    yield str(list(worker.work()))
    for path in ("/work/my-work", "/work/my-work.csv", "/work/queue", "/work/talk"):
        yield page(worker, path)
    yield page(worker, f"/work/assignments/{assignment['assignment_id']}")


def test_answers_to_known_items_tell_their_requester_and_the_market_how_good_a_worker_is(
    market: Market, requester: Requester
) -> None:
    project_id = requester.create_project(
        title="Blues", description="Name a blue.", template_html=TEMPLATE
    )["project_id"]
    batch_id = publish(requester, project_id, TABLE)
    right, wrong = Worker.sign_up(market.url), Worker.sign_up(market.url)
    in_queue(right, batch_id)
    seen: list[str] = []
    for number in range(KNOWN):
        assignment = until(lambda: right.claim(batch_id))
        if not number:
            seen += seen_before(right, batch_id, assignment)
        seen.append(str(right.submit(assignment, [("label", "azure")])))
    missed = until(lambda: wrong.claim(batch_id))
    wrong.submit(missed, [("label", "red")])
    seen += [*seen_after(right, assignment), *seen_after(wrong, missed)]
    assert [sign for sign in TELLS for text in seen if sign in text] == []

    found = {one["known_right"]: one for one in requester.api.get(f"{TASKS}/workers")["items"]}
    assert {count: one["known"] for count, one in found.items()} == {KNOWN: KNOWN, 0: 1}
    skilled = {"all_of": [{"qualification": "skill", "comparator": "at_least", "score": 90}]}
    rows = b"text\none\ntwo\n"
    gated = publish(requester, project_id, rows, requirements=skilled)
    in_queue(wrong, gated)
    assert wrong.claim(gated) is None
    until(lambda: right.claim(gated))
    assert "skill_missing" in str(in_queue(wrong, gated))

    _reach_is_told_through_the_one_origin(market, batch_id)
    bad = found[0]["pseudonym"]
    letter = {"pseudonym": bad, "text": "Red is no blue."}
    requester.api.post(f"{TASKS}/workers/messages", letter)
    until(lambda: letter["text"] in page(wrong, "/work/talk"))
    assert letter["text"] not in page(right, "/work/talk")
    _a_reported_letter_reaches_an_operator(market, wrong, letter["text"])
    requester.api.post(f"{TASKS}/workers/standings", {"pseudonym": bad, "standing": "excluded"})
    until(lambda: "excluded" in str(in_queue(wrong, batch_id)))
    assert wrong.claim(batch_id) is None
    requester.api.post(f"{TASKS}/workers/standings", {"pseudonym": bad, "standing": None})
    until(lambda: wrong.claim(batch_id))
    # Counted by a job, meanwhile: nobody is told of a single item.
    until(lambda: "Right in 10 of 10 items" in page(right, "/work/standing"))
    assert "whose answer" not in page(wrong, "/work/standing")


def _a_reported_letter_reaches_an_operator(market: Market, worker: Worker, text: str) -> None:
    operator = add_staff(market, "letters@example.org", ["operator"])
    letter = re.search(r'action="(/work/talk/\w+/report)"', page(worker, "/work/talk"))
    assert letter
    worker.api.call("POST", letter[1], data={"reason": "It is rude."}, headers=HTML)
    until(lambda: "It is rude." in operator.api.call("GET", "/operator/talk", headers=HTML).text)
    assert text in operator.api.call("GET", "/operator/talk", headers=HTML).text


def _reach_is_told_through_the_one_origin(market: Market, batch_id: str) -> None:
    """By a browser's session: its cookies have the paths that need them, and no others."""
    with requests.Session() as browser:
        browser.post(
            f"{market.url}/requester/sign-in", {"email": EMAIL, "password": PASSWORD}, timeout=20
        ).raise_for_status()
        told = browser.get(f"{market.url}/match/reach", headers=HTML, timeout=20)
        assert (told.status_code, "workers" in told.text) == (200, True)
        marked = browser.get(f"{market.url}/requester/batches/{batch_id}/known", timeout=20)
        assert SECRET in marked.text
