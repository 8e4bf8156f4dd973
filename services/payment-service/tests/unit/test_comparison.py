"""The comparison of the books with the processor's: each kind of break is found, by its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from crowdloom.kernel import Money
from payment_service.domain.processor_lines import BalanceTransaction, ProcessorBalance, Transfer
from payment_service.domain.reconciliation import (
    Booked,
    Books,
    Difference,
    item_of,
    payee_of,
    unreconciled_minor,
)
from payment_service.domain.reconciliation import compare as compare_in_order

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAYABLE = "liability:worker:wrk_1:payable:USD"


def usd(minor: int) -> Money:
    return Money.of_minor(minor, "USD")


CENT = usd(1)


def line(name: str, gross: int, fee: int, **more: Any) -> BalanceTransaction:
    fields: dict[str, Any] = {
        "transaction_id": f"txn_{name}",
        "kind": "charge",
        "source_id": f"src_{name}",
        "gross": usd(gross),
        "fee": usd(fee),
        "net": usd(gross - fee),
        "available": True,
        "available_on": NOW,
        "created_at": NOW,
    }
    return BalanceTransaction(**{**fields, **more})


@dataclass(frozen=True)
class Whole:
    """Both sides as a person sees them: not in any order."""

    lines: Mapping[str, BalanceTransaction]
    transfers: Sequence[Transfer]
    balances: Mapping[str, ProcessorBalance]
    booked: Mapping[str, Booked]
    ledger_stripe: Mapping[str, Money]
    posted_by_item: Mapping[str, Money]
    trial_sums: Mapping[str, int]
    guarded: Mapping[str, tuple[Money, Money]]


def compare(whole: Whole) -> list[Difference]:
    """Each side in the order that the comparison asks for."""
    by_id = [whole.lines[name] for name in sorted(whole.lines)]
    return list(
        compare_in_order(
            Books(
                lines=by_id,
                sources=sorted({line.source_id for line in by_id}),
                by_item=sorted(whole.transfers, key=item_of),
                by_payee=sorted(whole.transfers, key=payee_of),
                by_transfer=sorted(whole.transfers, key=lambda each: each.transfer_id),
                booked=[whole.booked[name] for name in sorted(whole.booked)],
                posted=sorted(whole.posted_by_item.items()),
                guarded=[(path, *both) for path, both in sorted(whole.guarded.items())],
                balances=whole.balances,
                ledger_stripe=whole.ledger_stripe,
                trial_sums=whole.trial_sums,
            )
        )
    )


def whole() -> Whole:
    """A charge of 10.00 with a fee of 0.60, and a payout of 1.00 to one worker."""
    charge = line("in", 1000, 60)
    payout = line("out", -100, 0, kind="transfer", source_id="tr_1")
    transfer = Transfer("tr_1", usd(100), "acct_1", "run_1", {"payout_item": "pay_1"})
    return Whole(
        lines={each.transaction_id: each for each in (charge, payout)},
        transfers=[transfer],
        balances={"USD": ProcessorBalance(available=usd(800), pending=usd(40))},
        booked={
            "txn_in": Booked("txn_in", "topup", usd(940), usd(60)),
            "txn_out": Booked("txn_out", "payout_post", usd(-100), usd(0)),
        },
        ledger_stripe={"USD": usd(840)},
        posted_by_item={"pay_1": usd(100)},
        trial_sums={"USD": 0},
        guarded={PAYABLE: (usd(5), usd(5))},
    )


def test_a_line_that_moves_nothing_needs_no_entry() -> None:
    books = whole()
    nothing = line("nothing", 0, 0, kind="adjustment")
    lines = {**books.lines, nothing.transaction_id: nothing}
    assert compare(replace(books, lines=lines)) == []


def test_books_that_agree_differ_in_nothing() -> None:
    assert compare(whole()) == []
    assert unreconciled_minor([]) == 0


def second(transfer: Transfer, **changes: Any) -> Transfer:
    return replace(transfer, transfer_id="tr_2", **changes)


def breaks() -> dict[str, tuple[Whole, set[str]]]:
    """Each way in which one cent, or one whole thing, can be wrong."""
    books = whole()
    charge, payout = books.lines["txn_in"], books.lines["txn_out"]
    (transfer,) = books.transfers
    booked, out = books.booked["txn_in"], books.booked["txn_out"]
    fatter = replace(charge, gross=charge.gross + CENT, net=charge.net + CENT)
    dearer = replace(charge, fee=charge.fee + CENT, net=charge.net - CENT)
    held = books.balances["USD"]
    return {
        "a line not booked": (
            replace(books, booked={"txn_out": out}, ledger_stripe={"USD": usd(-100)}),
            {"missing_in_ledger"},
        ),
        "a line that the processor does not know": (
            replace(
                books,
                lines={"txn_out": payout},
                balances={"USD": ProcessorBalance(usd(-100), usd(0))},
            ),
            {"missing_at_processor"},
        ),
        "a cent more at the processor": (
            replace(
                books,
                lines={**books.lines, "txn_in": fatter},
                balances={"USD": replace(held, pending=held.pending + CENT)},
            ),
            {"amount_mismatch"},
        ),
        "a cent more of fee": (
            replace(
                books,
                lines={**books.lines, "txn_in": dearer},
                balances={"USD": replace(held, pending=held.pending - CENT)},
            ),
            {"amount_mismatch", "fee_variance"},
        ),
        "another currency": (
            replace(
                books,
                booked={
                    **books.booked,
                    "txn_in": replace(booked, net=Money.of_minor(940, "EUR")),
                },
            ),
            {"currency_mismatch"},
        ),
        "a line in suspense": (
            replace(books, booked={**books.booked, "txn_in": replace(booked, code="suspense")}),
            {"unidentified_line"},
        ),
        "an item sent twice": (
            replace(books, transfers=[transfer, second(transfer)]),
            {"duplicate"},
        ),
        "a worker paid by two items of a run": (
            replace(
                books,
                transfers=[transfer, second(transfer, metadata={"payout_item": "pay_2"})],
            ),
            {"transfer_without_line", "paid_twice_in_a_run"},
        ),
        "a cent more posted than sent": (
            replace(books, posted_by_item={"pay_1": usd(101)}),
            {"transfer_mismatch"},
        ),
        "posted and never sent": (replace(books, transfers=[]), {"transfer_missing"}),
        "a cent too much in the balance": (
            replace(books, balances={"USD": replace(held, available=held.available + CENT)}),
            {"unexplained_balance_drift"},
        ),
        "a cent too little in the balance": (
            replace(books, balances={"USD": replace(held, available=held.available - CENT)}),
            {"unexplained_balance_drift"},
        ),
        "a balance of a currency we never booked": (
            replace(
                books,
                balances={
                    **books.balances,
                    "EUR": ProcessorBalance(Money.of_minor(1, "EUR"), Money.of_minor(0, "EUR")),
                },
            ),
            {"unexplained_balance_drift"},
        ),
        "debits without credits": (
            replace(books, trial_sums={"USD": 100}),
            {"ledger_unbalanced"},
        ),
        "a kept balance off by a cent": (
            replace(books, guarded={PAYABLE: (usd(6), usd(5))}),
            {"kept_balance_drift"},
        ),
    }


@pytest.mark.parametrize("name", list(breaks()))
def test_a_break_is_found_by_its_name_and_counts(name: str) -> None:
    books, kinds = breaks()[name]
    differences = compare(books)
    assert kinds <= {found.kind for found in differences}
    assert unreconciled_minor(differences) >= 1


def test_two_breaks_of_opposite_sign_do_not_cancel_out() -> None:
    books = whole()
    charge, payout = books.lines["txn_in"], books.lines["txn_out"]
    lines = {
        "txn_in": replace(charge, gross=charge.gross + CENT, net=charge.net + CENT),
        "txn_out": replace(payout, gross=payout.gross - CENT, net=payout.net - CENT),
    }
    differences = compare(replace(books, lines=lines))
    assert unreconciled_minor(differences) == 2


def test_less_than_a_minor_unit_counts_as_one() -> None:
    books = replace(whole(), guarded={PAYABLE: (Money(501, CENT.currency), usd(5))})
    assert unreconciled_minor(compare(books)) == 1
