"""The market's side of a case: published through the public API, worked on in Chromium."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from crowdloom.client import Requester

from crowdloom_local.acceptance.cases import Case
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.staff import PASSWORD

Pairs = list[tuple[str, str]]

REWARD = {"amount_minor": 1, "currency": "USD"}
FUNDS = {"amount_minor": 500_000, "currency": "USD"}
_TITLE_CHARACTERS_MAX = 120
_LEASE_SECONDS = 1_800
_AUTO_ACCEPT_SECONDS = 86_400
_STEP_SECONDS_MAX = 60


class DidNotHappen(RuntimeError):
    """A step of the market did not come about in time; says which."""


@dataclass(frozen=True)
class Returned:
    """One line of the results, as the requester downloads it."""

    pseudonym: str
    row: int
    input: dict[str, str]
    answer: Pairs


def funded_requester(origin: str) -> Requester:
    """Sign up and pay in enough for every case."""
    requester = Requester.sign_up(
        origin, email="acceptance@example.org", password=PASSWORD, name="Acceptance"
    )
    pay_checkout(requester.top_up(FUNDS)["checkout_url"])
    _await("the top-up to be booked", lambda: requester.wallet()["free"] == FUNDS)
    return requester


def publish(requester: Requester, case: Case, *, redundancy: int) -> str:
    """Publish template and table as they are; returns the batch's id once it is open.

    The hosts that the template names are allowed, which is what a project begins with.
    """
    project = requester.create_project(
        title=case.name[:_TITLE_CHARACTERS_MAX],
        description="A recorded project of Mechanical Turk.",
        template_html=case.template,
    )
    batch = requester.create_batch(
        project["project_id"],
        redundancy=redundancy,
        reward=REWARD,
        lease_seconds=_LEASE_SECONDS,
        auto_accept_seconds=_AUTO_ACCEPT_SECONDS,
    )
    batch_id: str = batch["batch_id"]
    requester.add_csv(batch_id, case.table)
    requester.publish(batch_id)
    _await("the batch to open", lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def results(requester: Requester, batch_id: str) -> Iterator[Returned]:
    """What the requester downloads, in the format that keeps every byte."""
    for line in requester.results(batch_id, kind="jsonl").decode().splitlines():
        document = json.loads(line)
        yield Returned(
            pseudonym=document["pseudonym"],
            row=document["row"] - 1,
            input=document["input"],
            answer=[(name, value) for name, value in document["answer"]],
        )


def close(requester: Requester, batch_id: str) -> None:
    """Take the rest back, so that the next case's worker sees one offer."""
    if requester.batch(batch_id)["status"] != "open":
        return
    requester.api.post(f"/api/tasks/v1/batches/{batch_id}/cancel")


def _await(what: str, reached: Callable[[], Any]) -> None:
    deadline = time.monotonic() + _STEP_SECONDS_MAX
    while not reached():
        if time.monotonic() > deadline:
            raise DidNotHappen(f"waited {_STEP_SECONDS_MAX} s in vain for {what}")
        time.sleep(0.1)
