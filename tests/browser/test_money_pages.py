"""The pages of money as people meet them: looks, keyboard alone, without script, and live."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pyotp
import pytest
from crowdloom.kernel import Money
from crowdloom.testkit.looks import looks, watch, wrong
from crowdloom.testkit.services import module_beside
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser

TABS_MAX = 80


@pytest.fixture(scope="module")
def scene(
    mongodb_uri: str, serve: Callable[[Flask], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """One market for the whole file: tests add to it and leave what others need."""
    made = module_beside(__file__, "money_scene")
    with made.simulator(tmp_path_factory.mktemp("stripe")) as processor:
        # The service has to know its own address before it is made.
        front = Flask(__name__)
        scene = made.set_up(mongodb_uri, processor, serve(front))
        front.wsgi_app = scene.app.wsgi_app  # type: ignore[method-assign]
        yield scene
        database = scene.application.database
        database.client.drop_database(database.name)
        database.client.close()


Opening = Callable[..., BrowserContext]


@pytest.fixture
def opening(chromium: Browser, scene: Any) -> Iterator[Opening]:
    """`opening("worker", worker_id)`: somebody's browser, closed after the test."""
    with ExitStack() as stack:

        def opened(role: str = "", subject: str = "", *grants: str, **more: Any) -> BrowserContext:
            context = chromium.new_context(**{"viewport": {"width": 1200, "height": 900}, **more})
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            if role:
                scene.sign_in(context, role, subject, *grants)
            return context

        yield opened


def pages_of(scene: Any) -> dict[tuple[str, str], list[str]]:
    """Every page, by who reads it."""
    application = scene.application
    exception = application.readers.exceptions.listed(1)[0]["_id"]
    entry = application.journal.entries(count_max=1, code="accept")[0].entry_id
    invitation = application.enrolment_links.dumps(scene.newcomer)
    items = application.readers.payout_runs.items(scene.ended_run)
    refund = application.ask_refund(scene.requester, Money.of_minor(1, "USD"), key="looked at")
    return {
        ("", ""): ["/finance/sign-in", f"/finance/enrol/{invitation}"],
        ("staff", scene.checker): [
            "/finance",
            "/finance/payout-runs",
            f"/finance/payout-runs/{scene.ended_run}",
            f"/finance/payout-runs/{scene.waiting_run}",
            "/finance/reconciliations",
            f"/finance/reconciliations/{scene.reconciliation}",
            "/finance/exceptions",
            "/finance/exceptions?kind=duplicate",
            f"/finance/exceptions/{exception}",
            "/finance/exceptions?state=all&sort=severity",
            "/finance/refunds",
            "/finance/funds",
            "/finance/invoices",
            f"/finance/refunds/{refund.refund_id}",
            "/finance/periods",
            f"/finance/periods/{application.clock.now():%Y-%m}",
            "/finance/ledger",
            "/finance/ledger/entries",
            f"/finance/ledger/entries/{entry}",
            "/finance/ledger/accounts/asset:stripe:available:USD",
            "/finance/ledger/exports",
            "/finance/ledger/taxes",
            "/finance/ledger/new-entry",
            "/finance/approvals",
            "/finance/approvals?status=all",
            "/finance/approvals?status=approved",
            f"/finance/approvals/{scene.proposal}",
            "/finance/payees",
            "/finance/audit",
            "/finance/staff",
            "/finance/account",
            "/finance/payees?status=restricted",
            f"/finance/payees/{scene.workers[0]}",
            f"/finance/payees/{scene.held_worker}",
            "/finance/bank-statements",
            f"/finance/bank-statements/{scene.statement}",
            f"/finance/bank-statements/files/{scene.bank_file}",
            *(f"/finance/bank-statements/lines/{line}" for line in scene.bank_lines),
            "/finance/bank-accounts/main",
            "/finance/bank-accounts/new",
            f"/finance/reconciliation/runs/{scene.ended_run}",
            *(f"/finance/reconciliation/items/{item.item_id}" for item in items),
        ],
        ("worker", scene.workers[0]): ["/pay/earnings"],
        ("worker", scene.workers[4]): [
            "/pay/earnings",
            "/pay/earnings?from=expired",
            "/pay/payout-account/bank",
        ],
        ("requester", scene.requester): [
            "/pay/gift-code",
            "/pay/wallet?missing=291.50&next=/requester/batches/bat_1",
            f"/pay/top-ups/{scene.top_up}",
            f"/pay/top-ups/{scene.unpaid_top_up}?cancelled=1",
            f"/pay/top-ups/{scene.top_up}/receipt",
            "/pay/invoices",
            "/pay/statement",
        ],
    }


GRANTS = {"staff": ("finance.view", "finance.maker", "finance.checker")}


# Some fifty pages in one browser: more than other tests take beside other work.
@pytest.mark.timeout(600)
def test_every_page_is_accessible_fits_and_keeps_to_the_policy(
    opening: Opening, scene: Any
) -> None:
    found: dict[str, list[str]] = {}
    number = 0
    for (role, subject), paths in pages_of(scene).items():
        # Without transitions: a colour on its way from one theme to the other is neither's.
        context = opening(role, subject, *GRANTS.get(role, ()), reduced_motion="reduce")
        page = context.new_page()
        faults = watch(page, scene.origin)
        for path in paths:
            number += 1
            found[path] = wrong(page, scene.origin + path, looks(number)) + faults
            faults.clear()
    assert {path: faults for path, faults in found.items() if faults} == {}


def tab_to(page: Page, name: str) -> None:
    """Reach a control by the Tab key alone."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        told: str = page.evaluate(
            "(document.activeElement.innerText || document.activeElement.value || '').trim()"
        )
        if told.startswith(name):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def enter(page: Page, name: str) -> None:
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@contextmanager
def somebody_asks(scene: Any) -> Iterator[None]:
    """One more worker with an account who asks for money, so that there is a run to draft."""
    worker = scene.workers[3]
    scene.accept_answers(worker, 1, scene.batches[1])
    scene.application.ask_for_payout(worker)
    yield


def test_a_run_is_drafted_frozen_and_approved_by_keyboard_alone(
    opening: Opening, scene: Any
) -> None:
    with somebody_asks(scene):
        maker = opening("staff", scene.maker, "finance.view", "finance.maker").new_page()
        maker.goto(f"{scene.origin}/finance/payout-runs")
        enter(maker, "Draft this run")
        run = maker.url
        enter(maker, "Freeze")
        expect(maker.get_by_text("You made this run; another person approves it.")).to_be_visible()
    checker = opening("staff", scene.checker, "finance.view", "finance.checker").new_page()
    checker.goto(run)
    enter(checker, "Approve and pay")
    expect(checker.get_by_text("The lines are being paid.")).to_be_visible()
    # The page watches: when all is paid it loads itself again.
    scene.work()
    expect(checker.locator("h1")).to_contain_text("Paid")
    expect(checker.locator("#lines")).to_have_count(0)


def test_signing_in_works_by_keyboard_and_opens_what_was_asked_for(
    opening: Opening, scene: Any
) -> None:
    page = opening().new_page()
    page.goto(f"{scene.origin}/finance/exceptions")
    sign_in_by_keyboard(page, scene, "checker")
    expect(page).to_have_url(re.compile(r"/finance/exceptions$"))


def sign_in_by_keyboard(page: Page, scene: Any, name: str) -> None:
    page.get_by_label("E-mail").focus()
    page.keyboard.type(f"{name}@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("a password for tests alone")
    page.keyboard.press("Tab")
    page.keyboard.type(pyotp.TOTP(scene.secrets[name]).now())
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_run_is_made_and_paid_without_script(opening: Opening, scene: Any) -> None:
    with somebody_asks(scene):
        maker = opening(java_script_enabled=False).new_page()
        maker.goto(f"{scene.origin}/finance/payout-runs")
        sign_in_without_script(maker, scene, "maker")
        maker.get_by_role("button", name="Draft this run").click()
        maker.get_by_role("button", name="Freeze").click()
        run = maker.url
    checker = opening(java_script_enabled=False).new_page()
    checker.goto(run)
    sign_in_without_script(checker, scene, "checker")
    checker.get_by_role("button", name="Approve and pay").click()
    scene.work()
    checker.get_by_role("link", name="Load again").click()
    expect(checker.locator("h1")).to_contain_text("Paid")


def sign_in_without_script(page: Page, scene: Any, name: str) -> None:
    page.get_by_label("E-mail").fill(f"{name}@example.org")
    page.get_by_label("Password").fill("a password for tests alone")
    page.get_by_label("Code").fill(pyotp.TOTP(scene.secrets[name]).now())
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("script", [True, False])
def test_a_requester_pays_in_and_comes_back(opening: Opening, scene: Any, script: bool) -> None:
    context = opening("requester", scene.requester, java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{scene.origin}/pay/wallet?missing=30&next=/requester/batches/bat_1")
    expect(page.locator("#amount")).to_have_value("30.00")
    page.get_by_role("button", name="Go to payment").click()
    page.locator('button[value="pay"]').click()
    page.wait_for_url("**/pay/top-ups/top_*")
    expect(page.get_by_text("The funds are here once")).to_be_visible()
    scene.application.poll_processor.catch_up()
    if not script:
        page.get_by_role("link", name="Load again").click()
    expect(page.get_by_text("$30.00 was added")).to_be_visible()
    back = page.get_by_role("button", name="Back to where you were")
    assert back.get_attribute("href") == "/requester/batches/bat_1"


@pytest.mark.parametrize(("script", "worker"), [(True, 5), (False, 6)])
def test_a_worker_sets_up_the_account_and_asks(
    opening: Opening, scene: Any, script: bool, worker: int
) -> None:
    who = scene.workers[worker]
    context = opening("worker", who, java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{scene.origin}/pay/earnings")
    expect(page.get_by_role("button", name="Ask for")).to_be_disabled()
    page.get_by_role("button", name="Set up my payout account").click()
    page.locator('button[value="complete"]').click()
    page.wait_for_url("**/pay/earnings?from=account")
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    page.get_by_role("button", name="Ask for").click()
    expect(page.get_by_text("Two people check each payout before it is sent.")).to_be_visible()
    expect(page.get_by_role("button", name="Ask for")).to_be_disabled()
    scene.application.readers.payout_requests.set_status(
        {asked.request_id for asked in scene.application.show_money.payout_requests(who)},
        "cancelled",
        at=scene.application.clock.now(),
    )


def test_reconciling_shows_its_result_by_itself(opening: Opening, scene: Any) -> None:
    page = opening("staff", scene.checker, "finance.view", "finance.checker").new_page()
    page.goto(f"{scene.origin}/finance")
    page.get_by_role("button", name="Reconcile now").click()
    expect(page.get_by_text("Both books are being read.")).to_be_visible()
    scene.application.reconcile()
    expect(page.get_by_text("Books equal processor")).to_be_visible()


def test_giving_a_line_up_asks_first(opening: Opening, scene: Any) -> None:
    page = opening("staff", scene.maker, "finance.view", "finance.maker").new_page()
    page.goto(f"{scene.origin}/finance/payout-runs/{scene.ended_run}")
    page.locator("summary", has_text="Give up").press("Enter")
    expect(page.get_by_role("dialog", name="Give up")).to_be_visible()
    page.keyboard.press("Escape")
    lines = page.get_by_role("region", name="Lines")
    expect(lines.get_by_text("Refused", exact=True)).to_be_visible()


def test_a_long_table_is_there_first_and_its_totals_follow_by_themselves(
    opening: Opening, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.application.tables, "_summed_max", 0)
    page = opening("staff", scene.maker, "finance.view").new_page()
    page.goto(f"{scene.origin}/finance/ledger/entries")
    foot = page.locator("tfoot")
    expect(foot).to_contain_text("in all")
    expect(foot.locator("[data-word=Total]")).to_contain_text("$")
