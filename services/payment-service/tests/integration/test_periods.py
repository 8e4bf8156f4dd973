"""Closing a month: what stops it, what it stores, what comes late, and opening it again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from crowdloom.kernel import Money
from flask.testing import FlaskClient
from payment_service.adapters.mongo_periods import MongoPeriodBooks
from payment_service.domain.entries import Entry, credit, debit
from payment_service.domain.periods import PeriodState, next_month, period_for
from payment_service.domain.seals import BEGINNING

BANK, EQUITY = "asset:bank:main:USD", "equity:opening:USD"


class Finance:
    """The staff of a market; their sessions are renewed when time goes on."""

    def __init__(self, market: Any, calling: Callable[..., Any], clock: Any) -> None:
        self.market, self._calling, self._clock = market, calling, clock
        self.month = f"{clock.now():%Y-%m}"
        self.sign_in()

    def sign_in(self) -> None:
        self.controller = self._calling("staff", "stf_controller", "finance.controller")
        self.market.maker = self._calling("staff", "stf_maker", "finance.maker")
        self.market.checker = self._calling("staff", "stf_checker", "finance.checker")

    def wait_for_next_month(self) -> None:
        first = datetime.fromisoformat(f"{next_month(self.month)}-01T01:00:00+00:00")
        self._clock.advance(seconds=(first - self._clock.now()).total_seconds())
        self.sign_in()

    def come_to_rest(self) -> None:
        """Events are published, entries sealed, balances derived: a minute goes by."""
        self._clock.advance(seconds=61)
        application = self.market.application
        application.database["outbox"].update_many({}, {"$unset": {"pending": ""}})
        while application.seal_journal() or application.derive_balances():
            pass

    def act(self, what: str, month: str | None = None, **body: Any) -> Any:
        return self.controller.post(f"/periods/{month or self.month}/{what}", body)

    def approve(self, proposed: Any) -> Any:
        assert proposed.status_code == 201, proposed.json
        seen = {"content_hash": proposed.json["content_hash"]}
        return self.market.checker.post(f"/approvals/{proposed.json['approval_id']}/approve", seen)

    def by_hand(self, minor: int, day: str) -> Any:
        amount = {"amount_minor": minor, "currency": "USD"}
        lines = [
            {"account": BANK, "side": "debit", "amount": amount},
            {"account": EQUITY, "side": "credit", "amount": amount},
        ]
        payload = {"lines": lines, "effective_on": day}
        body = {"kind": "manual_entry", "payload": payload, "reason": "Our own money"}
        return self.market.maker.post("/approvals", body)

    def close(self) -> Any:
        self.come_to_rest()
        proposed = self.act("close", reason="The month is over")
        assert self.approve(proposed).status_code == 200
        return self.controller.get(f"/periods/{self.month}").json

    def broken(self) -> set[str]:
        self.market.application.database["outbox"].update_many({}, {"$unset": {"pending": ""}})
        findings = self.controller.get("/audit").json["findings"]
        return {each["invariant"] for each in findings if not each["holds"]} - {"I9"}


@pytest.fixture
def finance(market: Any, calling: Callable[..., Any], clock: Any) -> Finance:
    market.earn("wrk_1", 3)
    finance = Finance(market, calling, clock)
    # The simulator's clock is the machine's: what it says may be of months before.
    database, books = market.application.database, MongoPeriodBooks(market.application.database)
    for each in market.application.periods.listed():
        if each.month < finance.month:
            books.keep_trial(each.month, 0, books.trial(each.month))
            database["period_closings"].insert_one(
                {
                    "_id": each.month,
                    "period": each.month,
                    "version": 0,
                    "sealed_count": 0,
                    "seal_head": BEGINNING,
                    "account_count": len(list(books.kept_trial(each.month, 0))),
                }
            )
            closed = replace(each, state="closed", closed_at=clock.now(), closing_id=each.month)
            database["periods"].insert_one({"_id": each.month, **_fields(closed)})
    return finance


def _fields(period: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(period).items() if name != "month"}


def post_late(finance: Finance, key: str) -> str:
    """A fact of the old month that is heard of now; returns the period it was booked into."""
    amount = Money.of_minor(100, "USD")
    entry = Entry(
        key=key,
        code="opening",
        currency=amount.currency,
        lines=(debit(BANK, amount), credit(EQUITY, amount)),
        occurred_at=datetime.fromisoformat(f"{finance.month}-28T12:00:00").replace(tzinfo=UTC),
    )
    finance.market.application.store.run(lambda session: session.ledger.post(entry))
    row = finance.market.application.database["journal"].find_one({"key": key})
    assert row["effective_on"] == f"{finance.month}-28"
    return str(row["period"])


def test_a_month_is_closed_by_two_people_and_nothing_comes_into_it_any_more(
    finance: Finance,
) -> None:
    month = finance.month
    assert finance.act("soft-close").json["code"] == "period_not_ready", "it has not ended"
    finance.wait_for_next_month()
    before = finance.act("soft-close", "2020-05")
    assert (before.json["code"], month in before.json["detail"]) == ("period_not_ready", True)
    books = MongoPeriodBooks(finance.market.application.database)
    finance.come_to_rest()
    assert post_late(finance, "late:0") == month, "an open month takes what is its own"
    counted, summed = list(books.counted_trial(month)), list(books.trial(month))
    assert counted == summed, "what no seal has yet counts too"
    assert (books.counted_drift_count(month), books.unsealed_lately(month)) == (0, 1)
    assert finance.act("close", reason="Now").json["code"] == "period_not_in_state"
    assert finance.act("soft-close").json["state"] == "soft_closed"
    assert post_late(finance, "late:1") == next_month(month)
    early = finance.act("close", reason="Now")
    assert early.json["code"] == "period_not_ready", "postings from before the fence end first"
    finance.come_to_rest()
    missing = finance.act("close", reason="Now").json
    assert missing["checks"] == ["processor_feed", "processor_proof"]
    finance.market.reconcile()
    finance.come_to_rest()
    shown = finance.controller.get(f"/periods/{month}").json
    assert shown["is_ready"], shown["checks"]
    stale = finance.act("close", reason="The month is over")
    assert finance.approve(finance.by_hand(500, f"{month}-28")).status_code == 200
    assert finance.approve(stale).json["code"] == "content_changed", "it came in between"
    closed = finance.close()
    assert closed["state"] == "closed"
    assert all(amount["amount_minor"] == 0 for amount in closed["closing"]["sums"])
    trial = finance.controller.get(f"/periods/{month}/trial-balance").json["items"]
    assert len(trial) == closed["closing"]["account_count"]
    bank = [row for row in trial if row["account"] == BANK]
    assert bank[0]["debit_units"] == 60_000, "what came late is not in it, what was by hand is"
    assert len(closed["closing"]["seal_head"]) == 64
    assert post_late(finance, "late:2") == next_month(month)
    assert finance.by_hand(500, f"{month}-28").json["code"] == "period_closed"
    assert finance.broken() == set()


def test_a_closed_month_is_opened_again_by_two_people_with_a_reason(finance: Finance) -> None:
    finance.wait_for_next_month()
    finance.market.reconcile()
    finance.act("soft-close")
    first = finance.close()["closing"]
    assert finance.act("reopen", reason="").status_code == 422
    proposed = finance.act("reopen", reason="An invoice was forgotten")
    left_over = finance.act("reopen", reason="Proposed by two at once")
    seen = {"content_hash": proposed.json["content_hash"]}
    path = f"/approvals/{proposed.json['approval_id']}/approve"
    assert finance.controller.post(path, seen).status_code == 403
    assert finance.approve(proposed).status_code == 200
    assert finance.approve(finance.by_hand(500, f"{finance.month}-28")).status_code == 200
    finance.act("soft-close")
    second = finance.close()["closing"]
    assert second["trial_hash"] != first["trial_hash"]
    assert "closed anew" in finance.approve(left_over).json["detail"]
    assert finance.controller.get(f"/periods/{finance.month}").json["state"] == "closed"
    acts = finance.controller.get("/audit/acts", subject=finance.month).json["items"]
    assert [each["what"] for each in reversed(acts) if each["what"].startswith("period")] == [
        "period.soft_closed",
        "period.closed",
        "period.reopened",
        "period.soft_closed",
        "period.closed",
    ]
    assert acts[0]["facts"]["before"]["state"] == "soft_closed"


def test_an_entry_slipped_into_a_closed_month_is_found(finance: Finance) -> None:
    finance.wait_for_next_month()
    finance.market.reconcile()
    finance.act("soft-close")
    finance.close()
    finance.come_to_rest()
    post_late(finance, "late:1")
    journal = finance.market.application.database["journal"]
    journal.update_one({"key": "late:1"}, {"$set": {"period": finance.month}})
    assert {"I12", "I16"} <= finance.broken()


def test_a_late_fact_goes_into_the_first_month_that_takes_it() -> None:
    states = {
        "2026-01": PeriodState.CLOSED,
        "2026-02": PeriodState.SOFT_CLOSED,
        "2026-03": PeriodState.REOPENED,
    }
    found = {
        (month, code): period_for(month, code, current="2026-04", states=states)
        for month in ("2026-01", "2026-03", "2026-04")
        for code in ("topup", "manual")
    }
    assert found == {
        ("2026-01", "topup"): "2026-03",
        ("2026-01", "manual"): "2026-02",
        ("2026-03", "topup"): "2026-03",
        ("2026-03", "manual"): "2026-03",
        ("2026-04", "topup"): "2026-04",
        ("2026-04", "manual"): "2026-04",
    }


def test_daily_balances_are_the_journal_by_day_and_are_mended_from_zero(
    finance: Finance, browsing: Callable[..., Any]
) -> None:
    application, before = finance.market.application, f"{finance.market.application.clock.now():%F}"
    finance.wait_for_next_month()
    finance.approve(finance.by_hand(700, f"{application.clock.now():%F}"))
    finance.come_to_rest()
    asked = finance.controller.get("/ledger/trial-balance", until=before, by="booked").json
    now = finance.controller.get("/ledger/trial-balance").json
    rows = {row["account"]: row["balance"] for row in now["accounts"]}
    assert rows.pop(BANK)["amount_minor"] == 700
    rows.pop(EQUITY)
    assert {row["account"]: row["balance"] for row in asked["accounts"]} == rows
    page = browsing("staff", "stf_1", "finance.view").get(f"/finance/ledger?until={before}")
    assert "equity:opening" not in page.text
    balances = application.database["balances_daily"]
    balances.update_one({"account": BANK}, {"$inc": {"dr": 100}})
    assert [cell.account for cell in application.rebuild_balances()] == [BANK]
    assert application.rebuild_balances() == []


def test_a_close_reads_what_came_since_the_one_before_and_no_entry_of_before(
    finance: Finance, browsing: Callable[..., FlaskClient]
) -> None:
    finance.wait_for_next_month()
    finance.market.reconcile()
    finance.act("soft-close")
    first = finance.close()["closing"]
    month, finance.month = finance.month, next_month(finance.month)
    finance.approve(finance.by_hand(700, f"{finance.month}-01"))
    finance.wait_for_next_month()
    finance.market.reconcile()
    database = finance.market.application.database
    gone = list(database["journal"].find({"period": {"$lte": month}}))
    database["journal"].delete_many({"period": {"$lte": month}})
    finance.act("soft-close")
    second = finance.close()["closing"]
    assert second["sealed_count"] > first["sealed_count"], "the chain goes on from its head"
    path = f"/periods/{finance.month}/trial-balance"
    trial, cursor = [], ""
    while cursor is not None:
        page = finance.controller.get(path, limit="2", cursor=cursor).json
        trial, cursor = [*trial, *page["items"]], page["next_cursor"]
    assert len(trial) == second["account_count"] >= first["account_count"]
    assert {row["account"]: row["debit_units"] for row in trial}[BANK] == 70_000
    browser = browsing("staff", "stf_auditor", "auditor")
    page = browser.get(f"/finance/periods/{finance.month}").text
    assert page.count('<td class="account">') == len(trial)
    descending = {"trial-sort": "-account"}
    sent = browser.get(f"/finance/periods/{finance.month}.csv", query_string=descending).text
    accounts = [row.split(",")[0].strip('"') for row in sent.splitlines()[1:]]
    assert accounts == [row["account"] for row in reversed(trial)]
    database["journal"].insert_many(gone)
    assert finance.broken() == set(), "and it says what the whole journal says"


def test_a_close_that_was_proposed_before_the_month_before_was_closed_anew_is_void(
    finance: Finance,
) -> None:
    finance.wait_for_next_month()
    finance.market.reconcile()
    finance.act("soft-close")
    finance.close()
    month, finance.month = finance.month, next_month(finance.month)
    finance.wait_for_next_month()
    finance.market.reconcile()
    finance.act("soft-close")
    finance.come_to_rest()
    stale = finance.act("close", reason="The month is over")
    assert finance.approve(finance.act("reopen", month, reason="Forgotten")).status_code == 200
    finance.approve(finance.by_hand(500, f"{month}-28"))
    finance.act("soft-close", month)
    finance.come_to_rest()
    assert finance.approve(finance.act("close", month, reason="Again")).status_code == 200
    assert finance.approve(stale).json["code"] == "content_changed"
