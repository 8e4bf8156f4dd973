"""Rows sorted in pieces: the same as sorting them at once, in the memory of one piece."""

import random

import pytest
from payment_service.adapters.sorted_rows import SortedRows
from payment_service.domain.reconciliation import merged


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 95])
def test_rows_come_in_the_order_of_their_keys_however_often_they_are_read(count: int) -> None:
    rows: list[tuple[str, list[object]]] = [
        (f"k{number % 40:02d}", [number, "text"]) for number in range(count)
    ]
    random.Random(count).shuffle(rows)
    kept = SortedRows(iter(rows), rows_together=10)
    for _ in range(2):
        read = list(kept)
        assert [key for key, _ in read] == sorted(key for key, _ in rows)
        assert sorted(read) == sorted(rows)
    kept.close()
    assert list(kept) == []


def test_two_sides_are_joined_whole_with_what_either_lacks() -> None:
    pairs = merged("abdf", "bcdg", left_key=str, right_key=str)
    assert list(pairs) == [
        ("a", None),
        ("b", "b"),
        (None, "c"),
        ("d", "d"),
        ("f", None),
        (None, "g"),
    ]
