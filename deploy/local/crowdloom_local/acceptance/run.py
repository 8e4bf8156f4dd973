"""All cases, one after the other, on a market made for them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from crowdloom_local.acceptance import market_side
from crowdloom_local.acceptance.bench import Bench, Given, answer_all, redundancy_for
from crowdloom_local.acceptance.browser import find_chromium, launch
from crowdloom_local.acceptance.cases import Case, read_cases
from crowdloom_local.acceptance.compare import (
    Verdict,
    answer_faults,
    input_faults,
    is_as_recorded,
    without_protocol,
)
from crowdloom_local.acceptance.hosts import ForeignHosts, install_libraries
from crowdloom_local.acceptance.native import NativeServer
from crowdloom_local.market import Market

LIBRARIES = Path(".acceptance")

console = Console(stderr=True)


class CannotRun(RuntimeError):
    """Something that the run needs is not on this machine; says what."""


@dataclass(frozen=True)
class Plan:
    """Without the first `skip` cases at most `limit` (0: all), `rows` answers of each; `only` are
    beginnings of names.
    """

    cases: Path
    limit: int
    rows: int
    skip: int = 0
    only: tuple[str, ...] = ()


@dataclass
class Outcome:
    """`faults` are what kept a whole case from being answered."""

    case: str
    verdicts: list[Verdict] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        return bool(self.verdicts) and not self.faults and all(one.exact for one in self.verdicts)

    @property
    def as_recorded(self) -> bool:
        return bool(self.verdicts) and all(one.as_recorded for one in self.verdicts)

    @property
    def refused(self) -> int:
        """How many answers the page itself would not post, here as on the plain page."""
        return sum(one.refused_alike for one in self.verdicts)

    def line(self) -> str:
        faults = [*self.faults, *(fault for one in self.verdicts for fault in one.faults)]
        notes = dict.fromkeys(note for one in self.verdicts for note in one.notes)
        word = "exact" if self.exact else "DIFFERENT"
        recorded = "as recorded" if self.as_recorded else "not as recorded"
        parts = [f"{self.case}: {word}, {recorded}, {len(self.verdicts)} answered"]
        if self.refused:
            parts.append(f"{self.refused} of them refused by the page itself, in the same words")
        return "; ".join([*parts, *faults[:3], *notes])[:600]


def run(plan: Plan) -> Iterator[Outcome]:
    """Yields the outcome of each case. Raises CannotRun."""
    if find_chromium() is None:
        raise CannotRun("no Chromium found; name one in CROWDLOOM_CHROMIUM")
    foreign = ForeignHosts(install_libraries(LIBRARIES.resolve()))
    if foreign.modules is None:
        console.print("no npm, or no line to its registry: every foreign host is blocked")
    folder = Path(tempfile.mkdtemp(prefix="crowdloom-acceptance-"))
    with ExitStack() as stack:
        market = stack.enter_context(Market(folder))
        console.print(f"market: {market.url} on {market.engines.description}")
        bench = Bench(
            browser=launch(stack.enter_context(sync_playwright())),
            origin=market.url,
            requester=market_side.funded_requester(market.url),
            native=stack.enter_context(NativeServer()),
            foreign=foreign,
        )
        stack.callback(bench.close)
        for case in read_cases(plan.cases, skip=plan.skip, limit=plan.limit, only=plan.only):
            yield run_case(bench, case, plan.rows)
        console.print(f"never reached: {', '.join(sorted(foreign.blocked)) or 'nothing asked'}")
    shutil.rmtree(folder, ignore_errors=True)


def run_case(bench: Bench, case: Case, rows: int) -> Outcome:
    """Publish, answer, download, compare. What goes wrong is the case's outcome, not the run's."""
    outcome = Outcome(case.name)
    try:
        redundancy = redundancy_for(case, rows)
        batch_id = market_side.publish(bench.requester, case, redundancy=redundancy)
        given = list(answer_all(bench, case, batch_id, rows))
        market_side.close(bench.requester, batch_id)
        returned = {
            (line.row, line.pseudonym): line
            for line in market_side.results(bench.requester, batch_id)
        }
        outcome.verdicts = [
            judge(case, one, returned.get((one.row, one.pseudonym))) for one in given
        ]
    except Exception as error:  # noqa: BLE001 - the next case is to be tried as well
        outcome.faults.append(" ".join(f"{type(error).__name__}: {error}".split()))
    return outcome


def judge(case: Case, given: Given, returned: market_side.Returned | None) -> Verdict:
    """Compare what was downloaded with the table and with the plain page's post."""
    verdict = Verdict(notes=given.notes())
    if returned is None and given.is_refused_alike:
        verdict.refused_alike = True
        return verdict
    if given.refusal:
        verdict.faults.append(f"not submitted: {given.refusal}")
    if given.native is None:
        verdict.faults.append(f"the plain page posted nothing: {given.said}")
    if returned is None:
        verdict.faults.append("the results lack the answer")
        return verdict
    verdict.faults += input_faults(case.rows[given.row], returned.input)
    if given.native is not None:
        verdict.faults += answer_faults(returned.answer, without_protocol(given.native))
    verdict.as_recorded = is_as_recorded(returned.answer, given.recorded.fields)
    return verdict
