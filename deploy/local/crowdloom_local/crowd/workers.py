"""One simulated worker: signs up, asks, claims, loads, drafts, submits, is paid."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from crowdloom.client import Problem, Worker
from crowdloom.client.api import Json
from crowdloom.client.people import Answer

from crowdloom_local.crowd.answers import Answers
from crowdloom_local.crowd.checkout import complete_onboarding

_ASK_AGAIN = {"too_many_leases", "already_claimed", "not_found"}
_LEASE_LOST = {"lease_expired", "already_submitted"}


@dataclass(frozen=True)
class Habits:
    """How a worker behaves: seconds of thought an item, and how often (0..1) he drafts, returns
    an item or lets its lease lapse.
    """

    think_seconds: tuple[float, float] = (0.0, 0.0)
    draft_share: float = 0.2
    return_share: float = 0.01
    lapse_share: float = 0.0
    pause_when_empty_seconds: float = 0.5


class SimulatedWorker:
    """Works in a thread of its own until told to stop or until `finished` says there is no more."""

    def __init__(
        self,
        worker: Worker,
        *,
        answers: Answers,
        habits: Habits,
        seed: int,
        batch_id: str | None = None,
    ) -> None:
        self.worker = worker
        self._answers = answers
        self._habits = habits
        self._random = random.Random(seed)
        self.batch_id = batch_id
        self.acknowledged: list[str] = []

    def work(self, *, stop: threading.Event, finished: Callable[[], bool]) -> None:
        while not stop.is_set():
            assignment = self._claim()
            if assignment is not None:
                self._do(assignment, stop)
            elif finished() or stop.wait(self._habits.pause_when_empty_seconds):
                return

    def ask_for_payout(self) -> None:
        account = self.worker.open_payout_account()
        if account["status"] != "active":
            complete_onboarding(account["onboarding_url"])
        self.worker.ask_for_payout()

    def _claim(self) -> Json | None:
        try:
            return self.worker.claim(self.batch_id)
        except Problem as problem:
            # Items that were left to lapse still count as held; a batch that has just opened may
            # not be known where work is given out: ask again.
            if problem.code in _ASK_AGAIN:
                return None
            raise

    def _do(self, assignment: Json, stop: threading.Event) -> None:
        if self._happens(self._habits.return_share):
            self.worker.give_back(assignment["assignment_id"])
            return
        task = self.worker.load(assignment)
        if self._happens(self._habits.lapse_share):
            return
        inputs, answer = task["input"], self._answer_to(assignment, task)
        if answer is None:
            self.worker.give_back(assignment["assignment_id"])
            return
        if self._happens(self._habits.draft_share):
            self.worker.save_draft(assignment, answer)
        stop.wait(self._random.uniform(*self._habits.think_seconds))
        try:
            receipt = self.worker.submit(assignment, answer)
        except Problem as problem:
            self._answers.put_back(inputs, answer)
            if problem.code not in _LEASE_LOST:
                raise
        else:
            self.acknowledged.append(receipt["submission_id"])

    def _answer_to(self, _assignment: Json, task: Json) -> Answer | None:
        """What this worker answers; None: he cannot, and gives the item back."""
        return self._answers.take(task["input"])

    def _happens(self, share: float) -> bool:
        return self._random.random() < share
