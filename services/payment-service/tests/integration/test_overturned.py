"""A rejection that is overturned is paid once, from the wallet or by us, and never from the money
that is reserved for others.
"""

from types import ModuleType
from typing import Any

import pytest
from crowdloom.kernel import Currency
from payment_service.bootstrap import Application
from payment_service.domain import chart

USD = Currency.USD


@pytest.fixture
def funded(application: Application, deliver: Any, make: ModuleType) -> None:
    """Ten slots at six cents from a wallet of 62."""
    entry = make.flows.top_up(make.charge("top_1", 62), top_up_id="top_1", requester_id="req_1")
    application.store.run(lambda session: session.ledger.post(entry))
    deliver(make.funding(), make.claimed(1), make.claimed(2))


def held(application: Application) -> dict[str, int]:
    """Minor units in the wallet, reserved, and payable to the worker."""
    paths = {
        "wallet": chart.wallet("req_1", USD),
        "reserved": chart.escrow("req_1", "bat_1", USD),
        "payable": chart.payable("wrk_1", USD),
    }
    found = application.readers.ledger.balances(set(paths.values()))
    return {name: found[path] // 100 for name, path in paths.items()}


def owed(application: Application) -> int:
    path = chart.owed_by("req_1", USD)
    rows = [row.signed for row in application.journal.trial_balance() if row.path == path]
    return sum(rows) // 100


def broken(application: Application) -> list[str]:
    """What the audit has to say of batches and workers."""
    asked = {"I1", "I2", "I3", "I4", "I5", "I6", "I15", "I16"}
    return [
        each.invariant
        for each in application.audit_money()
        if each.invariant in asked and not each.holds
    ]


def test_a_closed_slots_money_went_back_to_the_wallet_and_pays_from_there(
    application: Application, deliver: Any, funded: None, make: ModuleType, books: ModuleType
) -> None:
    deliver(make.rejected(1))
    assert held(application) == {"wallet": 8, "reserved": 54, "payable": 0}
    overturned = make.accepted(1, overturns=True, decided_by="appeal")
    deliver(overturned)
    deliver(overturned)
    assert held(application) == {"wallet": 2, "reserved": 54, "payable": 5}
    assert owed(application) == 0
    (entry,) = books.entries(application, "overturn")
    assert entry.key == "accept:asg_001:appeal"
    books.check(application)


def test_a_reopened_slots_money_stays_the_next_workers_and_the_requester_owes_the_rest(
    application: Application,
    deliver: Any,
    funded: None,
    make: ModuleType,
    books: ModuleType,
    outbox: Any,
) -> None:
    deliver(make.rejected(1, reopened=True), make.accepted(1, overturns=True))
    assert held(application) == {"wallet": 0, "reserved": 60, "payable": 5}
    assert owed(application) == 4
    (shown,) = application.readers.exceptions.listed(5, kind="requester_owes")
    assert shown["subject"] == "req_1"
    settled = [body for name, body in outbox() if name == "payment.reward.settled.v1"]
    assert [body["assignment_id"] for body in settled] == ["asg_001"]
    deliver(make.accepted(2))
    assert held(application) == {"wallet": 0, "reserved": 54, "payable": 10}
    books.check(application)


def test_a_completed_batch_pays_as_well_and_the_audit_finds_all_in_order(
    application: Application, deliver: Any, funded: None, make: ModuleType, books: ModuleType
) -> None:
    deliver(make.rejected(1), make.accepted(2), make.completed())
    deliver(make.accepted(1, overturns=True))
    assert held(application) == {"wallet": 50, "reserved": 0, "payable": 10}
    books.check(application)
    assert broken(application) == []
