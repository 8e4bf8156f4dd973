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
from payment_service.domain.vat import NO_VAT, NOWHERE, BillingProfile, Vat, read_note

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
_VAT = "liability:tax:vat:"
_WORKERS = "liability:worker:"
_CODES = ["accept", "overturn", "bonus"]
_Sums = dict[tuple[str, str], list[int]]
"""(batch, note of its VAT) -> answers, rewards, fees, VAT."""


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
                "profile": vars(invoice.profile),
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
        return found.get("text", "") if found else ""

    def set_billed_to(self, requester_id: RequesterId, text: str) -> None:
        self._set(requester_id, text=text)

    def profile(self, requester_id: RequesterId) -> BillingProfile:
        found = self._billed_to.find_one({"_id": requester_id}, session=self._session)
        return BillingProfile(**found.get("profile", {})) if found else NOWHERE

    def set_profile(self, requester_id: RequesterId, profile: BillingProfile) -> None:
        self._set(requester_id, profile=vars(profile))

    def told_vat(self, requester_id: RequesterId) -> Vat:
        found = self._billed_to.find_one({"_id": requester_id}, session=self._session)
        return Vat(**found.get("told", {})) if found else NO_VAT

    def note_told_vat(self, requester_id: RequesterId, vat: Vat) -> None:
        self._set(requester_id, told=vars(vat))

    def taxed(self) -> Sequence[RequesterId]:
        found = self._billed_to.find({"profile.country": {"$gt": ""}}, {"_id": 1})
        return [RequesterId(row["_id"]) for row in found]

    def _set(self, requester_id: RequesterId, **fields: Any) -> None:
        self._billed_to.update_one(
            {"_id": requester_id}, {"$set": fields}, upsert=True, session=self._session
        )


class MongoFeeBooks:
    def __init__(self, database: MongoDatabase) -> None:
        self._journal = database[JOURNAL]

    def fees(
        self, since: datetime, until: datetime
    ) -> Sequence[tuple[RequesterId, Currency, Sequence[InvoiceLine]]]:
        booked = {"booked_at": {"$gte": since, "$lt": until}, "code": {"$in": _CODES}}
        sums: dict[tuple[str, str], _Sums] = {}
        for row in self._journal.find(booked):
            refs = row["refs"]
            of_requester = sums.setdefault((refs["requester"], row["currency"]), {})
            of_batch = of_requester.setdefault((refs["batch"], refs.get("vat", "")), [0, 0, 0, 0])
            of_batch[0] += row["code"] != "bonus"
            for place, prefix in enumerate((_WORKERS, _FEE, _VAT), start=1):
                of_batch[place] += _credited(row, prefix)
        return [
            (RequesterId(requester), Currency.of(code), _lines(batches, Currency.of(code)))
            for (requester, code), batches in sorted(sums.items())
        ]


def _credited(row: Document, prefix: str) -> int:
    return sum(int(line["cr"]) for line in row["lines"] if line["a"].startswith(prefix))


def _lines(batches: _Sums, currency: Currency) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            batch_id=batch_id,  # type: ignore[arg-type] # as it stands in the entry
            title="",
            count=count,
            rewards=Money(rewards, currency),
            fees=Money(fees, currency),
            vat=Money(vat, currency),
            tax=read_note(note),
        )
        for (batch_id, note), (count, rewards, fees, vat) in sorted(batches.items())
    ]


def _line_document(line: InvoiceLine) -> Document:
    amounts = {name: getattr(line, name).to_wire() for name in ("rewards", "fees", "vat")}
    return {**vars(line), **amounts, "tax": vars(line.tax)}


def stored_invoice(row: dict[str, Any]) -> Invoice:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["currency"] = Currency.of(row["currency"])
    fields["profile"] = BillingProfile(**row.get("profile", {}))
    fields["lines"] = tuple(_stored_line(line, fields["currency"]) for line in row["lines"])
    return Invoice(number=int(row["_id"]), **fields)


def _stored_line(row: dict[str, Any], currency: Currency) -> InvoiceLine:
    """Those of before there was VAT have none."""
    wire = {"vat": Money.zero(currency).to_wire(), **row}
    amounts = {name: Money.from_wire(wire[name]) for name in ("rewards", "fees", "vat")}
    return InvoiceLine(**{**row, **amounts, "tax": Vat(**row.get("tax", {}))})
