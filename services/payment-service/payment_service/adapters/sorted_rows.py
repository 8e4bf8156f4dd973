"""Rows in the order of their keys, however many: sorted in pieces on disk, merged while read."""

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

Row = tuple[str, list[Any]]
_ROWS_TOGETHER = 10_000


class SortedRows:
    """Read as often as one likes, one reading at a time, until closed."""

    def __init__(self, rows: Iterable[Row], *, rows_together: int = _ROWS_TOGETHER) -> None:
        self._files: list[IO[str]] = []
        self._kept: list[Row] = []
        coming = iter(rows)
        while piece := sorted(islice(coming, rows_together), key=_key):
            if len(piece) < rows_together:
                self._kept = piece
                break
            self._files.append(_written(piece))

    def __iter__(self) -> Iterator[Row]:
        for file in self._files:
            file.seek(0)
        pieces: list[Iterable[Row]] = [_read(file) for file in self._files]
        return heapq.merge(*pieces, self._kept, key=_key)

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files, self._kept = [], []


def _key(row: Row) -> str:
    return row[0]


def _written(piece: Iterable[Row]) -> IO[str]:
    # Closed by the rows that it belongs to; it has no name, so that nothing is left of a crash.
    file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
    file.writelines(f"{json.dumps(row)}\n" for row in piece)
    return file


def _read(file: IO[str]) -> Iterator[Row]:
    for text in file:
        key, row = json.loads(text)
        yield key, row
