"""The audit: every invariant with a figure, what it finds, and the log of who did what."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import payment_service
import pytest
from bson import Int64
from crowdloom.contracts.task import BatchTotals
from flask_babel import force_locale
from openpyxl import load_workbook
from payment_service.adapters.mongo_periods import MongoPeriodBooks
from payment_service.domain.approvals import ApprovalStatus
from payment_service.domain.exceptions import ExceptionState
from payment_service.domain.periods import PeriodState
from payment_service.entrypoints.pages import audit_words

_ACTED_ON = (
    *("approval", "bank_account", "bank_file", "bank_statement", "exception", "hold"),
    *("payout_item", "payout_run", "payouts", "period", "refund", "staff", "worker"),
)

ENTRY = {
    "lines": [
        {
            "account": f"{account}:USD",
            "side": side,
            "amount": {"amount_minor": 500, "currency": "USD"},
        }
        for account, side in (("asset:bank:main", "debit"), ("equity:opening", "credit"))
    ]
}


@pytest.fixture
def auditor(calling: Callable[..., Any]) -> Any:
    return calling("staff", "stf_auditor", "auditor")


@pytest.fixture
def paid(market: Any, calling: Callable[..., Any]) -> Any:
    """A market in which a worker was paid, and the platform has money of its own."""
    body = {"kind": "manual_entry", "payload": ENTRY, "reason": "Our own money"}
    made = market.maker.post("/approvals", body).json
    seen = {"content_hash": made["content_hash"]}
    approved = market.checker.post(f"/approvals/{made['approval_id']}/approve", seen)
    assert approved.status_code == 200, approved.json
    market.earn("wrk_1", 3)
    market.ask(calling("worker", "wrk_1"))
    market.pay_out()
    market.reconcile()
    # All in one instant: what was written is not published by anybody here.
    market.application.database["outbox"].update_many({}, {"$unset": {"pending": ""}})
    return market


def broken(auditor: Any) -> dict[str, list[str]]:
    found = auditor.get("/audit").json
    return {each["invariant"]: each["broken"] for each in found["findings"] if not each["holds"]}


def test_every_invariant_holds_and_says_what_it_looked_at(
    paid: Any, auditor: Any, web: Any
) -> None:
    found = auditor.get("/audit").json
    assert [each["invariant"] for each in found["findings"]] == [f"I{n}" for n in range(1, 18)]
    assert broken(auditor) == {}
    assert found["holds"]
    figures = {each["invariant"]: each["figure"] for each in found["findings"]}
    assert figures["I5"] == "3 accepted"
    assert figures["I10"] == "1 payout lines"
    assert figures["I17"] == "1 entries by hand"
    with web.test_request_context("/finance/audit"), force_locale("fa"):
        told = [audit_words.figure(figure) for figure in figures.values()]
    assert [
        figure for figure in told if re.search(r"[a-z]|(?<![0-9.])[0-9](?![0-9.])", figure)
    ] == []
    assert "USD" in " ".join(told)


def test_a_cent_that_was_changed_behind_our_back_is_found(paid: Any, auditor: Any) -> None:
    accounts = paid.application.database["accounts"]
    accounts.update_one({"kind": "wallet"}, {"$inc": {"posted": Int64(100)}})
    assert set(broken(auditor)) == {"I2"}


def test_what_a_lost_log_held_waits_like_what_was_never_published(
    paid: Any, auditor: Any, clock: Any
) -> None:
    clock.advance(seconds=600)
    database = paid.application.database
    books = MongoPeriodBooks(database)
    assert "I14" not in broken(auditor)
    assert books.unpublished(clock.now()) == 0
    topic = database["outbox"].find_one()["topic"]
    database["relay_state"].insert_one({"_id": topic, "is_lost": True})
    assert "I14" in broken(auditor)
    assert books.unpublished(clock.now()) == database["outbox"].count_documents({"topic": topic})


def test_reserved_money_that_no_batch_accounts_for_is_found(paid: Any, auditor: Any) -> None:
    batches = paid.application.database["batches"]
    batches.update_one({}, {"$inc": {"settled_count": 1}})
    assert set(broken(auditor)) == {"I5"}


def totals(paid: Any, count: int, *, seconds: int, **slots: int) -> BatchTotals:
    first = paid.make.BEGINNING
    return BatchTotals(
        batch_id="bat_1",
        on=f"{first:%Y-%m-%d}",
        accepted_count=count,
        overturned_count=0,
        rewards=paid.make.FIVE_CENTS * count,
        as_of=first + timedelta(seconds=seconds),
        **slots,
    )


def test_accepted_work_that_is_not_what_task_service_counts_is_found_and_waits_for_a_person(
    paid: Any, auditor: Any
) -> None:
    paid.deliver(totals(paid, 3, seconds=1))
    found = auditor.get("/audit").json["findings"]
    assert next(each for each in found if each["invariant"] == "I5")["figure"] == (
        "3 accepted, 1 totals told"
    )
    paid.deliver(totals(paid, 4, seconds=2), totals(paid, 3, seconds=1))
    assert set(broken(auditor)) == {"I5"}
    (waiting,) = paid.checker.get("/exceptions", severity="critical").json["items"]
    assert (waiting["kind"], waiting["subject"]) == ("control_differs", "bat_1")
    assert paid.application.compare_totals() == 0, "it still differs"
    paid.deliver(totals(paid, 3, seconds=3))
    assert paid.checker.get("/exceptions").json["items"] == []
    assert broken(auditor) == {}


@pytest.mark.parametrize(("slots", "unsettled"), [(3, 1), (4, 0)])
def test_slots_that_task_service_counts_otherwise_than_there_is_money_for_break_i4(
    paid: Any, auditor: Any, slots: int, unsettled: int
) -> None:
    counted = {"slot_count": slots, "unsettled_slot_count": unsettled}
    paid.deliver(totals(paid, 3, seconds=1, slot_count=3, unsettled_slot_count=0))
    assert broken(auditor) == {}
    paid.deliver(totals(paid, 3, seconds=2, **counted))
    assert set(broken(auditor)) == {"I4"}
    (waiting,) = paid.checker.get("/exceptions", severity="critical").json["items"]
    assert (waiting["kind"], waiting["subject"]) == ("control_differs", "bat_1")


def test_a_closed_slot_counts_as_settled_from_when_it_was_closed(
    paid: Any, auditor: Any, make: Any
) -> None:
    paid.deliver(make.funding(batch_id="bat_2", slot_count=4))
    closed_at = make.BEGINNING + timedelta(seconds=5)
    paid.deliver(make.rejected(9, batch_id="bat_2", rejected_at=closed_at))
    slots = {"slot_count": 4, "batch_id": "bat_2"}
    before = totals(paid, 0, seconds=4, unsettled_slot_count=4)
    after = totals(paid, 0, seconds=6, unsettled_slot_count=3)
    paid.deliver(replace(before, **slots), replace(after, **slots))
    assert broken(auditor) == {}


def test_an_entry_by_hand_that_one_person_alone_stands_for_is_found(
    paid: Any, auditor: Any
) -> None:
    approvals = paid.application.database["approvals"]
    approvals.update_one({}, {"$set": {"decided_by": "stf_maker"}})
    assert set(broken(auditor)) == {"I17"}


def test_only_finance_and_auditors_may_see_the_audit(calling: Callable[..., Any]) -> None:
    assert calling("staff", "stf_1", "operator").get("/audit").status_code == 403
    assert calling("worker", "wrk_1").get("/audit").status_code == 403
    assert calling("staff", "stf_1", "operator").get("/audit/acts").status_code == 403


def test_the_log_says_who_did_what_newest_first_and_by_person(paid: Any, auditor: Any) -> None:
    acts = auditor.get("/audit/acts").json["items"]
    assert [act["what"] for act in acts][-2:] == ["approval.approved", "approval.propose"]
    mine = auditor.get("/audit/acts", who="stf_checker").json["items"]
    assert {act["who"] for act in mine} == {"stf_checker"}
    drafts = auditor.get("/audit/acts", what="payout_run.draft").json["items"]
    assert [act["what"] for act in drafts] == ["payout_run.draft"]


def test_every_act_of_the_log_has_words(paid: Any, web: Any) -> None:
    source = "\n".join(
        file.read_text("utf-8") for file in Path(payment_service.__file__).parent.rglob("*.py")
    )
    kinds = "|".join(_ACTED_ON)
    noted = set(re.findall(rf'"((?:{kinds})\.[a-z_]+)"', source))
    noted |= {f"exception.{state}" for state in ExceptionState if state is not ExceptionState.OPEN}
    noted |= {f"approval.{status}" for status in ApprovalStatus if status != "proposed"}
    noted |= {f"period.{state}" for state in PeriodState}
    noted |= set(paid.application.readers.audit.acts())
    assert len(noted) > 35
    with web.test_request_context("/finance/audit"):
        assert noted - set(audit_words.acts()) == set()


def test_the_page_and_the_file_show_the_same(paid: Any, auditor: Any, web: Any) -> None:
    headers = {"Authorization": f"Bearer {auditor.token}"}
    changed = {"before": "", "after": {"limit": 3}}
    earlier = {"before": "a word alone"}
    for facts in (changed, earlier):
        paid.application.store.run(
            lambda s, f=facts: s.audit.note(who="stf_1", what="limit.change", subject="x", **f)
        )
    page = web.test_client().get("/finance/audit", headers=headers)
    assert page.status_code == 200
    assert "I17" in page.text
    assert "payout_run.approve" in page.text
    assert "limit: - → 3" in page.text
    of_log = web.test_client().get("/finance/audit?subject=x", headers=headers)
    assert ("I17" in of_log.text, "limit: - → 3" in of_log.text) == (False, True), "the log alone"
    none = web.test_client().get("/finance/audit?subject=none", headers=headers).text
    assert ("Nothing fits" in none, "Nothing was noted" in none) == (True, False)
    book = web.test_client().get("/finance/audit.xlsx?subject=x", headers=headers)
    assert load_workbook(io.BytesIO(book.data)).active.max_row == 3
    file = web.test_client().get("/finance/audit.csv?what=payout_run.freeze", headers=headers)
    assert len(file.text.strip().splitlines()) == 2
