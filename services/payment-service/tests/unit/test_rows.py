"""Rows of a table: their orders, pages, pieces and totals, however they are kept."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest
from crowdloom.kernel import Money
from payment_service.application.rows import JoinedRows, ListedRows, Order, Rows, Totals

Row = dict[str, Any]
ROWS: list[Row] = [
    {"id": "a", "amount": Money.of_minor(1200, "USD"), "owner": "zoe"},
    {"id": "b", "amount": Money.of_minor(13, "JPY"), "owner": None},
    {"id": "c", "amount": None, "owner": "Adam"},
    {"id": "d", "amount": Money.of_minor(300, "USD"), "owner": None},
]
VALUES = {name: lambda row, name=name: row[name] for name in ("id", "amount", "owner")}


def listed(rows: Sequence[Row] = ROWS) -> ListedRows[Row]:
    return ListedRows(rows, ids=lambda row: str(row["id"]), values=VALUES, summed=["amount"])


class Bare(ListedRows[Row]):
    """What is left of a long table: one order, a count, and no sums."""

    def has(self, order: Order) -> bool:
        return order.key == "id"

    def totals(self, *, whole: bool = False) -> Totals:
        del whole
        return Totals(len(ROWS))


def joined() -> JoinedRows[Row, Row]:
    """Half of each row is kept elsewhere, as of a payee and the balances."""
    bare = Bare([{"id": row["id"]} for row in ROWS], ids=lambda row: str(row["id"]), values=VALUES)
    rest = {row["id"]: row for row in ROWS}
    return JoinedRows(
        bare,
        lambda rows: [rest[row["id"]] for row in rows],
        ids=lambda row: str(row["id"]),
        values=VALUES,
        summed=["amount"],
        usual=Order("id"),
    )


@pytest.mark.parametrize("rows", [listed(), joined()], ids=["listed", "joined"])
@pytest.mark.parametrize(
    ("key", "ids"),
    [("id", "abcd"), ("amount", "cdab"), ("owner", "bdca")],
)
@pytest.mark.parametrize("is_descending", [False, True])
def test_nothing_comes_first_amounts_by_what_is_printed_and_pages_lose_no_row(
    rows: Rows[Row], key: str, ids: str, is_descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payment_service.application.rows.PIECE_ROWS", 3)
    monkeypatch.setattr("payment_service.application.rows._HELD_ROWS", 3)
    order, wanted = Order(key, is_descending), ids[::-1] if is_descending else ids
    found, after = "", None
    while page := rows.page(order, 3, after=after):
        after = page[-1]["id"]
        found += "".join(row["id"] for row in page)
    assert found == wanted
    pieces = list(rows.pieces(order))
    assert "".join(row["id"] for row in chain.from_iterable(pieces)) == wanted
    assert max(map(len, pieces)) == 3, "never all at once"


def test_totals_are_one_a_currency_and_of_a_long_table_only_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = joined().totals()
    monkeypatch.setattr("payment_service.application.rows.READ_MAX", 3)
    for totals in (listed().totals(), before, joined().totals(whole=True)):
        assert (totals.count, totals.is_whole) == (4, True)
        assert [str(amount) for amount in totals.sums["amount"]] == ["13 JPY", "15.00 USD"]
    assert joined().totals() == Totals(3, is_whole=False)


def test_a_row_that_is_gone_begins_the_table_anew() -> None:
    for rows in (listed(), joined()):
        assert rows.page(Order("amount"), 1, after="gone")[0]["id"] == "c"
