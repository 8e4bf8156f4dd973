"""Tables in memory: their orders, pages and totals."""

from typing import Any

import pytest
from crowdloom.kernel import Money
from payment_service.application.tables import LISTED_MAX, ListedRows, Order

ROWS: list[dict[str, Any]] = [
    {"id": "a", "amount": Money.of_minor(1200, "USD"), "owner": "zoe"},
    {"id": "b", "amount": Money.of_minor(13, "JPY"), "owner": None},
    {"id": "c", "amount": None, "owner": "Adam"},
    {"id": "d", "amount": Money.of_minor(300, "USD"), "owner": None},
]


def listed(rows: list[dict[str, Any]] = ROWS) -> ListedRows[dict[str, Any]]:
    names = ("id", "amount", "owner")
    return ListedRows(
        rows,
        ids=lambda row: str(row["id"]),
        values={name: lambda row, name=name: row[name] for name in names},
        summed=["amount"],
    )


@pytest.mark.parametrize(
    ("key", "ids"),
    [("id", "abcd"), ("amount", "cdab"), ("owner", "bdca")],
)
@pytest.mark.parametrize("is_descending", [False, True])
def test_nothing_comes_first_amounts_by_what_is_printed_and_pages_lose_no_row(
    key: str, ids: str, is_descending: bool
) -> None:
    rows, order = listed(), Order(key, is_descending)
    found, after = "", None
    while page := rows.page(order, 3, after=after):
        after = page[-1]["id"]
        found += "".join(row["id"] for row in page)
    assert found == (ids[::-1] if is_descending else ids)


def test_totals_are_one_a_currency_and_whole_only_where_all_was_read() -> None:
    totals = listed().totals()
    assert (totals.count, totals.is_whole) == (4, True)
    assert [str(amount) for amount in totals.sums["amount"]] == ["13 JPY", "15.00 USD"]
    many = [{"id": str(number), "amount": None} for number in range(LISTED_MAX + 1)]
    assert not listed(many).totals().is_whole


def test_a_row_that_is_gone_begins_the_table_anew() -> None:
    assert listed().page(Order("id"), 1, after="gone")[0]["id"] == "a"
