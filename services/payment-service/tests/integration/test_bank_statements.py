"""Bank statements through the API and the pages: looked at, confirmed, booked once, matched."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from bson import Int64
from flask import Flask
from flask.testing import FlaskClient
from payment_service.adapters.mongo_banks import MongoBankLines
from payment_service.application import import_statements, reconcile
from payment_service.application.book_lines import BookLines
from payment_service.domain.bank_statements import BankLineState

ACCOUNT = {
    "account_id": "main",
    "name": "Main",
    "number": "0532013000",
    "currency": "USD",
    "mapping": {"date": "Day", "amount": "Amount", "balance": "Balance", "text": "Text"},
}
BANK, SUSPENSE = "asset:bank:main:USD", "asset:suspense:bank:USD"
TRANSIT = "asset:transit:stripe:bank:USD"


def csv_of(*lines: tuple[str, str, str], day: str = "2026-11-02") -> bytes:
    """Lines of (amount, running balance, text)."""
    rows = [f'{day},{amount},{balance},"{text}"' for amount, balance, text in lines]
    return "\n".join(["Day,Amount,Balance,Text", *rows, ""]).encode()


class Died(Exception):
    """The process is gone."""


class Bank:
    """Somebody who sends statements."""

    def __init__(self, market: Any, web: Flask) -> None:
        self.market, self.web = market, web
        assert market.maker.post("/bank-accounts", ACCOUNT).status_code == 200

    def look(self, content: bytes, **more: str) -> Any:
        return self.web.test_client().post(
            "/api/payments/v1/bank-statements",
            data={"account_id": "main", "file": (io.BytesIO(content), "s.csv"), **more},
            headers={"Authorization": f"Bearer {self.market.maker.token}"},
        )

    def book(self, content: bytes) -> list[Any]:
        """Look, confirm; returns the lines."""
        looked = self.look(content)
        assert looked.status_code == 200, looked.text
        answer = self.confirm(looked.json["file_id"])
        assert answer.status_code == 200, answer.text
        return self.lines(answer.json["statement_ids"][-1])

    def confirm(self, file_id: str) -> Any:
        return self.market.maker.post(f"/bank-statements/files/{file_id}/confirm")

    def lines(self, statement_id: str) -> list[Any]:
        found: list[Any] = self.market.checker.get(f"/bank-statements/{statement_id}/lines").json[
            "items"
        ]
        return found

    def balance(self, path: str) -> int:
        """Minor units, debit side."""
        rows = self.market.application.journal.trial_balance()
        return sum(row.signed for row in rows if row.path == path) // 100

    def decide(self, proposal: str, /, **payload: Any) -> Any:
        """Proposed by the maker, approved by the checker."""
        body = {"kind": proposal, "payload": payload, "reason": "looked at it"}
        made = self.market.maker.post("/approvals", body)
        if made.status_code != 201:
            return made
        seen = {"content_hash": made.json["content_hash"]}
        return self.market.checker.post(f"/approvals/{made.json['approval_id']}/approve", seen)

    def i8(self) -> Any:
        findings = self.market.application.audit_money()
        return next(each for each in findings if each.invariant == "I8")

    def waiting(self) -> list[str]:
        return [each["kind"] for each in self.market.checker.get("/exceptions").json["items"]]


@pytest.fixture
def bank(market: Any, web: Flask) -> Bank:
    return Bank(market, web)


def sweep(market: Any, minor: int) -> str:
    """The processor pays out to our bank; returns its id."""
    settings = market.application.settings
    sent = market.processor.http.post(
        f"{settings.stripe_api_base}/v1/payouts",
        data={"amount": minor, "currency": "usd"},
        headers={"Authorization": f"Bearer {settings.stripe_api_key}"},
        timeout=10,
    )
    assert sent.status_code == 200, sent.text
    market.application.poll_processor.catch_up()
    return str(sent.json()["id"])


def arrival(market: Any) -> str:
    """The day of the newest sweep, which the simulator's own clock chose."""
    newest: Any = market.application.database["sweeps"].find_one(sort=[("sent_at", -1)])
    return str(newest["arrives_on"])


FIRST = csv_of(("-2.50", "97.50", "Fee"), ("10.00", "107.50", "who knows"))


def test_a_first_statement_sets_the_opening_balance_and_books_every_line(bank: Bank) -> None:
    looked = bank.look(FIRST)
    assert looked.json["statements"][0]["line_count"] == 2
    assert bank.balance(BANK) == 0, "looking books nothing"
    fee, unknown = bank.book(FIRST)
    assert (fee["state"], unknown["state"]) == ("unmatched", "unmatched")
    assert (bank.balance(BANK), bank.balance(SUSPENSE)) == (10_750, -750)
    assert bank.waiting() == ["unmatched_bank_line", "unmatched_bank_line"]


@pytest.mark.parametrize("by_hand", [10_000, 12_000])
def test_what_somebody_booked_of_a_bank_before_its_first_statement_is_not_booked_again(
    bank: Bank, by_hand: int
) -> None:
    amount = {"amount_minor": by_hand, "currency": "USD"}
    sides = ((BANK, "debit"), ("equity:opening:USD", "credit"))
    lines = [{"account": path, "side": side, "amount": amount} for path, side in sides]
    assert bank.decide("manual_entry", lines=lines).status_code == 200
    bank.book(FIRST)
    assert (bank.balance(BANK), bank.balance("equity:opening:USD")) == (10_750, -10_000)
    assert bank.i8().holds


@pytest.mark.parametrize("change", ["$set", "delete", "nothing"])
def test_the_audit_finds_a_bank_line_that_is_not_what_was_booked_of_it(
    bank: Bank, change: str
) -> None:
    _fee, unknown = bank.book(FIRST)
    lines = bank.market.application.database["bank_lines"]
    if change == "$set":
        lines.update_one({"_id": unknown["line_id"]}, {"$set": {"units": Int64(100_100)}})
    elif change == "delete":
        lines.delete_one({"_id": unknown["line_id"]})
    found = bank.i8()
    assert found.figure == "0 processor lines, 2 bank lines" or change == "delete"
    assert found.holds is (change == "nothing"), found.broken
    assert all(unknown["line_id"] in broken for broken in found.broken)


def test_a_line_of_nothing_is_a_notice_and_is_not_booked(bank: Bank) -> None:
    lines = bank.book(csv_of(("100.00", "100.00", "In"), ("0.00", "100.00", "New terms")))
    assert [line["state"] for line in lines] == ["unmatched"]


def test_the_same_file_or_statement_again_is_refused_and_a_confirmation_again_changes_nothing(
    bank: Bank,
) -> None:
    file_id = bank.look(FIRST).json["file_id"]
    first, again = bank.confirm(file_id), bank.confirm(file_id)
    assert first.json == again.json
    refused = bank.look(FIRST)
    assert (refused.status_code, refused.json["code"]) == (409, "statement_known")
    other_file = bank.look(FIRST + b"\n")
    assert (other_file.status_code, other_file.json["code"]) == (409, "statement_known")
    assert bank.balance(BANK) == 10_750


def test_a_missing_statement_is_named_and_nothing_is_booked(bank: Bank) -> None:
    bank.book(FIRST)
    later = csv_of(("1.00", "151.00", "x"), day="2026-11-05")
    refused = bank.look(later)
    assert refused.json["code"] == "statement_missing"
    assert (refused.json["last_closed_on"], refused.json["overlaps"]) == ("2026-11-02", False)
    again = bank.look(csv_of(("-2.50", "107.50", "Fee"), ("1.00", "108.50", "x"), day="2026-11-02"))
    assert (again.json["code"], again.json["overlaps"]) == ("statement_missing", True)
    next_one = csv_of(("1.00", "108.50", "x"), day="2026-11-05")
    bank.book(next_one)
    assert bank.balance(BANK) == 10_850


def test_two_confirmations_of_statements_that_both_follow_the_last_book_one(bank: Bank) -> None:
    bank.book(FIRST)
    one = bank.look(csv_of(("1.00", "108.50", "a"), day="2026-11-04")).json["file_id"]
    other = bank.look(csv_of(("2.00", "109.50", "b"), day="2026-11-05")).json["file_id"]
    assert bank.confirm(one).status_code == 200
    refused = bank.confirm(other)
    assert (refused.status_code, refused.json["code"]) == (422, "statement_missing")
    assert bank.balance(BANK) == 10_850


def test_nobody_waits_for_a_long_statement_and_whoever_dies_while_it_is_booked_is_followed(
    bank: Bank, browsing: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = bank.market.application
    desk, readers = application.import_statements, application.readers
    monkeypatch.setattr(import_statements, "_AT_ONCE_MAX", 1)
    monkeypatch.setattr(import_statements, "_STAGED_TOGETHER", 1)
    file_id = bank.look(FIRST).json["file_id"]
    statement_id = bank.confirm(file_id).json["statement_ids"][0]
    assert bank.lines(statement_id) == [], "it is taken, and the job has yet to come"
    assert bank.i8().holds, "it was confirmed just now"
    clock.advance(seconds=3_700)
    assert statement_id in bank.i8().broken[0], "for an hour nobody has booked it"
    page = browsing("staff", "stf_maker", "finance.maker")
    shown = page.get(f"/finance/bank-statements/{statement_id}").text
    assert "0 of 2 lines are in the ledger" in shown
    assert "Nothing moved" not in shown
    stage = MongoBankLines.stage
    staged: list[Any] = []

    def dies(self: Any, lines: Any) -> None:
        if staged:
            raise Died
        staged.extend(lines)
        stage(self, lines)

    with monkeypatch.context() as patch:
        patch.setattr(MongoBankLines, "stage", dies)
        with pytest.raises(Died):
            desk.book_waiting()
    assert [line["state"] for line in bank.lines(statement_id)] == ["waiting"]
    changed = {"date": "day", "amount": "other"}
    known = readers.bank_accounts.get("main")
    application.put_bank_account(
        "stf_maker", "main", name="Main", number=known.number, currency="USD", mapping=changed
    )
    while desk.book_waiting():
        pass
    assert bank.balance(BANK) == 10_750
    assert readers.bank_statements.get(statement_id).booked_count == 2
    assert bank.i8().holds


def test_lines_that_somebody_else_confirmed_and_booked_meanwhile_are_not_staged_again(
    bank: Bank,
) -> None:
    bank.book(FIRST)
    application = bank.market.application
    (statement,) = application.readers.bank_statements.listed(2)
    lines = application.readers.bank_lines.of_statement(statement.statement_id, 9)
    again = [replace(line, state=BankLineState.WAITING, entry_key="") for line in lines]
    application.store.run(lambda session: session.bank_lines.stage(again))
    assert application.readers.bank_lines.of_statement(statement.statement_id, 9) == lines


def test_a_payout_of_the_processor_is_in_transit_until_the_bank_shows_it(
    bank: Bank, browsing: Any
) -> None:
    page = browsing("staff", "stf_1", "finance.view")
    bank.market.pay_in(bank.market.requester, 10_000)
    swept = sweep(bank.market, 2_000)
    assert bank.balance(TRANSIT) == 2_000
    today = page.get("/finance").text
    assert "under way between processor and bank" in today
    assert "in bank accounts" not in today
    named, other = bank.book(
        csv_of(
            ("20.00", "20.00", f"STRIPE {swept.upper()}"),
            ("20.00", "40.00", "gift"),
            day=arrival(bank.market),
        )
    )
    assert (named["kind"], named["target"], named["rule"]) == ("sweep", swept, "reference")
    assert other["state"] == "unmatched"
    assert (bank.balance(TRANSIT), bank.balance(BANK)) == (0, 4_000)
    today = page.get("/finance").text
    assert "under way between processor and bank" not in today
    assert ("in bank accounts" in today, "$40.00" in today) == (True, True)
    assert "what is wrong" not in today, "the kind says it"
    result = bank.market.reconcile()
    assert result["unreconciled_minor"] == 0, result["differences"]


def test_a_sweep_without_its_name_is_matched_when_amount_and_day_fit_once_on_both_sides(
    bank: Bank,
) -> None:
    bank.market.pay_in(bank.market.requester, 10_000)
    sweep(bank.market, 2_000)
    (alone,) = bank.book(csv_of(("20.00", "20.00", "STRIPE"), day=arrival(bank.market)))
    assert (alone["kind"], alone["rule"]) == ("sweep", "amount_and_day")
    sweep(bank.market, 3_000)
    day = arrival(bank.market)
    two = bank.book(csv_of(("30.00", "50.00", "a"), ("30.00", "80.00", "b"), day=day))
    assert {line["state"] for line in two} == {"unmatched"}
    assert bank.waiting().count("ambiguous") == 2


def test_our_own_money_to_the_processor_is_in_transit_until_the_bank_shows_it_and_fees_are_costs(
    bank: Bank, make: ModuleType
) -> None:
    def booked(kind: str, source: str, minor: int) -> None:
        amount, none = make.usd(minor), make.usd(0)
        name = f"txn_{kind}_{source}"
        line = make.charge(
            "",
            minor,
            transaction_id=name,
            kind=kind,
            source_id=source,
            gross=amount,
            fee=none,
            net=amount,
            metadata={},
        )
        BookLines(bank.market.application.store)([line])

    booked("topup", "tu_named", 2_000)
    booked("topup", "tu_back", 700)
    booked("topup_reversal", "tu_back", -700)
    booked("stripe_fee", "fee_1", -30)
    assert bank.balance(TRANSIT) == -2_000
    assert bank.balance("expense:stripe:processing:USD") == 30
    assert bank.balance("asset:stripe:available:USD") == 1_970
    day = arrival(bank.market)
    out, other = bank.book(
        csv_of(("-20.00", "80.00", "to tu_named"), ("-7.00", "73.00", "rent"), day=day)
    )
    assert (out["kind"], out["target"]) == ("sweep", "tu_named")
    assert other["state"] == "unmatched"
    assert bank.balance(TRANSIT) == 0
    assert bank.waiting() == ["unmatched_bank_line"]
    assert bank.i8().holds, bank.i8().broken
    assert bank.market.application.audit_money()[0].holds


def test_funds_paid_in_by_bank_transfer_reach_the_requester_whom_they_name(bank: Bank) -> None:
    bank.market.pay_in(bank.market.requester, 1_000)
    requester = "req_" + "0" * 25 + "7"
    bank.market.application.database["top_ups"].update_many(
        {}, {"$set": {"requester_id": requester}}
    )
    (line,) = bank.book(csv_of(("25.00", "25.00", f"funds for {requester.upper()}")))
    assert (line["kind"], line["target"]) == ("bank_top_up", requester)
    assert bank.balance(f"liability:requester:{requester}:wallet:USD") == -2_500


def test_a_line_is_matched_by_hand_and_unmatched_by_two_people_and_matched_again(
    bank: Bank,
) -> None:
    fee, _ = bank.book(FIRST)
    costs = {"line_id": fee["line_id"], "kind": "account", "target": "expense:bank:fees:USD"}
    assert bank.decide("statement_match", **costs).status_code == 200
    assert (bank.balance("expense:bank:fees:USD"), bank.balance(SUSPENSE)) == (250, -1_000)
    assert bank.waiting() == ["unmatched_bank_line"]
    assert bank.decide("statement_match", **costs).status_code == 409
    assert bank.decide("statement_unmatch", line_id=fee["line_id"]).status_code == 200
    assert (bank.balance("expense:bank:fees:USD"), bank.balance(SUSPENSE)) == (0, -750)
    assert bank.decide("statement_match", **costs).status_code == 200
    assert bank.balance("expense:bank:fees:USD") == 250
    owned = {**costs, "target": "liability:worker:wrk_1:payable:USD"}
    assert bank.decide("statement_match", **owned).status_code in {409, 422}


def test_a_line_whose_exception_was_settled_otherwise_is_matched_by_nobody(bank: Bank) -> None:
    fee, _ = bank.book(FIRST)
    (waiting,) = [
        each
        for each in bank.market.checker.get("/exceptions").json["items"]
        if each["subject"] == fee["line_id"]
    ]
    assert bank.decide("write_off", exception_id=waiting["exception_id"]).status_code == 200
    assert bank.balance("expense:loss:writeoff:USD") == 250
    match = bank.decide(
        "statement_match",
        line_id=fee["line_id"],
        kind="account",
        target="expense:bank:fees:USD",
    )
    assert (match.status_code, match.json["code"]) == (409, "bank_line_not_in_state")


@pytest.fixture
def maker(browsing: Callable[..., FlaskClient]) -> FlaskClient:
    return browsing("staff", "stf_maker", "finance.view", "finance.maker")


def test_by_page_an_account_is_added_a_file_is_seen_and_booked_and_a_line_matched(
    market: Any, maker: FlaskClient
) -> None:
    account = {"account_id": "main", "name": "Main", "number": "0532013000", "currency": "USD"}
    wrong = maker.post("/finance/bank-accounts/new", data={**account, "number": "1"})
    assert wrong.status_code == 422
    assert "IBAN" in wrong.text
    mapping = {"date": "Day", "amount": "Amount", "balance": "Balance", "text": "Text"}
    maker.post("/finance/bank-accounts/new", data={**account, **mapping})
    assert 'value="Balance"' in maker.get("/finance/bank-accounts/main").text
    for name, says in ((" main ", "already"), ("new", "Small letters")):
        refused = maker.post("/finance/bank-accounts/new", data={**account, "account_id": name})
        assert (refused.status_code, says in refused.text) == (422, True)
    undated = {**account, **mapping, "date": ""}
    assert maker.post("/finance/bank-accounts/main", data=undated).status_code == 422
    assert 'value="Balance"' in maker.get("/finance/bank-accounts/main").text
    assert maker.post("/finance/bank-accounts/other", data=account).status_code == 404
    page = "/finance/bank-statements"

    def upload(content: bytes) -> Any:
        file = (io.BytesIO(content), "november.csv")
        return maker.post(page, data={"account_id": "main", "file": file})

    broken = upload(FIRST.replace(b"97.50", b"97.51"))
    assert broken.status_code == 422
    assert "Line 2: " in broken.text or "Line 3: " in broken.text
    looked = upload(FIRST)
    assert looked.status_code == 303
    assert "Nothing is booked yet" in maker.get(looked.location).text
    booked = maker.post(f"{looked.location}/confirm", data={"idempotency_key": "k"})
    shown = maker.get(booked.location).text
    assert "In suspense" in shown
    assert "november" not in shown or "csv" in shown
    file = maker.get(f"{booked.location}.csv").get_data().decode("utf-8-sig")
    assert "2026-11-02,-2.50,USD,unmatched,,Fee,Fee" in file
    line = shown.partition("/finance/bank-statements/lines/")[2].partition('"')[0]
    form = {"kind": "account", "target": "expense:bank:fees:USD", "reason": "fee"}
    proposed = maker.post(f"{page}/lines/{line}/match", data={**form, "idempotency_key": "m"})
    assert proposed.location.startswith("/finance/approvals/")
    assert "Match of a bank line" in maker.get(proposed.location).text
    assert "$107.50" in maker.get(page).text


def test_a_match_and_a_tolerance_are_refused_in_the_readers_language(
    bank: Bank, maker: FlaskClient
) -> None:
    (line,) = bank.book(csv_of(("-2.50", "97.50", "Fee")))
    slip = {"kind": "account", "target": "expense:nothing:USD", "reason": "fee"}
    path = f"/finance/bank-statements/lines/{line['line_id']}/match?lang=fa"
    refused = maker.post(path, data={**slip, "idempotency_key": "slip"})
    assert "حسابی از نمودار حساب‌ها" in maker.get(refused.location).text
    rule = {"kind": "line", "contains": "a", "maximum": "900", "account": "asset:bank:main:USD"}
    path = "/finance/bank-accounts/main/tolerances"
    refused = maker.post(path, data={**rule, "reason": "fees", "idempotency_key": "rule"})
    told = maker.get(refused.location).text
    assert "۳ تا ۴۰ حرف" in told
    assert "letters or digits" not in told


def test_of_a_line_without_a_counterparty_none_is_told(bank: Bank, maker: FlaskClient) -> None:
    bank.book(csv_of(("-2.50", "97.50", "Fee")))
    listed = maker.get("/finance/exceptions").text
    one = maker.get(re.findall(r"/finance/exceptions/exc_\w+", listed)[0]).text
    assert "Fee" in listed
    assert not any("counterparty" in page for page in (listed, one))


def test_one_line_for_all_sweeps_of_a_day_or_for_a_whole_bank_file_is_matched_as_a_group(
    bank: Bank,
) -> None:
    market = bank.market
    market.pay_in(market.requester, 10_000)
    for minor in (1_500, 700):
        sweep(market, minor)
    (together,) = bank.book(csv_of(("22.00", "22.00", "STRIPE"), day=arrival(market)))
    assert (together["kind"], together["rule"]) == ("sweeps", "group")
    assert bank.balance(TRANSIT) == 0
    assert bank.decide("statement_unmatch", line_id=together["line_id"]).status_code == 200
    assert (bank.balance(TRANSIT), bank.balance(SUSPENSE)) == (2_200, -2_200)
    assert market.application.reconcile() == 0
    result = market.reconcile()
    assert bank.balance(TRANSIT) == 0, "the rules find it again"
    assert (result["differences"], result["timing"]) == ([], [])
    (proof,) = result["banks"]
    assert proof["unexplained"]["amount_minor"] == 0


def test_nothing_is_tolerated_without_a_rule_that_two_people_agreed_on(bank: Bank) -> None:
    market = bank.market
    market.pay_in(market.requester, 10_000)
    named = sweep(market, 2_000)
    day = arrival(market)
    rule: dict[str, Any] = {"account_id": "main", "account": "expense:bank:fees:USD"}
    dollar = {"amount_minor": 100, "currency": "USD"}
    owned = {**rule, "kind": "line", "contains": "fee", "maximum": dollar}
    refused = bank.decide("tolerance_rule", **{**owned, "account": "equity:opening:USD"})
    assert refused.status_code == 422
    for kind, contains in (("line", "monthly fee"), ("sweep_fee", "stripe")):
        made = bank.decide("tolerance_rule", **{**owned, "kind": kind, "contains": contains})
        assert made.status_code == 200, made.text
    short, fee, dear = bank.book(
        csv_of(
            ("19.50", "19.50", f"STRIPE {named}"),
            ("-1.00", "18.50", "Monthly fee November"),
            ("-1.01", "17.49", "Monthly fee December"),
            day=day,
        )
    )
    assert (short["kind"], short["target"], short["rule"]) == ("sweep", named, "tolerance")
    assert (fee["kind"], fee["rule"]) == ("account", "tolerance")
    assert dear["state"] == "unmatched"
    assert bank.balance("expense:bank:fees:USD") == 150
    assert (bank.balance(TRANSIT), bank.balance(BANK)) == (0, 1_749)


def test_a_cent_that_the_bank_does_not_have_and_what_is_late_are_differences_of_either_sign(
    bank: Bank, clock: Any, monkeypatch: pytest.MonkeyPatch, browsing: Any
) -> None:
    market = bank.market
    market.pay_in(market.requester, 10_000)
    bank.book(FIRST)
    swept, other = sweep(market, 2_000), sweep(market, 100)
    sweeps = market.application.database["sweeps"]
    today = market.application.clock.now().date().isoformat()
    sweeps.update_many({}, {"$set": {"arrives_on": today}})
    monkeypatch.setattr(reconcile, "FIRST_ONES", 1)
    result = market.reconcile()
    assert result["differences"] == []
    assert len(result["timing"]) == 1, "the first ones; all are in a list of their own"
    of_it = f"/reconciliations/{result['reconciliation_id']}/timing"
    first = bank.market.checker.get(of_it, limit=1).json
    rest = bank.market.checker.get(of_it, cursor=first["next_cursor"]).json
    told = [each["subject"] for each in (*first["items"], *rest["items"])]
    assert (sorted(told), rest["next_cursor"]) == (sorted([swept, other]), None)
    address = f"/finance/reconciliations/{result['reconciliation_id']}/timing.csv"
    all_of_them = browsing("staff", "stf_1", "auditor").get(address).text
    assert swept in all_of_them
    assert other in all_of_them
    sweeps.delete_one({"_id": other})
    clock.advance(seconds=8 * 86_400)
    (late,) = market.reconcile()["differences"]
    assert (late["kind"], late["subject"]) == ("missing_at_bank", swept)
    sweeps.delete_one({"_id": swept})
    for cents, side in ((1, "debit"), (-2, "credit")):
        other = "credit" if side == "debit" else "debit"
        amount = {"amount_minor": abs(cents), "currency": "USD"}
        lines = [
            {"account": BANK, "side": side, "amount": amount},
            {"account": "equity:opening:USD", "side": other, "amount": amount},
        ]
        assert bank.decide("manual_entry", lines=lines).status_code == 200
        (drift,) = market.reconcile()["differences"]
        assert (drift["kind"], drift["subject"]) == ("unexplained_balance_drift", BANK)
        assert abs(drift["amount"]["amount_minor"]) == 1
    found = market.application.database["journal"].find_one({"code": "bank_suspense"})
    market.application.database["journal"].delete_one({"_id": found["_id"]})
    kinds = {each["kind"] for each in market.reconcile()["differences"]}
    assert "missing_in_ledger" in kinds


def test_a_reconciliation_is_asked_for_by_itself_once_the_last_is_old(
    bank: Bank, clock: Any
) -> None:
    schedule = bank.market.application.schedule_reconciliation
    assert schedule() == 0, "there is nothing to compare yet"
    bank.market.reconcile()
    assert schedule() == 0
    clock.advance(seconds=7 * 3_600)
    assert (schedule(), schedule()) == (1, 0)
    newest = bank.market.checker.get("/reconciliations").json["items"][0]
    assert (newest["asked_by"], newest["status"]) == ("schedule", "queued")
