"""Making files piece by piece."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO

from crowdloom.kernel import Currency, Money
from defusedcsv import csv

_MEMORY_BYTES_MAX = 4 * 2**20
_PIECE_BYTES = 64 * 1024
_ROWS_TOGETHER = 500
MARK = "\ufeff".encode()


def plain(units: int, currency: Currency) -> str:
    """Digits alone; the currency has a column of its own."""
    return str(Money(units, currency)).split()[0]


def csv_pieces(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """No cell of it runs as a formula."""
    yield MARK + csv_bytes([columns])
    left = iter(rows)
    while some := list(islice(left, _ROWS_TOGETHER)):
        yield csv_bytes(some)


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def spooled() -> "SpooledTemporaryFile[bytes]":
    """A file that is in memory while it is small."""
    return SpooledTemporaryFile(max_size=_MEMORY_BYTES_MAX)


def read_back(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE_BYTES):
        yield piece
