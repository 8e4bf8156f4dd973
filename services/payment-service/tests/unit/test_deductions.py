"""What is taken from a payout: whole minor units, never all of it, and given back when it fails."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from crowdloom.kernel import Currency, Money
from hypothesis import given
from hypothesis import strategies as st
from payment_service.domain import bank_flows, flows
from payment_service.domain.deductions import PayoutRules, read_fees
from payment_service.domain.entries import Entry
from payment_service.domain.payouts import PayoutItem, Rail, content_hash
from payment_service.domain.people import BankDetails, Payee
from payment_service.domain.vat import read_rates

USD = Currency.of("USD")
DAY = date(2026, 11, 30)
RULES = PayoutRules(
    read_fees(["stripe:USD:25", "bank_file:USD:35"]), read_rates(["US:2020-01-01:2400"]), "us"
)
PAYABLE = "liability:worker:wrk_1:payable:USD"


def payee(rail: Rail, **changes: Any) -> Payee:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    fields = {"worker_id": "wrk_1", "account_id": "acct_1", "status": "active", "asked_at": now}
    return Payee(**{**fields, "rail": rail, **changes})


def item_of(amount: int, fee: int, withheld: int) -> PayoutItem:
    return PayoutItem(
        *("pay_1", "run_1", "wrk_1", "rqs_1", "acct_1", Money.of_minor(amount, "USD")),
        attempt=1,
        fee_units=fee * 100,
        withheld_units=withheld * 100,
        tax_country="US" if withheld else "",
    )


def sums(*entries: Entry) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in (line for entry in entries for line in entry.lines):
        found[line.account] = found.get(line.account, 0) + line.signed
    return {account: units for account, units in found.items() if units}


def bank_line(kind: str, amount: Money, item: PayoutItem) -> Entry:
    named = {"account_id": "main", "line_id": "bln_1_1", "on": DAY, "nth": 1}
    return bank_flows.matched(
        **named, amount=amount, kind=kind, target="pay_1", from_suspense=False, item=item
    )


def test_fee_and_tax_are_by_rail_currency_country_and_day() -> None:
    taken = RULES.of(payee(Rail.STRIPE), Money.of_minor(1_002, "USD"), DAY)
    # 24 % of 10.02 are 2.4048: to the cent, since a rail moves no finer amount.
    assert (taken.fee.minor, taken.withheld.minor, taken.arrives.minor) == (25, 240, 737)
    assert taken.country == "US"
    british = payee(Rail.BANK_FILE, bank=BankDetails("Leila", "sealed", "GB82 ... 32"))
    abroad = RULES.of(british, Money.of_minor(1_000, "USD"), DAY)
    assert (abroad.fee.minor, abroad.withheld.minor, abroad.country) == (35, 0, "")
    assert RULES.of(payee(Rail.GIFT_CREDIT), Money.of_minor(9, "USD"), DAY).arrives.minor == 9
    assert RULES.of(payee(Rail.STRIPE), Money.of_minor(9, "EUR"), DAY).fee.minor == 0


@given(st.integers(1, 10_000), st.integers(0, 500), st.integers(0, 500))
def test_a_refusal_gives_all_back_and_a_posting_leaves_nothing_in_transit(
    amount: int, fee: int, withheld: int
) -> None:
    item = item_of(amount, fee, withheld)
    reserve = flows.payout_reserve(item)
    assert sums(reserve, flows.payout_void(item)) == {}
    expected = {
        PAYABLE: -item.gross.units,
        "asset:bank:main:USD": -item.amount.units,
        "income:fee:payout:USD": item.fee_units,
        "liability:tax:withheld:US:USD": item.withheld_units,
    }
    paid = bank_line(bank_flows.PAYOUT, -item.amount, item)
    assert sums(reserve, paid) == {path: units for path, units in expected.items() if units}
    assert not sums(reserve, flows.payout_as_gift(item)).get("liability:payout:pay_1:USD")
    back = bank_line(bank_flows.RETURN, item.amount, item)
    kept = {
        PAYABLE: -item.gross.units,
        "liability:worker:wrk_1:held:USD": item.returnable.units,
        "income:fee:payout:USD": item.fee_units,
    }
    assert sums(reserve, paid, back) == {path: units for path, units in kept.items() if units}
    undone = bank_flows.unmatched(paid, line_id="bln_1_1", key="undone")
    left = {PAYABLE: -item.gross.units, "liability:payout:pay_1:USD": item.gross.units}
    waits = sums(reserve, paid, undone)
    assert {path: waits[path] for path in left} == left
    assert not any(path.startswith(("income:", "liability:tax:")) for path in waits)


def test_an_approval_is_for_what_is_taken_as_well() -> None:
    plain, taxed = (
        content_hash("run_1", [item_of(9, 0, 0)]),
        content_hash("run_1", [item_of(9, 0, 1)]),
    )
    assert plain != taxed


@pytest.mark.parametrize("text", ["stripe:USD", "pigeon:USD:1", "stripe:XXX:1", "stripe:USD:-1"])
def test_a_fee_that_cannot_be_read_is_named_and_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is no fee"):
        read_fees(["bank_file:EUR:35", text])
