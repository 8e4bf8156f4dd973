"""Bank accounts, statement files, statements with their lines, and sweeps, in MongoDB."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from bson import Int64
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession

from payment_service.application.bank_ports import (
    KeptFile,
    KeptLine,
    KeptStatement,
    StatementFile,
)
from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankLineState,
    CsvMapping,
    LastStatement,
)
from payment_service.domain.tolerances import Tolerance

BANK_ACCOUNTS = "bank_accounts"
BANK_FILES = "bank_files"
BANK_STATEMENTS = "bank_statements"
BANK_LINES = "bank_lines"
SWEEPS = "sweeps"
TOLERANCES = "tolerances"
BANK_STATEMENT_INDEXES = [
    IndexModel([("account_id", ASCENDING), ("number", DESCENDING)], name="once", unique=True),
    IndexModel([("confirmed_at", DESCENDING), ("_id", DESCENDING)], name="newest_first"),
    IndexModel([("unbooked", ASCENDING)], name="unbooked", sparse=True),
]
BANK_LINE_INDEXES = [
    IndexModel([("statement_id", ASCENDING), ("number", ASCENDING)], name="of_statement"),
    IndexModel([("state", ASCENDING), ("units", ASCENDING)], name="by_state"),
    IndexModel([("target", ASCENDING)], name="by_target", sparse=True),
]
# The line itself and another: more say nothing new.
_SIMILAR_MAX = 3
SWEEP_INDEXES = [IndexModel([("line_id", ASCENDING), ("units", ASCENDING)], name="open")]


class MongoBankAccounts:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._accounts = database[BANK_ACCOUNTS]
        self._session = session

    def get(self, account_id: str) -> BankAccount | None:
        found = self._accounts.find_one({"_id": account_id}, session=self._session)
        return None if found is None else _account(found)

    def listed(self) -> Sequence[BankAccount]:
        found = self._accounts.find(session=self._session).sort("name", ASCENDING)
        return [_account(row) for row in found]

    def put(self, account: BankAccount) -> None:
        self._accounts.replace_one(
            {"_id": account.account_id},
            _account_document(account),
            upsert=True,
            session=self._session,
        )

    def follow(self, account: BankAccount, after: str | None) -> bool:
        document = _account_document(account)
        changed = self._accounts.update_one(
            {"_id": account.account_id, "last.statement_id": after},
            {"$set": {name: document[name] for name in ("last", "statement_count")}},
            session=self._session,
        )
        return changed.matched_count == 1


class MongoBankFiles:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._files = database[BANK_FILES]
        self._session = session

    def get(self, file_id: str) -> KeptFile | None:
        found = self._files.find_one({"_id": file_id}, session=self._session)
        if found is None:
            return None
        return KeptFile(
            file_id=found["_id"],
            account_id=found["account_id"],
            file=StatementFile(**{**found["file"], "content": bytes(found["file"]["content"])}),
            uploaded_by=found["uploaded_by"],
            uploaded_at=found["uploaded_at"],
            statement_ids=tuple(found["statement_ids"]),
            mapping=CsvMapping(**found["mapping"]) if found.get("mapping") else None,
        )

    def put(self, kept: KeptFile) -> None:
        document = asdict(kept)
        document["_id"] = document.pop("file_id")
        document["statement_ids"] = list(kept.statement_ids)
        self._files.replace_one({"_id": kept.file_id}, document, upsert=True, session=self._session)


class MongoBankStatements:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._statements = database[BANK_STATEMENTS]
        self._session = session

    def get(self, statement_id: str) -> KeptStatement | None:
        found = self._statements.find_one({"_id": statement_id}, session=self._session)
        return None if found is None else stored_statement(found)

    def add(self, statement: KeptStatement) -> None:
        document = asdict(statement)
        document["_id"] = document.pop("statement_id")
        document |= {
            "opening": statement.opening.to_wire(),
            "closing": statement.closing.to_wire(),
        }
        if statement.booked_count < statement.line_count:
            document |= {"unbooked": True, "unstaged": True}
        self._statements.insert_one(document, session=self._session)

    def note_booked(self, statement_id: str, count: int) -> None:
        self._statements.update_one(
            {"_id": statement_id}, {"$inc": {"booked_count": count}}, session=self._session
        )
        found = self.get(statement_id)
        if found is not None and found.booked_count >= found.line_count:
            self._statements.update_one(
                {"_id": statement_id}, {"$unset": {"unbooked": ""}}, session=self._session
            )

    def note_staged(self, statement_id: str) -> None:
        self._statements.update_one(
            {"_id": statement_id}, {"$unset": {"unstaged": ""}}, session=self._session
        )

    def unstaged(self, count_max: int) -> Sequence[KeptStatement]:
        return self._oldest({"unbooked": True, "unstaged": True}, count_max)

    def unbooked(self, count_max: int) -> Sequence[KeptStatement]:
        return self._oldest({"unbooked": True}, count_max)

    def _oldest(self, query: Document, count_max: int) -> Sequence[KeptStatement]:
        found = self._statements.find(query, session=self._session)
        rows = found.sort([("account_id", ASCENDING), ("number", ASCENDING)]).limit(count_max)
        return [stored_statement(row) for row in rows]

    def listed(
        self, count_max: int, *, before: str | None = None, account_id: str | None = None
    ) -> Sequence[KeptStatement]:
        query: Document = {}
        if account_id:
            query["account_id"] = account_id
        seen = self.get(before) if before is not None else None
        if seen is not None:
            query["$or"] = [
                {"confirmed_at": {"$lt": seen.confirmed_at}},
                {"confirmed_at": seen.confirmed_at, "_id": {"$lt": seen.statement_id}},
            ]
        found = self._statements.find(query, session=self._session)
        rows = found.sort([("confirmed_at", DESCENDING), ("_id", DESCENDING)]).limit(count_max)
        return [stored_statement(row) for row in rows]


class MongoBankLines:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._lines = database[BANK_LINES]
        self._session = session

    def stage(self, lines: Sequence[KeptLine]) -> None:
        changes = [
            UpdateOne({"_id": line.line_id}, {"$setOnInsert": _staged(line)}, upsert=True)
            for line in lines
        ]
        if changes:
            self._lines.bulk_write(changes, session=self._session)

    def get(self, line_id: str) -> KeptLine | None:
        found = self._lines.find_one({"_id": line_id}, session=self._session)
        return None if found is None else kept_line(found)

    def change(self, line: KeptLine, *, was: Collection[BankLineState]) -> bool:
        changed = self._lines.replace_one(
            {"_id": line.line_id, "state": {"$in": [state.value for state in was]}},
            _line_document(line),
            session=self._session,
        )
        return changed.matched_count == 1

    def waiting(self, statement_id: str, count_max: int) -> Sequence[KeptLine]:
        query = {"statement_id": statement_id, "state": BankLineState.WAITING.value}
        return self._many(query, "number", count_max)

    def of_statement(
        self, statement_id: str, count_max: int, *, after: int = 0
    ) -> Sequence[KeptLine]:
        query = {"statement_id": statement_id, "number": {"$gt": after}}
        return self._many(query, "number", count_max)

    def unmatched(self, count_max: int, *, after: str | None = None) -> Sequence[KeptLine]:
        query: Document = {"state": BankLineState.UNMATCHED.value}
        if after is not None:
            query["_id"] = {"$gt": after}
        return self._many(query, "_id", count_max)

    def similar(self, amount: Money, *, since: date, until: date) -> Sequence[KeptLine]:
        query = {
            "state": {"$in": [BankLineState.UNMATCHED.value, BankLineState.WAITING.value]},
            "units": Int64(amount.units),
            "currency": amount.currency.code,
            "booked_on": {"$gte": since.isoformat(), "$lte": until.isoformat()},
        }
        return self._many(query, "_id", _SIMILAR_MAX)

    def matched_with(self, kind: str, target: str) -> Sequence[KeptLine]:
        query = {"target": target, "kind": kind, "state": BankLineState.MATCHED.value}
        return self._many(query, "_id", 100)

    def counts(self, statement_id: str) -> Mapping[BankLineState, int]:
        found = self._lines.find(
            {"statement_id": statement_id}, {"state": 1}, session=self._session
        )
        return Counter(BankLineState(row["state"]) for row in found)

    def _many(self, query: Document, order: str, count_max: int) -> Sequence[KeptLine]:
        found = self._lines.find(query, session=self._session)
        return [kept_line(row) for row in found.sort(order, ASCENDING).limit(count_max)]


class MongoSweeps:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._sweeps = database[SWEEPS]
        self._session = session

    def add(self, sweep: Mapping[str, Any]) -> None:
        amount = sweep["amount"]
        document = {
            **sweep,
            "amount": amount.to_wire(),
            "units": Int64(amount.units),
            "currency": amount.currency.code,
            "arrives_on": sweep["arrives_on"].isoformat(),
            "line_id": None,
        }
        self._sweeps.replace_one(
            {"_id": sweep["_id"]}, document, upsert=True, session=self._session
        )

    def get(self, source_id: str) -> Mapping[str, Any] | None:
        found = self._sweeps.find_one({"_id": source_id}, session=self._session)
        return None if found is None else _sweep(found)

    def still_open(self, count_max: int) -> Sequence[Mapping[str, Any]]:
        found = self._sweeps.find({"line_id": None}, session=self._session)
        return [_sweep(row) for row in found.sort("_id", ASCENDING).limit(count_max)]

    def set_line(self, source_id: str, line_id: str | None) -> None:
        self._sweeps.update_one(
            {"_id": source_id}, {"$set": {"line_id": line_id}}, session=self._session
        )


class MongoTolerances:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._rules = database[TOLERANCES]
        self._session = session

    def of_account(self, account_id: str) -> Sequence[Tolerance]:
        found = self._rules.find({"account_id": account_id}, session=self._session)
        return [_tolerance(row) for row in found.sort("_id", ASCENDING)]

    def listed(self) -> Sequence[Tolerance]:
        found = self._rules.find(session=self._session).sort("_id", ASCENDING)
        return [_tolerance(row) for row in found]

    def put(self, rule: Tolerance) -> None:
        document = {**vars(rule), "_id": rule.rule_id, "maximum": rule.maximum.to_wire()}
        document.pop("rule_id")
        self._rules.replace_one({"_id": rule.rule_id}, document, upsert=True, session=self._session)

    def remove(self, rule_id: str) -> None:
        self._rules.delete_one({"_id": rule_id}, session=self._session)


def _account_document(account: BankAccount) -> Document:
    document = asdict(account)
    document["_id"] = document.pop("account_id")
    document["currency"] = account.currency.code
    if account.last is not None:
        document["last"]["closing"] = account.last.closing.to_wire()
    return document


def _account(row: Document) -> BankAccount:
    mapping, last = row["mapping"], row["last"]
    return BankAccount(
        account_id=row["_id"],
        name=row["name"],
        number=row["number"],
        currency=Currency.of(row["currency"]),
        mapping=CsvMapping(**mapping) if mapping else None,
        last=LastStatement(**{**last, "closing": Money.from_wire(last["closing"])})
        if last
        else None,
        statement_count=row["statement_count"],
    )


_OF_JOBS = {"_id", "unbooked", "unstaged"}


def stored_statement(row: Document) -> KeptStatement:
    fields = {name: value for name, value in row.items() if name not in _OF_JOBS}
    for name in ("opening", "closing"):
        fields[name] = Money.from_wire(row[name])
    return KeptStatement(statement_id=row["_id"], **fields)


def _staged(kept: KeptLine) -> Document:
    return {name: value for name, value in _line_document(kept).items() if name != "_id"}


def _line_document(kept: KeptLine) -> Document:
    line = kept.line
    fields = {name: value for name, value in vars(kept).items() if name not in {"line_id", "line"}}
    return {
        **fields,
        "_id": kept.line_id,
        "state": kept.state.value,
        "number": line.number,
        "booked_on": line.booked_on.isoformat(),
        "value_on": line.value_on.isoformat() if line.value_on else None,
        "units": Int64(line.amount.units),
        "currency": line.amount.currency.code,
        "references": list(line.references),
        "text": line.text,
        "counterparty": line.counterparty,
        "place": line.place,
    }


_OF_LINE = {"number", "booked_on", "value_on", "units", "currency", "references", "text"} | {
    "counterparty",
    "place",
}


def kept_line(row: Document) -> KeptLine:
    fields = {name: value for name, value in row.items() if name not in _OF_LINE | {"_id"}}
    fields["state"] = BankLineState(row["state"])
    line = BankLine(
        number=row["number"],
        booked_on=date.fromisoformat(row["booked_on"]),
        value_on=date.fromisoformat(row["value_on"]) if row["value_on"] else None,
        amount=Money(int(row["units"]), Currency.of(row["currency"])),
        references=tuple(row["references"]),
        text=row["text"],
        counterparty=row["counterparty"],
        place=row["place"],
    )
    return KeptLine(line_id=row["_id"], line=line, **fields)


def _sweep(row: Document) -> Mapping[str, Any]:
    return {
        **row,
        "amount": Money.from_wire(row["amount"]),
        "arrives_on": date.fromisoformat(row["arrives_on"]),
    }


def _tolerance(row: Document) -> Tolerance:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return Tolerance(
        **{**fields, "rule_id": row["_id"], "maximum": Money.from_wire(row["maximum"])}
    )
