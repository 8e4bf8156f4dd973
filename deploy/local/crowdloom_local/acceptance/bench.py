"""The bench that cases are answered on: a browser, workers, and the plain page beside."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from crowdloom.client import Requester
from crowdloom.kernel.limits import REDUNDANCY_MAX
from playwright.sync_api import Browser, BrowserContext, Page

from crowdloom_local.acceptance import workspace
from crowdloom_local.acceptance.cases import Case, Recorded
from crowdloom_local.acceptance.filling import Filled, stand_still
from crowdloom_local.acceptance.hosts import ForeignHosts
from crowdloom_local.acceptance.native import NativeServer, answer_natively, plain_page

Pairs = list[tuple[str, str]]


@dataclass
class Given:
    """An answer as it was given in the workspace, and what the plain page posted for the same.

    `refusal` says why it was not submitted, `said` what the plain page said in dialogs.
    """

    row: int
    pseudonym: str
    recorded: Recorded
    filled: Filled | None
    refusal: str = ""
    native: Pairs | None = None
    said: list[str] = field(default_factory=list)

    @property
    def is_refused_alike(self) -> bool:
        """Whether the page itself said no on both sides, and the same. Silence is no agreement."""
        words = " ".join((self.said or [""])[-1].split())
        return self.native is None and bool(words) and words in self.refusal

    def notes(self) -> list[str]:
        notes = []
        if self.filled and self.filled.unfilled:
            notes.append(f"no field for {', '.join(dict.fromkeys(self.filled.unfilled))}")
        if self.filled and self.filled.added:
            notes.append(f"required besides: {', '.join(dict.fromkeys(self.filled.added))}")
        return notes


@dataclass
class Bench:
    """Workers are signed up when they are first needed, and work on every case after it."""

    browser: Browser
    origin: str
    requester: Requester
    native: NativeServer
    foreign: ForeignHosts
    _workers: list[Page] = field(default_factory=list)

    def worker(self, number: int) -> Page:
        while len(self._workers) <= number:
            context = self.browser.new_context()
            self._guard(context)
            self._workers.append(workspace.sign_up(context, self.origin))
        return self._workers[number]

    @contextmanager
    def stranger(self) -> Iterator[BrowserContext]:
        """A browser that was never here, for the plain page."""
        context = self.browser.new_context()
        self._guard(context)
        try:
            yield context
        finally:
            # A foreign request that is still under way would keep the context from closing.
            context.unroute_all(behavior="ignoreErrors")
            context.close()

    def close(self) -> None:
        for page in self._workers:
            page.context.unroute_all(behavior="ignoreErrors")
            page.context.close()

    def _guard(self, context: BrowserContext) -> None:
        self.foreign.guard(context)
        stand_still(context)


def redundancy_for(case: Case, rows: int) -> int:
    """How many answers to a row are needed so that `rows` recorded ones can be given."""
    most = max(Counter(one.row for one in case.recorded).values())
    return max(1, min(most, math.ceil(rows / len(case.rows)), REDUNDANCY_MAX))


def answer_all(bench: Bench, case: Case, batch_id: str, rows: int) -> Iterator[Given]:
    """Give `rows` recorded answers, or as many as there are: whichever row a worker is given, the
    next recorded answer to it that was not given yet.
    """
    left: dict[int, list[Recorded]] = {}
    for one in case.recorded:
        left.setdefault(one.row, []).append(one)
    count = 0
    for number in range(redundancy_for(case, rows)):
        for item in workspace.items(bench.worker(number), bench.origin, batch_id):
            row = case.rows.index(item.input) if item.input in case.rows else -1
            if not left.get(row):
                workspace.give_back(item)
                break
            yield _answer(bench, case, item, left[row].pop(0))
            count += 1
            if count == rows:
                return
            if item.number == len(case.rows):
                break


def _answer(bench: Bench, case: Case, item: workspace.Item, recorded: Recorded) -> Given:
    query = item.query
    refusal = ""
    try:
        workspace.answer_item(item, recorded)
    except workspace.NotSubmitted as failure:
        refusal = str(failure)
    given = Given(recorded.row, query["workerId"], recorded, item.filled, refusal)
    page = plain_page(case.template, case.rows[recorded.row])
    with bench.stranger() as context:
        given.native, _filled, given.said = answer_natively(
            context, bench.native, page, query=query, recorded=recorded.fields
        )
    if refusal:
        workspace.give_back(item)
    return given
