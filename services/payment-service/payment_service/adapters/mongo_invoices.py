"""Invoices in MongoDB, and the month of the journal that they are made from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import Int64
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_ledger import JOURNAL
from payment_service.domain.invoices import Invoice, InvoiceLine

INVOICES = "invoices"
BILLED_TO = "billed_to"
INVOICE_INDEXES = [
    IndexModel(
        [("requester_id", ASCENDING), ("period", DESCENDING), ("currency", ASCENDING)],
        name="once",
        unique=True,
    ),
]
_FEE = "income:fee:"
_WORKERS = "liability:worker:"
_CODES = ["accept", "overturn", "bonus"]


class MongoInvoices:
    """`_id` is the number: the database refuses a second one."""

    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._invoices = database[INVOICES]
        self._billed_to = database[BILLED_TO]
        self._session = session

    def add(self, invoice: Invoice) -> None:
        self._invoices.insert_one(
            {
                "_id": Int64(invoice.number),
                "requester_id": invoice.requester_id,
                "period": invoice.period,
                "currency": invoice.currency.code,
                "issued_at": invoice.issued_at,
                "issuer": invoice.issuer,
                "billed_to": invoice.billed_to,
                "lines": [_line_document(line) for line in invoice.lines],
            },
            session=self._session,
        )

    def last_number(self) -> int:
        last = self._invoices.find_one(sort=[("_id", DESCENDING)], session=self._session)
        return 0 if last is None else int(last["_id"])

    def get(self, number: int) -> Invoice | None:
        found = self._invoices.find_one({"_id": number}, session=self._session)
        return None if found is None else stored_invoice(found)

    def has(self, requester_id: RequesterId, period: str, currency: Currency) -> bool:
        once = {"requester_id": requester_id, "period": period, "currency": currency.code}
        return self._invoices.find_one(once, {"_id": 1}, session=self._session) is not None

    def billed_to(self, requester_id: RequesterId) -> str:
        found = self._billed_to.find_one({"_id": requester_id}, session=self._session)
        return found["text"] if found else ""

    def set_billed_to(self, requester_id: RequesterId, text: str) -> None:
        self._billed_to.replace_one(
            {"_id": requester_id}, {"text": text}, upsert=True, session=self._session
        )


class MongoFeeBooks:
    def __init__(self, database: MongoDatabase) -> None:
        self._journal = database[JOURNAL]

    def fees(
        self, since: datetime, until: datetime
    ) -> Sequence[tuple[RequesterId, Currency, Sequence[InvoiceLine]]]:
        booked = {"booked_at": {"$gte": since, "$lt": until}, "code": {"$in": _CODES}}
        sums: dict[tuple[str, str], dict[str, list[int]]] = {}
        for row in self._journal.find(booked):
            of_requester = sums.setdefault((row["refs"]["requester"], row["currency"]), {})
            count, rewards, fees = of_requester.setdefault(row["refs"]["batch"], [0, 0, 0])
            of_requester[row["refs"]["batch"]] = [
                count + (row["code"] != "bonus"),
                rewards + _credited(row, _WORKERS),
                fees + _credited(row, _FEE),
            ]
        return [
            (RequesterId(requester), Currency.of(code), _lines(batches, Currency.of(code)))
            for (requester, code), batches in sorted(sums.items())
        ]


def _credited(row: Document, prefix: str) -> int:
    return sum(int(line["cr"]) for line in row["lines"] if line["a"].startswith(prefix))


def _lines(batches: dict[str, list[int]], currency: Currency) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            batch_id=batch_id,  # type: ignore[arg-type] # as it stands in the entry
            title="",
            count=count,
            rewards=Money(rewards, currency),
            fees=Money(fees, currency),
        )
        for batch_id, (count, rewards, fees) in sorted(batches.items())
    ]


def _line_document(line: InvoiceLine) -> Document:
    return {**vars(line), "rewards": line.rewards.to_wire(), "fees": line.fees.to_wire()}


def stored_invoice(row: dict[str, Any]) -> Invoice:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["currency"] = Currency.of(row["currency"])
    fields["lines"] = tuple(
        InvoiceLine(
            **{
                **line,
                "rewards": Money.from_wire(line["rewards"]),
                "fees": Money.from_wire(line["fees"]),
            }
        )
        for line in row["lines"]
    )
    return Invoice(number=int(row["_id"]), **fields)
