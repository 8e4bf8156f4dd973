"""What a reconciliation reads, each in the order of its key, with cursors: never all at once."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from pymongo import ASCENDING

from payment_service.adapters.mongo_banks import (
    BANK_ACCOUNTS,
    BANK_LINES,
    BANK_STATEMENTS,
    SWEEPS,
)
from payment_service.adapters.mongo_journal import summed
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL
from payment_service.adapters.mongo_payouts import PAYOUT_ITEMS
from payment_service.application.journal import AccountBalance
from payment_service.domain.bank_flows import bank
from payment_service.domain.bank_reconciliation import (
    BankBalance,
    BankEntry,
    BankLineSeen,
    OnItsWay,
)
from payment_service.domain.payouts import ItemState, Rail
from payment_service.domain.reconciliation import Booked

_STRIPE_ACCOUNTS = ("asset:stripe:pending:", "asset:stripe:available:")
_KEPT = ("income:fee:payout:", "liability:tax:withheld:")
_PROCESSING = "expense:stripe:processing:"
# A line that is a fee itself has none.
_FEE = "stripe_fee"
# What comes together otherwise is a hundred megabytes of documents.
_ROWS_TOGETHER = 2_000


class MongoReconciledBooks:
    """The `ReconciledBooks` port."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._journal = database[JOURNAL]

    def sums(self) -> Iterator[AccountBalance]:
        return summed(self._journal)

    def kept(self) -> Iterator[tuple[str, Money]]:
        found = self._database[ACCOUNTS].find({}, {"posted": 1}).sort("_id", ASCENDING)
        for row in found:
            yield row["_id"], Money(int(row["posted"]), _currency_of(row["_id"]))

    def booked(self) -> Iterator[Booked]:
        # A settlement only moves its line from pending to available.
        moving = (row for row in self._about("stripe_txn", "lines") if row["code"] != "settle")
        for transaction_id, group in groupby(moving, key=lambda row: row["refs"]["stripe_txn"]):
            rows = list(group)
            zero = Money.zero(Currency.of(rows[0]["currency"]))
            yield Booked(
                transaction_id,
                rows[0]["code"],
                sum((_effect(row, *_STRIPE_ACCOUNTS) for row in rows), zero),
                sum((_effect(row, _PROCESSING) for row in rows if row["code"] != _FEE), zero),
            )

    def posted(self) -> Iterator[tuple[str, Money]]:
        # Of a payout by another rail the processor knows nothing.
        theirs = (
            row
            for row in self._about("item", "total", "lines")
            if row["code"] == "payout_post" and "stripe_txn" in row["refs"]
        )
        for item_id, rows in groupby(theirs, key=lambda row: row["refs"]["item"]):
            # Credits have the lower sign: what was sent is without what was kept of it.
            amounts = [
                Money(int(r["total"]), Currency.of(r["currency"])) + _effect(r, *_KEPT)
                for r in rows
            ]
            yield item_id, sum(amounts[1:], amounts[0])

    def bank_balances(self) -> Iterator[BankBalance]:
        for row in self._database[BANK_ACCOUNTS].find().sort("_id", ASCENDING):
            currency = Currency.of(row["currency"])
            path = bank(row["_id"], currency)
            last = row["last"]
            yield BankBalance(
                path,
                self._balance(path, currency),
                Money.from_wire(last["closing"]) if last else None,
            )

    def bank_lines(self) -> Iterator[BankLineSeen]:
        accepted: dict[str, bool] = {}
        fields = {"statement_id": 1, "account_id": 1, "units": 1, "currency": 1, "state": 1}
        for row in self._database[BANK_LINES].find({}, fields).sort("_id", ASCENDING):
            statement = row["statement_id"]
            if statement not in accepted:
                # Lines of one statement come together: one is remembered.
                found = self._database[BANK_STATEMENTS].find_one({"_id": statement}, {"_id": 1})
                accepted = {statement: found is not None}
            if accepted[statement]:
                currency = Currency.of(row["currency"])
                yield BankLineSeen(
                    row["_id"],
                    bank(row["account_id"], currency),
                    Money(int(row["units"]), currency),
                    booked=row["state"] != "waiting",
                )

    def bank_entries(self) -> Iterator[BankEntry]:
        found = self._about("bank_line", "lines")
        for line_id, group in groupby(found, key=lambda row: row["refs"]["bank_line"]):
            rows = list(group)
            path = bank(rows[0]["refs"]["bank_account"], Currency.of(rows[0]["currency"]))
            zero = Money.zero(Currency.of(rows[0]["currency"]))
            yield BankEntry(line_id, path, sum((_effect(row, path) for row in rows), zero))

    def on_their_way(self) -> Iterator[OnItsWay]:
        for row in self._database[SWEEPS].find({"line_id": None}).sort("_id", ASCENDING):
            # `arrives_on` is an estimate already: banks take their days from there.
            since = date.fromisoformat(row["arrives_on"])
            yield OnItsWay("sweep", row["_id"], Money.from_wire(row["amount"]), since)
        query = {"state": ItemState.SENT.value, "rail": Rail.BANK_FILE.value}
        for row in self._database[PAYOUT_ITEMS].find(query).sort("_id", ASCENDING):
            sent_at = row["sending_since"] or row["changed_at"]
            yield OnItsWay(
                "payout_item", row["_id"], -Money.from_wire(row["amount"]), sent_at.date()
            )

    def _about(self, ref: str, *fields: str) -> Iterator[Document]:
        """Entries that name an object of a kind, by its id: walked along the index, so that no
        engine sorts the journal. Conditions that the index does not have are the reader's: with
        one, an engine may leave the index.
        """
        field = f"refs.{ref}"
        shown = dict.fromkeys(("refs", "code", "currency", *fields), 1)
        found = self._journal.find({field: {"$gt": ""}}, shown, batch_size=_ROWS_TOGETHER)
        return found.sort(field, ASCENDING)

    def _balance(self, path: str, currency: Currency) -> Money:
        rows = list(
            self._journal.aggregate(
                [
                    {"$match": {"lines.a": path}},
                    {"$unwind": "$lines"},
                    {"$match": {"lines.a": path}},
                    {
                        "$group": {
                            "_id": "$lines.a",
                            "dr": {"$sum": "$lines.dr"},
                            "cr": {"$sum": "$lines.cr"},
                        }
                    },
                ]
            )
        )
        return Money(int(rows[0]["dr"]) - int(rows[0]["cr"]) if rows else 0, currency)


def _effect(row: Document, *starts: str) -> Money:
    units = sum(
        int(line["dr"]) - int(line["cr"]) for line in row["lines"] if line["a"].startswith(starts)
    )
    return Money(units, Currency.of(row["currency"]))


def _currency_of(path: str) -> Currency:
    return Currency.of(path.rpartition(":")[2])
