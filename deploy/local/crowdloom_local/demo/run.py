"""The demo: a requester with three projects on real data, a crowd at human pace, and a payout run
that waits for its checker beside a failed payout that waits for a person.
"""

import csv
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyotp
import requests
from crowdloom.client import Problem, Requester, Staff, Worker
from crowdloom.client.api import Json
from crowdloom.client.people import Answer

from crowdloom_local.crowd.checkout import complete_onboarding, pay_checkout, refuse_transfers
from crowdloom_local.crowd.pages import answer_of_page
from crowdloom_local.crowd.workers import Habits, SimulatedWorker
from crowdloom_local.market import Market
from crowdloom_local.processes import DidNotStart
from crowdloom_local.staff import PASSWORD, make_staff, open_books

DATA = Path(__file__).parent / "data"
REQUESTER_EMAIL = "requester@example.org"
STAFF = {
    "maker@example.org": ("finance.view", "finance.maker"),
    "checker@example.org": ("finance.view", "finance.checker"),
    "controller@example.org": ("finance.view", "finance.controller"),
    "auditor@example.org": ("auditor",),
    "operator@example.org": ("operator", "finance.view"),
}
CROWD_SIZE = 6
FIRST_EARNERS = 4
_FIRST_ROWS, _FIRST_REDUNDANCY = 8, 3
TOP_UP = {"amount_minor": 20_000, "currency": "USD"}
_HABITS = Habits(think_seconds=(4, 14), draft_share=0.5, return_share=0.03)
_AWAIT_SECONDS_MAX = 120
_REVIEW_PAUSE_SECONDS = 20
_NOTHING_TO_PAY = {"nothing_payable", "nothing_eligible"}


@dataclass(frozen=True)
class DemoProject:
    folder: str
    title: str
    description: str
    language: str
    reward_minor: int
    redundancy: int


PROJECTS = (
    DemoProject(
        "science_questions",
        "Answer a school science question",
        "Read one question and choose the right answer. Say so if you do not know.",
        "en",
        6,
        5,
    ),
    DemoProject(
        "car_comments",
        "What does this comment think of the car?",
        "Read one Spanish sentence about a car: is it positive, negative, or neither?",
        "es",
        4,
        3,
    ),
    DemoProject(
        "recipes",
        "Could you cook from this recipe?",
        "Read a short recipe and say whether one could follow it.",
        "en",
        8,
        3,
    ),
)


class DrawnAnswers:
    """Answers drawn from what real workers answered to the same item; never runs out."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._answers: dict[str, dict[str, list[str]]] = {
            project.folder: _recorded(project.folder) for project in PROJECTS
        }

    def take(self, inputs: Mapping[str, str]) -> Answer:
        recorded = self._answers[_folder_of(inputs)][inputs["item"]]
        return [("answer", self._random.choice(recorded))]

    def put_back(self, inputs: Mapping[str, str], answer: Answer) -> None:
        """Nothing to do: a drawn answer can be drawn again."""


class DemoWorker(SimulatedWorker):
    """Answers what a visitor publishes as well, by filling its page in."""

    def _answer_to(self, assignment: Json, task: Json) -> Answer | None:
        try:
            return super()._answer_to(assignment, task)
        except KeyError:  # no project of the demo's: nobody recorded an answer to it
            page = self.worker.page(assignment, task)
            return answer_of_page(page, task["input"], self._random)


class Demo:
    """Sets the scene once, then keeps the crowd and the requester at work until stopped.

    What it needs to go on after a restart (people's secrets) is kept in the market's data folder.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._state_file = market.data / "demo.json"
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.state: dict[str, Any] = {}

    def sign_ins(self) -> list[tuple[str, str, str]]:
        """(role, where, with what) for each role, to be printed."""
        url = self._market.url
        lines = [
            ("requester", f"{url}/requester/sign-in", f"{REQUESTER_EMAIL} / {PASSWORD}"),
            ("worker", f"{url}/work/start", "one button, no e-mail"),
            ("worker with history", f"{url}/work/sign-in", self.state["workers"][0]["code"]),
        ]
        for email, secret in self.state["totp"].items():
            where = "sign-in?next=/operator" if email.startswith("operator") else "sign-in"
            code = pyotp.TOTP(secret).now()
            lines.append(
                (
                    email.partition("@")[0],
                    f"{url}/finance/{where}",
                    f"{email} / {PASSWORD} / code {code} now, later from secret {secret}",
                )
            )
        return lines

    def set_scene(self) -> None:
        """Make people and projects, or find those of an earlier start again."""
        if self._state_file.exists():
            self.state = json.loads(self._state_file.read_text())
        if "workers" in self.state:  # which are kept last
            return
        # Kept at once: staff are known by these secrets when a first start is broken off.
        self.state.setdefault("totp", {email: pyotp.random_base32() for email in STAFF})
        self._keep_state()
        with ThreadPoolExecutor(1) as pool:
            # Meanwhile: each is a command that takes seconds to begin, and nobody needs them yet.
            hired = pool.submit(self._hire)
            requester = self._requester_with_funds()
            self.state["projects"] = {
                project.folder: _create_project(requester, project) for project in PROJECTS
            }
            self.state["workers"] = [self._new_worker() for _ in range(CROWD_SIZE)]
            crowd = self._first_batch(requester)
            hired.result()
        try:
            self._payouts(crowd)
        except Problem as problem:
            # A fee or a minimum that leaves nothing of a first batch's cents: no run, and the rest.
            if problem.code not in _NOTHING_TO_PAY:
                raise
        for project in PROJECTS[1:]:
            _publish(requester, self.state["projects"][project.folder], project)
        self._keep_state()

    def _keep_state(self) -> None:
        self._state_file.write_text(json.dumps(self.state))

    def _hire(self) -> None:
        for email, grants in STAFF.items():
            make_staff(self._market, email, grants, self.state["totp"][email])

    def _requester_with_funds(self) -> Requester:
        """Signed up, or signed in where a first start was broken off after that."""
        who = {"email": REQUESTER_EMAIL, "password": PASSWORD}
        try:
            requester = Requester.sign_up(self._market.url, name="Fir Research Group", **who)
        except Problem as problem:
            if problem.code != "email_taken":
                raise
            requester = Requester.sign_in(self._market.url, **who)
        before = requester.wallet()["free"]["amount_minor"]
        pay_checkout(requester.top_up(TOP_UP)["checkout_url"])
        _await(lambda: requester.wallet()["free"]["amount_minor"] > before)
        return requester

    def start(self) -> None:
        """Put the crowd and the reviewing requester to work in the background."""
        for seed, person in enumerate(self.state["workers"]):
            self._spawn(self._crowd_member, person, seed)
        self._spawn(self._requester_at_work)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=2)

    def _spawn(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _new_worker(self) -> dict[str, str]:
        worker = Worker.sign_up(self._market.url)
        return {"id": worker.worker_id, "code": worker.recovery_code}

    def _first_batch(self, requester: Requester) -> list[SimulatedWorker]:
        """A small batch done at once, so that there is something to see: results, pay, payouts.

        Not faster than people: pay per hour is measured, and the queue shows what was measured.
        """
        project = replace(PROJECTS[0], redundancy=_FIRST_REDUNDANCY)
        project_id = self.state["projects"][project.folder]
        batch_id = _publish(requester, project_id, project, rows_max=_FIRST_ROWS)
        brisk = Habits(think_seconds=(3, 6), draft_share=0.1, return_share=0.0)
        crowd = [self._simulated(person, seed, brisk) for seed, person in enumerate(self._people())]
        slots = requester.batch(batch_id)["counts"]["slots"]
        _await(lambda: _open_slots(crowd[0].worker, batch_id) == slots)
        deadline = time.monotonic() + _AWAIT_SECONDS_MAX

        def finished() -> bool:
            # Not before: whoever is new is given nothing until matching-service has heard of him.
            done = not _unfinished(requester.batch(batch_id))
            return done or time.monotonic() > deadline

        with ThreadPoolExecutor(len(crowd)) as pool:
            for worker in crowd:
                worker.batch_id = batch_id
            working = [
                pool.submit(worker.work, stop=self._stop, finished=finished) for worker in crowd
            ]
        for work in working:
            work.result()
        _accept_all(requester, batch_id)
        _await(lambda: requester.spend(batch_id)["settled_count"] >= slots)
        return crowd

    def _people(self) -> list[dict[str, str]]:
        people: list[dict[str, str]] = self.state["workers"]
        return people

    def _payouts(self, crowd: list[SimulatedWorker]) -> None:
        """A run with a payout that the processor refuses, then one that waits for its checker."""
        unlucky, lucky, *later = crowd[:FIRST_EARNERS]
        for worker, onboard in ((unlucky, refuse_transfers), (lucky, complete_onboarding)):
            onboard(worker.worker.open_payout_account()["onboarding_url"])
            _await(lambda worker=worker: worker.worker.payout_account()["status"] == "active")
            worker.worker.ask_for_payout()
        maker, checker = self._staff("maker@example.org"), self._staff("checker@example.org")
        open_books(maker, checker)
        run_id = maker.draft_payout_run()["payout_run_id"]
        checker.approve(run_id, maker.freeze(run_id)["content_hash"])
        _await(lambda: checker.payout_run(run_id)["status"].startswith("completed"))
        for worker in later:
            worker.ask_for_payout()
        maker.freeze(maker.draft_payout_run()["payout_run_id"])
        checker.reconcile()

    def _staff(self, email: str) -> Staff:
        secret = self.state["totp"][email]
        return Staff.sign_in(self._market.url, email=email, password=PASSWORD, totp_secret=secret)

    def _simulated(self, person: dict[str, str], seed: int, habits: Habits) -> SimulatedWorker:
        worker = Worker.sign_in(self._market.url, recovery_code=person["code"])
        return DemoWorker(worker, answers=DrawnAnswers(seed), habits=habits, seed=seed)

    def _crowd_member(self, person: dict[str, str], seed: int) -> None:
        while not self._stop.is_set():
            with suppress(Problem, requests.RequestException):
                worker = self._simulated(person, seed, _HABITS)
                worker.work(stop=self._stop, finished=lambda: False)
            self._stop.wait(5)

    def _requester_at_work(self) -> None:
        """Accept most answers after a while, and publish a finished project's items again."""
        while not self._stop.wait(_REVIEW_PAUSE_SECONDS):
            with suppress(Problem, requests.RequestException):
                requester = Requester.sign_in(
                    self._market.url, email=REQUESTER_EMAIL, password=PASSWORD
                )
                for project in PROJECTS:
                    self._look_after(requester, project)

    def _look_after(self, requester: Requester, project: DemoProject) -> None:
        project_id = self.state["projects"][project.folder]
        batches = list(requester.batches(project_id))
        open_ones = [batch for batch in batches if batch["status"] == "open"]
        for batch in open_ones:
            # A few answers stay, so that a visitor finds something to review.
            _accept_all(requester, batch["batch_id"], leave=5)
        if not any(_unfinished(requester.batch(batch["batch_id"])) for batch in open_ones):
            _publish(requester, project_id, project)


def _open_slots(worker: Worker, batch_id: str) -> int:
    """What may be claimed of a batch; 0 until matching-service has heard of it."""
    counts = [item["open_slots"] for item in worker.queue() if item["batch_id"] == batch_id]
    return counts[0] or 0 if counts else 0


def _unfinished(batch: Mapping[str, Any]) -> bool:
    counts = batch["counts"]
    answered: int = counts["submitted"] + counts["accepted"]
    slots: int = counts["slots"]
    return answered < slots


def _recorded(folder: str) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = defaultdict(list)
    with (DATA / folder / "answers.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            answers[row["item"]].append(row["answer"])
    return answers


def _folder_of(inputs: Mapping[str, str]) -> str:
    if "question" in inputs:
        return "science_questions"
    return "car_comments" if "sentence" in inputs else "recipes"


def _create_project(requester: Requester, project: DemoProject) -> str:
    created = requester.create_project(
        title=project.title,
        description=project.description,
        language=project.language,
        template_html=(DATA / project.folder / "template.html").read_text(),
    )
    project_id: str = created["project_id"]
    return project_id


def _publish(
    requester: Requester, project_id: str, project: DemoProject, *, rows_max: int | None = None
) -> str:
    batch = requester.create_batch(
        project_id,
        redundancy=project.redundancy,
        reward={"amount_minor": project.reward_minor, "currency": "USD"},
        lease_seconds=600,
        auto_accept_seconds=3 * 86_400,
    )
    batch_id: str = batch["batch_id"]
    header, *rows = (DATA / project.folder / "items.csv").read_text().splitlines(keepends=True)
    requester.add_csv(batch_id, "".join([header, *rows[:rows_max]]).encode())
    requester.publish(batch_id)
    _await(lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def _accept_all(requester: Requester, batch_id: str, *, leave: int = 0) -> None:
    waiting = list(requester.submissions(batch_id, status="submitted", limit=200))
    decisions = [
        {"submission_id": submission["submission_id"], "decision": "accept"}
        for submission in waiting[: len(waiting) - leave if leave else None]
    ]
    for start in range(0, len(decisions), 200):
        requester.review(batch_id, decisions[start : start + 200])


def _await(reached: Any) -> None:
    deadline = time.monotonic() + _AWAIT_SECONDS_MAX
    while not reached():
        if time.monotonic() > deadline:
            raise DidNotStart("the demo's scene could not be set in time; DEMO=0 starts without it")
        time.sleep(0.2)
