"""What closes stored of the trial balance, in MongoDB: in pieces, so that no number of accounts is
too large for a document, and read piece by piece.
"""

from collections.abc import Iterable, Iterator

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency
from pymongo import ASCENDING

from payment_service.adapters.mongo_seals import chunks
from payment_service.application.journal import AccountBalance

PERIOD_TRIALS = "period_trials"
_ROWS_TOGETHER = 1_000


class MongoClosedTrials:
    """A month and its version say what a close found: whoever keeps it again writes the same."""

    def __init__(self, database: MongoDatabase, *, rows_together: int = _ROWS_TOGETHER) -> None:
        self._pieces = database[PERIOD_TRIALS]
        self._rows_together = rows_together

    def keep(self, month: str, version: int, rows: Iterable[AccountBalance]) -> None:
        """`rows` come by path."""
        last = f"{month}:{version}:"
        for number, piece in enumerate(chunks(rows, self._rows_together)):
            last = f"{month}:{version}:{number:08d}"
            found = [[row.path, row.debit, row.credit] for row in piece]
            self._pieces.replace_one(
                {"_id": last}, {"rows": found, "until": piece[-1].path}, upsert=True
            )
        self._pieces.delete_many({"_id": {"$gt": last, "$lt": _end(month, version)}})

    def rows(self, month: str, version: int, *, after: str = "") -> Iterator[AccountBalance]:
        """By path, those after one."""
        wanted: Document = {"_id": {"$gt": f"{month}:{version}:", "$lt": _end(month, version)}}
        if after:
            wanted["until"] = {"$gt": after}
        for piece in self._pieces.find(wanted).sort("_id", ASCENDING):
            for path, debit, credit in piece["rows"]:
                if path > after:
                    currency = Currency.of(path.rpartition(":")[2])
                    yield AccountBalance(path, currency, int(debit), int(credit))


def _end(month: str, version: int) -> str:
    # The character after the colon ends the range.
    return f"{month}:{version};"
