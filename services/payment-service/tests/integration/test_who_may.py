"""Who may do what with money: every route by every role, and nobody both makes and approves."""

import re
from typing import Any

import pytest
from crowdloom.kernel import Currency
from flask import Flask
from payment_service.application.bank_ports import StatementFile
from payment_service.application.book_lines import BookLines
from payment_service.bootstrap import Application
from payment_service.domain.entries import Entry, Line

VIEW, MAKER, CHECKER = "finance.view", "finance.maker", "finance.checker"
CONTROLLER, AUDITOR = "finance.controller", "auditor"
STAFF = (VIEW, MAKER, CHECKER, CONTROLLER, AUDITOR)
EVERYBODY = (*STAFF, "operator", "requester", "worker", "nobody")

# What changes something, and whose it is. A new POST is added here, or this file's first test says
# so; what is read under finance is every reader's, the auditor's as well.
ACTIONS: dict[str, tuple[str, ...]] = {
    "/api/payments/v1/approvals": (MAKER,),
    "/api/payments/v1/approvals/<approval_id>/approve": (CHECKER,),
    "/api/payments/v1/approvals/<approval_id>/reject": (MAKER, CHECKER),
    "/api/payments/v1/exceptions/<exception_id>/comments": (MAKER, CHECKER, CONTROLLER),
    "/api/payments/v1/exceptions/<exception_id>/escalate": (MAKER, CHECKER, CONTROLLER),
    "/api/payments/v1/exceptions/<exception_id>/reopen": (MAKER, CHECKER, CONTROLLER),
    "/api/payments/v1/exceptions/<exception_id>/files": (MAKER, CHECKER, CONTROLLER),
    "/api/payments/v1/exceptions/assign": (MAKER, CHECKER, CONTROLLER),
    "/api/payments/v1/bank-accounts": (MAKER,),
    "/api/payments/v1/bank-statements": (MAKER,),
    "/api/payments/v1/bank-statements/files/<file_id>/confirm": (MAKER,),
    "/api/payments/v1/holds": (MAKER,),
    "/api/payments/v1/payout-account/gift-credit": ("worker",),
    "/api/payments/v1/payout-account/bank": ("worker",),
    "/api/payments/v1/gift-credits/<gift_id>/code": ("worker",),
    "/api/payments/v1/gift-codes/redeem": ("requester",),
    "/api/payments/v1/payout-account": ("worker",),
    "/api/payments/v1/payout-requests": ("worker",),
    "/api/payments/v1/payout-runs": (MAKER,),
    "/api/payments/v1/payout-runs/<run_id>/approve": (CHECKER,),
    "/api/payments/v1/payout-runs/<run_id>/cancel": (MAKER, CHECKER),
    "/api/payments/v1/payout-runs/<run_id>/freeze": (MAKER,),
    "/api/payments/v1/payout-runs/<run_id>/items/<item_id>/cancel": (MAKER,),
    "/api/payments/v1/payout-runs/<run_id>/items/<item_id>/remove": (MAKER,),
    "/api/payments/v1/payout-runs/<run_id>/items/<item_id>/retry": (MAKER,),
    "/api/payments/v1/payout-switch": (CONTROLLER,),
    "/api/payments/v1/periods/<period>/close": (CONTROLLER,),
    "/api/payments/v1/periods/<period>/open": (CONTROLLER,),
    "/api/payments/v1/periods/<period>/reopen": (CONTROLLER,),
    "/api/payments/v1/periods/<period>/soft-close": (CONTROLLER,),
    "/api/payments/v1/reconciliations": (MAKER, CHECKER),
    "/api/payments/v1/refund-requests/<refund_id>/decline": (MAKER, CHECKER),
    "/api/payments/v1/refunds": ("requester",),
    "/api/payments/v1/refunds/<refund_id>/take-back": ("requester",),
    "/api/payments/v1/suspensions": (MAKER,),
    "/api/payments/v1/top-ups": ("requester",),
    "/finance/approvals/<approval_id>/approve": (CHECKER,),
    "/finance/approvals/<approval_id>/reject": (MAKER, CHECKER),
    "/finance/exceptions/<exception_id>/comments": (MAKER, CHECKER, CONTROLLER),
    "/finance/exceptions/<exception_id>/escalate": (MAKER, CHECKER, CONTROLLER),
    "/finance/exceptions/<exception_id>/reopen": (MAKER, CHECKER, CONTROLLER),
    "/finance/exceptions/<exception_id>/resolve": (MAKER,),
    "/finance/exceptions/<exception_id>/write-off": (MAKER,),
    "/finance/exceptions/<exception_id>/files": (MAKER, CHECKER, CONTROLLER),
    "/finance/exceptions/assign": (MAKER, CHECKER, CONTROLLER),
    "/finance/bank-accounts/<account_id>": (MAKER,),
    "/finance/bank-accounts/<account_id>/tolerances": (MAKER,),
    "/finance/bank-statements": (MAKER,),
    "/finance/bank-statements/files/<file_id>/confirm": (MAKER,),
    "/finance/bank-statements/lines/<line_id>/match": (MAKER,),
    "/finance/bank-statements/lines/<line_id>/unmatch": (MAKER,),
    "/finance/ledger/entries/<entry_id>/correct": (MAKER,),
    "/finance/ledger/new-entry": (MAKER,),
    "/finance/account/passkeys": (*STAFF, "operator"),
    "/finance/account/passkeys/<passkey_id>/remove": (*STAFF, "operator"),
    "/finance/account/sessions/<session_id>/end": (*STAFF, "operator"),
    "/finance/account/sessions/end-others": (*STAFF, "operator"),
    "/finance/passkeys/add": (*STAFF, "operator"),
    "/finance/staff": (CONTROLLER,),
    "/finance/staff/<staff_id>/link": (CONTROLLER,),
    "/finance/staff/<staff_id>/remove": (CONTROLLER,),
    "/finance/staff/<staff_id>/roles": (CONTROLLER,),
    "/finance/payees/<worker_id>/hold": (MAKER,),
    "/finance/payees/<worker_id>/release": (MAKER,),
    "/finance/payees/<worker_id>/lift": (MAKER,),
    "/finance/payees/<worker_id>/suspend": (MAKER,),
    "/finance/payout-runs": (MAKER,),
    "/finance/payout-runs/<run_id>/approve": (CHECKER,),
    "/finance/payout-runs/<run_id>/cancel": (MAKER, CHECKER),
    "/finance/payout-runs/<run_id>/bank-file/void": (MAKER,),
    "/finance/payout-runs/<run_id>/bank-file/sent": (MAKER,),
    "/finance/payout-runs/<run_id>/freeze": (MAKER,),
    "/finance/payout-runs/<run_id>/lines/<item_id>/give-up": (MAKER,),
    "/finance/payout-runs/<run_id>/lines/<item_id>/remove": (MAKER,),
    "/finance/payout-runs/<run_id>/lines/<item_id>/retry": (MAKER,),
    "/finance/payout-runs/switch": (CONTROLLER,),
    "/finance/periods/<month>/close": (CONTROLLER,),
    "/finance/periods/<month>/open": (CONTROLLER,),
    "/finance/periods/<month>/reopen": (CONTROLLER,),
    "/finance/periods/<month>/soft-close": (CONTROLLER,),
    "/finance/reconciliations": (MAKER, CHECKER),
    "/pay/payout-account": ("worker",),
    "/pay/payout-account/gift-credit": ("worker",),
    "/pay/payout-account/bank": ("worker",),
    "/pay/gift-credits/<gift_id>/code": ("worker",),
    "/pay/gift-code": ("requester",),
    "/pay/payout-requests": ("worker",),
    "/finance/refunds/<refund_id>/decline": (MAKER, CHECKER),
    "/finance/refunds/<refund_id>/propose": (MAKER,),
    "/pay/invoices": ("requester",),
    "/pay/refunds": ("requester",),
    "/pay/refunds/<refund_id>/take-back": ("requester",),
    "/pay/wallet": ("requester",),
}
# Open to all: signing in and out, the form that an invitation leads to, and a sign to one's purse.
OPEN = re.compile(
    r"/api/payments/v1/sessions|/finance/(sign-in|sign-out|passkeys/use|enrol/.*|static/.*)|/pay/?"
)
OURS = re.compile(r"/(api/payments/v1|finance|pay|operator)(/.*)?")
WORKERS = re.compile(
    r"/(api/payments/v1|pay)/"
    r"(earnings(/.*)?|bonuses|gift-credits|payout-account(/bank)?|payout-requests"
    r"|fragments/(purse|rewards/.*))"
)
REQUESTERS = re.compile(
    r"/(api/payments/v1/(wallet|top-ups|batches|refunds|invoices)"
    r"|pay/(wallet|top-ups|gift-code|statement|invoices|fragments/wallet)).*"
)


def rules(web: Flask, method: str) -> list[str]:
    """The paths of our own area, without those that are open to all."""
    found = {rule.rule for rule in web.url_map.iter_rules() if method in (rule.methods or ())}
    return sorted(rule for rule in found if OURS.fullmatch(rule) and not OPEN.fullmatch(rule))


def readers_of(rule: str) -> tuple[str, ...]:
    own = {
        "/finance/ledger/new-entry": MAKER,  # the form of what a maker proposes
        "/operator/rewards/<assignment_id>": "operator",  # a part of the trace of a task
    }
    if rule in own:
        return (own[rule],)
    if "/bank-file" in rule:  # account numbers in clear
        return (CHECKER,)
    if rule == "/finance/account":
        return (*STAFF, "operator")
    if rule.endswith("/payout-switch"):
        return STAFF
    if WORKERS.fullmatch(rule):
        return ("worker",)
    return ("requester",) if REQUESTERS.fullmatch(rule) else STAFF


def refused(answer: Any) -> bool:
    """No session, no grant, or sent to the sign-in page."""
    to_sign_in = answer.status_code in {302, 303} and "sign-in" in answer.location
    return answer.status_code in {401, 403} or to_sign_in


@pytest.fixture
def ask(connected: Application, web: Flask, calling: Any) -> Any:
    """Call a route as somebody, about things that there are not."""
    assert connected

    def called(method: str, rule: str, who: str) -> Any:
        path = re.sub(r"<[^>]*>", "none_1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule))
        headers = {"Idempotency-Key": f"{who} {rule}"[-128:]}
        if who in {"requester", "worker"}:
            headers["Authorization"] = f"Bearer {calling(who, f'{who}_1').token}"
        elif who != "nobody":
            headers["Authorization"] = f"Bearer {calling('staff', f'stf_{who}', who).token}"
        body = {"json": {}} if rule.startswith("/api/") else {"data": {}}
        more = body if method == "POST" else {}
        return web.test_client().open(path, method=method, headers=headers, **more)

    return called


def test_every_route_that_changes_something_says_whose_it_is(web: Flask) -> None:
    assert rules(web, "POST") == sorted(ACTIONS), "add it to ACTIONS with the grants it needs"


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_does_what_is_its_own_and_nothing_else(web: Flask, ask: Any, who: str) -> None:
    wrong = []
    for rule in sorted(ACTIONS):
        answer = ask("POST", rule, who)
        if refused(answer) is (who in ACTIONS[rule]) or answer.status_code >= 500:
            wrong.append((rule, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_reads_what_is_its_own_and_nothing_else(web: Flask, ask: Any, who: str) -> None:
    wrong = []
    for rule in rules(web, "GET"):
        may = who in readers_of(rule)
        answer = ask("GET", rule, who)
        if refused(answer) is may or answer.status_code >= 500:
            wrong.append((rule, answer.status_code))
    assert wrong == []


FIVE_CENTS = {"amount_minor": 5, "currency": "USD"}
PROPOSALS: dict[str, dict[str, Any]] = {
    "manual_entry": {
        "lines": [
            {"account": "expense:goodwill:USD", "side": "debit", "amount": FIVE_CENTS},
            {"account": "asset:suspense:stripe:USD", "side": "credit", "amount": FIVE_CENTS},
        ]
    },
}
"""What is proposed of each kind; a hold's release is made from a hold, and a refund's
approval from a refund."""


def _bank_line(market: Any) -> str:
    """A line in suspense, from a statement of one line."""
    application = market.application
    mapping = {"date": "day", "amount": "amount", "balance": "balance"}
    application.put_bank_account(
        "stf_both", "main", name="Main", number="0532013000", currency="USD", mapping=mapping
    )
    file = StatementFile("s.csv", b"day,amount,balance\n2026-11-02,-1.00,9.00\n")
    looked = application.import_statements.look("stf_both", "main", file)
    (statement_id,) = application.import_statements.confirm("stf_both", looked.file_id)
    (line,) = application.readers.bank_lines.of_statement(statement_id, 2)
    return str(line.line_id)


def _bank_file(market: Any, worker: Any) -> str:
    """A run whose line waits in its bank file."""
    market.earn("wrk_1", 2)
    worker.post("/payout-account/bank", {"holder": "Leila", "iban": "GB82WEST12345698765432"})
    worker.post("/payout-requests")
    lines = (Line("asset:bank:main:USD", 90_000, 0), Line("equity:opening:USD", 0, 90_000))
    entry = Entry(key="opening:bank", code="opening", currency=Currency.of("USD"), lines=lines)
    market.application.store.run(lambda session: session.ledger.post(entry))
    run_id = market.maker.post("/payout-runs", {"rail": "bank_file"}).json["payout_run_id"]
    digest = market.maker.post(f"/payout-runs/{run_id}/freeze").json["content_hash"]
    market.checker.post(f"/payout-runs/{run_id}/approve", {"content_hash": digest})
    market.settle_payouts()
    return str(run_id)


@pytest.fixture
def made(market: Any, calling: Any) -> Any:
    """One of each kind that needs a second person, made by somebody with every grant there is:
    (how it is approved, what is to be seen).
    """
    both = calling("staff", "stf_both", *STAFF)

    def make(kind: str) -> tuple[str, dict[str, Any]]:
        if kind == "payout_run":
            market.earn("wrk_1", 2)
            market.ask(calling("worker", "wrk_1"))
            run_id = both.post("/payout-runs").json["payout_run_id"]
            frozen = both.post(f"/payout-runs/{run_id}/freeze").json
            return f"/payout-runs/{run_id}/approve", {"content_hash": frozen["content_hash"]}
        payload = PROPOSALS.get(kind)
        if kind in {"bank_file_sent", "bank_file_void"}:
            payload = {"run_id": _bank_file(market, calling("worker", "wrk_1"))}
        if kind in {"exception_resolution", "write_off"}:
            line = market.make.charge("", 500)
            BookLines(market.application.store)([line])
            (waiting,) = market.checker.get("/exceptions").json["items"]
            payload = {"exception_id": waiting["exception_id"], "code": "explained"}
        if kind == "hold_release":
            market.earn("wrk_1", 2)
            held = both.post("/holds", {"worker_id": "wrk_1", "reason": "a doubt"})
            payload = {"hold_id": held.json["hold_id"]}
        if kind == "suspension_lift":
            market.earn("wrk_1", 2)
            placed = both.post("/suspensions", {"worker_id": "wrk_1", "reason": "a doubt"})
            payload = {"suspension_id": placed.json["suspension_id"]}
        if kind == "tolerance_rule":
            _bank_line(market)
            payload = {
                "account_id": "main",
                "kind": "line",
                "contains": "fee",
                "maximum": FIVE_CENTS,
                "account": "expense:bank:fees:USD",
            }
        if kind == "statement_match":
            payload = {
                "line_id": _bank_line(market),
                "kind": "account",
                "target": "expense:bank:fees:USD",
            }
        if kind == "refund":
            market.pay_in(market.requester, 1000)
            asked = market.requester.post("/refunds", {"amount": FIVE_CENTS})
            payload = {"refund_id": asked.json["refund_id"]}
        body = {"kind": kind, "payload": payload, "reason": "because"}
        proposed = both.post("/approvals", body)
        assert proposed.status_code == 201, proposed.text
        seen = {"content_hash": proposed.json["content_hash"]}
        return f"/approvals/{proposed.json['approval_id']}/approve", seen

    return make


@pytest.mark.parametrize(
    "kind",
    [
        *("payout_run", "hold_release", "suspension_lift", "manual_entry"),
        *("exception_resolution", "write_off", "refund"),
        *("statement_match", "tolerance_rule", "bank_file_sent", "bank_file_void"),
    ],
)
def test_whoever_made_it_cannot_approve_it_with_all_grants_by_api_or_page(
    market: Any, calling: Any, browsing: Any, made: Any, kind: str
) -> None:
    path, seen = made(kind)
    both = calling("staff", "stf_both", *STAFF)
    for _ in range(2):
        refusal = both.post(path, seen)
        assert (refusal.status_code, refusal.json["code"]) == (403, "maker_is_checker")
    page = browsing("staff", "stf_both", *STAFF)
    form = {**seen, "idempotency_key": "page"}
    page.post(f"/finance{path}", data=form)
    assert market.checker.post(path, seen).status_code == 200, "it was still open"
