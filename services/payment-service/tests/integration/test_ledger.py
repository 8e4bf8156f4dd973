"""The journal and its guards, against the database itself."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from bson import Int64
from crowdloom.kernel import Currency, Money
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.entries import Entry, InsufficientFunds, credit, debit
from pymongo.errors import DuplicateKeyError, WriteError

USD = Currency.USD
WALLET = chart.wallet("req_1", USD)


def funded(key: str, minor: int) -> Entry:
    amount = Money.of_minor(minor, USD)
    return Entry(
        key=key,
        code="topup",
        currency=USD,
        lines=(debit(chart.stripe_pending(USD), amount), credit(WALLET, amount)),
    )


def spent(key: str, minor: int) -> Entry:
    amount = Money.of_minor(minor, USD)
    return Entry(
        key=key,
        code="publish",
        currency=USD,
        lines=(debit(WALLET, amount), credit(chart.escrow("req_1", "bat_1", USD), amount)),
    )


def post(application: Application, *entries: Entry) -> Any:
    return application.store.run(lambda session: session.ledger.post(*entries))


def wallet_units(application: Application) -> int:
    return application.readers.ledger.balances({WALLET})[WALLET]


def test_an_entry_is_posted_once_however_often_it_comes(
    application: Application, books: ModuleType
) -> None:
    assert len(post(application, funded("topup:1", 100))) == 1
    assert len(post(application, funded("topup:1", 100))) == 0
    assert len(post(application, funded("topup:2", 5), funded("topup:2", 5))) == 1
    assert wallet_units(application) == 10_500
    books.check(application)


def test_the_same_key_with_another_content_becomes_an_exception_and_changes_nothing(
    application: Application, books: ModuleType
) -> None:
    post(application, funded("topup:1", 100))
    post(application, funded("topup:1", 200))
    post(application, funded("topup:1", 200))
    assert wallet_units(application) == 10_000
    (waiting,) = application.readers.exceptions.listed(10)
    assert (waiting["kind"], waiting["severity"]) == ("fingerprint_conflict", "critical")
    books.check(application)


def test_two_contents_under_one_key_in_one_call_are_a_conflict_too(
    application: Application, books: ModuleType
) -> None:
    post(application, funded("topup:1", 100), funded("topup:1", 200))
    assert wallet_units(application) == 10_000
    assert len(application.readers.exceptions.listed(10)) == 1
    books.check(application)


def test_a_guarded_account_never_falls_below_zero_and_the_whole_transaction_is_undone(
    application: Application, books: ModuleType
) -> None:
    post(application, funded("topup:1", 100))
    with pytest.raises(InsufficientFunds):
        post(application, funded("topup:2", 1), spent("publish:1", 102))
    assert wallet_units(application) == 10_000
    assert application.journal.count() == 1
    post(application, spent("publish:1", 100))
    assert wallet_units(application) == 0
    books.check(application)


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_nothing_leaves_an_account_that_is_not_open(application: Application, status: str) -> None:
    post(application, funded("topup:1", 100))
    application.database["accounts"].update_one({"_id": WALLET}, {"$set": {"status": status}})
    with pytest.raises(InsufficientFunds):
        post(application, spent("publish:1", 1))


def document(**changes: Any) -> dict[str, Any]:
    lines = [
        {"a": "asset:stripe:pending:USD", "dr": Int64(5), "cr": Int64(0)},
        {"a": WALLET, "dr": Int64(0), "cr": Int64(5)},
    ]
    return {
        "_id": "jrn_1",
        "key": "k",
        "code": "topup",
        "currency": "USD",
        "lines": lines,
        "total": Int64(5),
        "fingerprint": "f",
        **changes,
    }


def line(account: str, dr: Any, cr: Any) -> dict[str, Any]:
    return {"a": account, "dr": dr, "cr": cr}


UNBALANCED = {
    "a cent too much": {"lines": [line("a", Int64(5), Int64(0)), line("b", Int64(0), Int64(6))]},
    "one line alone": {"lines": [line("a", Int64(5), Int64(5))]},
    "below zero": {"lines": [line("a", Int64(-5), Int64(0)), line("b", Int64(0), Int64(-5))]},
    "a float": {"lines": [line("a", 5.0, Int64(0)), line("b", Int64(0), 5.0)]},
    "another total": {"total": Int64(6)},
    "nothing at all": {
        "lines": [line("a", Int64(0), Int64(0)), line("b", Int64(0), Int64(0))],
        "total": Int64(0),
    },
    "no key": {"key": None},
}


@pytest.mark.parametrize("changes", UNBALANCED.values(), ids=UNBALANCED)
def test_the_database_itself_refuses_a_faulty_entry(
    application: Application, changes: dict[str, Any]
) -> None:
    with pytest.raises(WriteError):
        application.database["journal"].insert_one(document(**changes))


def test_the_database_takes_a_balanced_entry_and_refuses_its_key_a_second_time(
    application: Application,
) -> None:
    application.database["journal"].insert_one(document())
    with pytest.raises(DuplicateKeyError):
        application.database["journal"].insert_one(document(_id="jrn_2"))


def test_the_database_refuses_a_balance_below_zero(application: Application) -> None:
    post(application, funded("topup:1", 100))
    with pytest.raises(WriteError):
        application.database["accounts"].update_one(
            {"_id": WALLET}, {"$inc": {"posted": Int64(-10_001)}}
        )


def test_a_statement_runs_backwards_to_the_first_movement(application: Application) -> None:
    for number, minor in enumerate((100, 50, 25), 1):
        post(application, funded(f"topup:{number}", minor))
    post(application, spent("publish:1", 75))
    newest, *older = application.journal.statement(WALLET, count_max=3)
    assert (newest.debit, newest.balance) == (7_500, 10_000)
    assert [(each.credit, each.balance) for each in older] == [(2_500, 17_500), (5_000, 15_000)]
    (first,) = application.journal.statement(WALLET, count_max=3, before=older[-1].entry.entry_id)
    assert (first.credit, first.balance) == (10_000, 10_000)


def test_two_processes_cannot_overdraw_an_account_together(
    application: Application,
    build_application: Callable[..., Application],
    books: ModuleType,
) -> None:
    one, other = application, build_application()
    post(one, funded("topup:1", 100))
    refused = 0
    for number in range(6):
        try:
            post((one, other)[number % 2], spent(f"publish:{number}", 30))
        except InsufficientFunds:
            refused += 1
    assert refused == 3
    assert wallet_units(one) == 1_000
    books.check(one)
