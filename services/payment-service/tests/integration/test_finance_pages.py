import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from payment_service.bootstrap import Application

Browsing = Callable[..., FlaskClient]
RUNS = "/finance/payout-runs"


@pytest.fixture
def maker(browsing: Browsing) -> FlaskClient:
    """May approve as well, and may not approve what is hers."""
    return browsing("staff", "stf_maker", "finance.view", "finance.maker", "finance.checker")


@pytest.fixture
def checker(browsing: Browsing) -> FlaskClient:
    return browsing("staff", "stf_checker", "finance.view", "finance.checker")


@pytest.fixture
def asking(market: Any, calling: Callable[..., Any]) -> Any:
    """A market in which one worker has earned 50 cents and asks for it."""
    market.earn("wrk_1", 10)
    market.ask(calling("worker", "wrk_1"))
    return market


def drafted(maker: FlaskClient, key: str = "key-1") -> str:
    answer = maker.post(RUNS, data={"idempotency_key": key})
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith(f"{RUNS}/run_")
    return str(answer.location)


def hash_on(page: str) -> str:
    found = re.search(r'name="content_hash" value="(\w{64})"', page)
    assert found, page
    return found[1]


def rows_of(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_a_run_goes_from_draft_to_paid_by_two_people(
    asking: Any, maker: FlaskClient, checker: FlaskClient
) -> None:
    assert "1 payee, <bdi" in maker.get(RUNS).text
    run = drafted(maker)
    assert maker.post(f"{run}/freeze").status_code == 303
    assert "You made this run; another person approves it." in maker.get(run).text
    page = checker.get(run).text
    assert "You did not make this run, so you may approve it." in page
    checker.post(f"{run}/approve", data={"content_hash": hash_on(page)})
    assert "hx-get" in checker.get(run).text
    assert "HX-Refresh" not in checker.get(f"{run}/lines").headers
    asking.settle_payouts()
    assert checker.get(f"{run}/lines").headers["HX-Refresh"] == "true"
    assert 'class="state good">Paid<' in checker.get(run).text


def test_a_draft_sent_twice_is_one_run(asking: Any, maker: FlaskClient) -> None:
    assert drafted(maker) == drafted(maker)
    assert len(asking.application.readers.payout_runs.listed(10)) == 1


def test_a_draft_for_nobody_says_so(market: Any, maker: FlaskClient) -> None:
    answer = maker.post(RUNS, data={"idempotency_key": "key-1"})
    assert answer.location == RUNS
    assert "Nothing drafted" in maker.get(RUNS).text


def test_the_maker_cannot_approve_even_by_hand(asking: Any, maker: FlaskClient) -> None:
    run = drafted(maker)
    maker.post(f"{run}/freeze")
    page = maker.get(run).text
    assert "/approve" not in page
    digest = asking.run(run.rpartition("/")[2])["content_hash"]
    maker.post(f"{run}/approve", data={"content_hash": digest})
    assert "Not done" in maker.get(run).text
    assert asking.run(run.rpartition("/")[2])["status"] == "frozen"


def test_approving_what_has_changed_changes_nothing(
    asking: Any, maker: FlaskClient, checker: FlaskClient
) -> None:
    run = drafted(maker)
    maker.post(f"{run}/freeze")
    checker.post(f"{run}/approve", data={"content_hash": "0" * 64})
    assert "Something in it has changed since." in checker.get(run).text


@pytest.mark.parametrize(
    ("act", "grants"), [("freeze", ["finance.checker"]), ("approve", ["finance.maker"])]
)
def test_each_act_needs_its_grant(
    asking: Any, maker: FlaskClient, browsing: Browsing, act: str, grants: list[str]
) -> None:
    run = drafted(maker)
    other = browsing("staff", "stf_other", *grants)
    assert other.post(f"{run}/{act}", data={"content_hash": "x"}).status_code == 403


def test_a_line_taken_out_thaws_the_run_and_waits_for_another(
    asking: Any, maker: FlaskClient
) -> None:
    run = drafted(maker)
    maker.post(f"{run}/freeze")
    item_id = rows_of(maker, f"{run}.csv")[0]["line"]
    maker.post(f"{run}/lines/{item_id}/remove")
    page = maker.get(run).text
    assert "No lines" in page
    assert re.search(r"<button[^>]* disabled>Freeze", page)
    maker.post(f"{run}/cancel")
    assert drafted(maker, "key-2") != run


def test_a_refused_line_says_why_and_can_be_sent_again_or_given_up(
    asking: Any, maker: FlaskClient, checker: FlaskClient
) -> None:
    account = asking.application.readers.payees.get("wrk_1").account_id
    asking.processor.control(f"accounts/{account}/refusal")
    run_id = asking.pay_out()["payout_run_id"]
    page = maker.get(f"{RUNS}/{run_id}").text
    assert "The processor does not allow transfers to this account." in page
    (line,) = rows_of(maker, f"{RUNS}/{run_id}.csv")
    assert (line["state"], line["amount"], line["worker"]) == ("failed", "0.50", "wrk_1")
    maker.post(f"{RUNS}/{run_id}/lines/{line['line']}/retry")
    assert asking.run(run_id)["status"] == "executing"
    asking.settle_payouts()
    assert "Payout refused" in checker.get("/finance/exceptions?kind=payout_failed").text
    maker.post(f"{RUNS}/{run_id}/lines/{line['line']}/give-up")
    assert "Given up" in maker.get(f"{RUNS}/{run_id}").text
    assert "Nothing needs a person" in checker.get("/finance/exceptions").text


def test_what_is_said_of_the_next_run_stays_apart(asking: Any, maker: FlaskClient) -> None:
    page = maker.get(RUNS).text
    assert " 1 is paid for the first time." in page


def test_today_never_says_equal_where_nothing_was_compared(checker: FlaskClient) -> None:
    page = checker.get("/finance").text
    assert "Not compared yet" in page
    assert "Books equal processor" not in page


def test_today_keeps_to_the_last_comparison_and_says_when_a_later_one_failed(
    asking: Any, checker: FlaskClient
) -> None:
    asking.reconcile()
    assert "Books equal processor" in checker.get("/finance").text
    asked = checker.post("/finance/reconciliations", data={"idempotency_key": "key-1"})
    assert "Under way" in checker.get(asked.location).text
    asking.processor.control(
        "faults", kind="error_before", method="GET", path="/v1/balance", count=9
    )
    asking.application.reconcile()
    assert "Could not compare" in checker.get(asked.location).text
    today = checker.get("/finance").text
    assert "Could not compare" in today
    assert "What stands below is from before." in today


def test_a_difference_is_shown_in_the_proof_and_today(asking: Any, checker: FlaskClient) -> None:
    asking.pay_out()
    asking.application.database["journal"].delete_one({"code": "payout_post"})
    found = asking.reconcile()
    page = checker.get(f"/finance/reconciliations/{found['reconciliation_id']}").text
    assert "Books differ from processor" in page
    assert "Missing in the ledger" in page
    assert "-$0.50" in page
    assert "Books differ from processor" in checker.get("/finance").text


def test_a_reconciliation_asked_for_twice_is_one(asking: Any, checker: FlaskClient) -> None:
    form = {"idempotency_key": "key-1"}
    first = checker.post("/finance/reconciliations", data=form).location
    assert checker.post("/finance/reconciliations", data=form).location == first


def test_the_ledger_sums_to_zero_on_the_page_and_in_the_file(
    asking: Any, checker: FlaskClient
) -> None:
    asking.pay_out()
    page = checker.get("/finance/ledger").text
    assert re.search(r"sum of all accounts</dt><dd><bdi class=\"money\">\$0\.00", page)
    rows = rows_of(checker, "/finance/ledger.csv")
    cents = {
        side: sum(round(float(row["balance"]) * 10_000) for row in rows if row["side"] == side)
        for side in ("debit", "credit")
    }
    assert cents["debit"] == cents["credit"] > 0
    assert "asset:stripe" not in checker.get("/finance/ledger?side=income").text
    assert "No such account" in checker.get("/finance/ledger?q=nothing").text
    assert "stripe:available" in checker.get("/finance/ledger?q=Stripe:AVAIL").text


def test_a_statement_runs_to_the_balance_and_leads_to_entries(
    asking: Any, checker: FlaskClient
) -> None:
    account = "/finance/ledger/accounts/liability:worker:wrk_1:payable:USD"
    rows = rows_of(checker, f"{account}.csv")
    assert [row["balance"] for row in rows][:2] == ["0.50", "0.45"]
    assert len(rows) == 10
    page = checker.get(account).text
    entry = re.search(r"/finance/ledger/entries/jrn_\w+", page)
    assert entry
    lines = checker.get(entry[0]).text
    assert "liability:worker:wrk_1:clearing:USD" in lines
    assert "bat_1" in lines


def test_entries_are_found_by_what_they_are_about(asking: Any, checker: FlaskClient) -> None:
    assert "publish:bat_1:1" in checker.get("/finance/ledger/entries?by=batch&ref=bat_1").text
    accepts = checker.get("/finance/ledger/entries?code=accept").text
    assert "accept:" in accepts
    assert "publish:" not in accepts
    assert "No such entries" in checker.get("/finance/ledger/entries?by=run&ref=none").text


def test_an_id_of_whatever_kind_finds_its_entries_and_no_others(
    asking: Any, checker: FlaskClient
) -> None:
    page = "/finance/ledger/entries"
    topped_up = next(row for row in rows_of(checker, f"{page}.csv") if row["code"] == "topup")
    refs = dict(pair.split("=", 1) for pair in topped_up["refs"].split())
    for wanted in (topped_up["entry"], topped_up["key"], refs["top_up"]):
        found = rows_of(checker, f"{page}.csv?ref={wanted}")
        assert [row["key"] for row in found] == [topped_up["key"]], wanted
    charged = rows_of(checker, f"{page}.csv?ref={refs['stripe_source']}")
    assert {row["code"] for row in charged} == {"topup", "settle"}
    own = {row["code"] for row in rows_of(checker, f"{page}.csv?ref=wrk_1")}
    assert {"accept", "mature"} >= own >= {"accept"}
    assert "No such entries" in checker.get(f"{page}?ref=none").text


def test_what_moved_since_a_day_alone_is_until_today(
    asking: Any, checker: FlaskClient, clock: Any
) -> None:
    asking.application.seal_journal()
    today = f"{clock.now():%Y-%m-%d}"
    page = checker.get("/finance/ledger?since=2026-11-02").text
    assert f'name="until" value="{today}"' in page
    alone = rows_of(checker, "/finance/ledger.csv?since=2026-11-02")
    assert alone == rows_of(checker, f"/finance/ledger.csv?since=2026-11-02&until={today}")


def test_the_ends_of_the_calendar_and_a_long_search_are_answered_as_any_others(
    asking: Any, checker: FlaskClient
) -> None:
    days = "since=0001-01-01&until=9999-12-31"
    account = "/finance/ledger/accounts/asset:stripe:available:USD"
    for page in (account, "/finance/audit", "/finance/ledger"):
        assert checker.get(f"{page}?{days}").status_code == 200
        assert b"," in checker.get(f"{page}.csv?{days}").get_data()
    assert checker.get(f"/finance/payees?q={'x' * 3_000}").status_code == 200
    for month in ("0001-01", "9999-12"):
        assert checker.get(f"/finance/periods/{month}").status_code == 404
    file = "/finance/ledger/exports/file?format=beancount"
    assert checker.get(f"{file}&{days}").status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/finance/payout-runs/run_0",
        "/finance/payout-runs/run_0.csv",
        "/finance/reconciliations/rec_0",
        "/finance/exceptions/exc_0",
        "/finance/ledger/entries/jrn_0",
        "/finance/ledger/accounts/liability:nobody:USD",
        "/finance/ledger/accounts/liability:nobody:USD.csv",
        "/finance/ledger/accounts/a%0d%0ab:c.xlsx",
    ],
)
def test_an_unknown_id_is_not_found(
    application: Application, checker: FlaskClient, path: str
) -> None:
    assert checker.get(path).status_code == 404
