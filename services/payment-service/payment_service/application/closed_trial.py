"""The trial balance that a close stored, as rows of a table: by account, a page at a time."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from payment_service.application.journal import AccountBalance
from payment_service.application.rows import Order, Totals, in_pieces

_BY_ACCOUNT = Order("account")


class ClosedTrial:
    """`read` gives the rows from the account after one; any other order needs all of them."""

    def __init__(self, read: Callable[[str], Iterator[AccountBalance]], *, count: int) -> None:
        self._read = read
        self._count = count

    def has(self, order: Order) -> bool:
        return order == _BY_ACCOUNT

    def page(
        self, _order: Order, count_max: int, *, after: str | None = None
    ) -> Sequence[AccountBalance]:
        return list(islice(self._read(after or ""), count_max))

    def pieces(self, _order: Order) -> Iterator[Sequence[AccountBalance]]:
        return in_pieces(self._read(""))

    def totals(self, *, whole: bool = False) -> Totals:
        del whole  # how many they are was stored with them
        return Totals(self._count)

    def id_of(self, row: AccountBalance) -> str:
        return row.path
