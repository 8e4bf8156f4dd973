"""Our accounts at banks, and their statements: sent, looked at, confirmed, read."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput, NotFound
from flask import request
from flask_smorest import Blueprint

from payment_service.application.bank_ports import KeptLine, KeptStatement, StatementFile
from payment_service.application.import_statements import Foreseen, Preview
from payment_service.bootstrap import Application
from payment_service.domain.bank_statements import STATEMENT_BYTES_MAX, BankAccount, BankLine
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.entrypoints.http import bank_schemas as schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.schemas import PageQuerySchema
from payment_service.entrypoints.http.staff import caller

_REFUSED = {
    404: "not_found",
    409: "statement_known",
    413: "too_large",
    422: "statement_unreadable, statement_does_not_add_up, statement_missing, "
    "statement_of_another_account, invalid_input",
}
_FORM = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["account_id", "file"],
                "properties": {
                    "account_id": {"type": "string"},
                    "file": {"type": "string", "format": "binary"},
                    "format": {"type": "string", "enum": ["camt053", "mt940", "ofx", "csv"]},
                    "opening": {"type": "string"},
                    "closing": {"type": "string"},
                },
            }
        }
    }
}


def bank_statements_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("banks", area="payments", description="Bank accounts and statements")
    _add_accounts(blueprint, application)
    _add_files(blueprint, application)
    _add_statements(blueprint, application)
    return blueprint


def _add_accounts(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/bank-accounts")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.OwnBankAccountListSchema)
    def accounts() -> dict[str, Any]:
        """Our accounts at banks, by name."""
        return {"items": [_account(each) for each in application.readers.bank_accounts.listed()]}

    @blueprint.post("/bank-accounts")
    @require("staff", MAKER)
    @idempotent
    @refusals(blueprint, {**SEEN, 400: "idempotency_key_missing", 422: "invalid_input"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.NewOwnBankAccountSchema)
    @blueprint.response(200, schemas.OwnBankAccountSchema)
    def put(body: dict[str, Any]) -> Any:
        """Add an account, or change how a known one is called and how its CSV is read."""
        return _account(
            application.put_bank_account(
                caller(),
                body["account_id"],
                name=body["name"],
                number=body["number"],
                currency=body["currency"],
                mapping=body["mapping"],
            )
        )


def _add_files(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/bank-statements")
    @require("staff", MAKER)
    @refusals(blueprint, {**SEEN, **_REFUSED})
    @blueprint.doc(security=STAFF, requestBody=_FORM)
    @blueprint.response(200, schemas.BankFileSchema)
    def look() -> dict[str, Any]:
        """Read and check a file; nothing is booked before it is confirmed."""
        account_id, file = sent_file()
        return _preview(application.import_statements.look(caller(), account_id, file))

    @blueprint.post("/bank-statements/files/<file_id>/confirm")
    @require("staff", MAKER)
    @idempotent
    @refusals(blueprint, {**SEEN, 400: "idempotency_key_missing", **_REFUSED})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, schemas.ConfirmedFileSchema)
    def confirm(file_id: str) -> dict[str, Any]:
        """Book the file's statements. Once confirmed, it stays."""
        return {"statement_ids": list(application.import_statements.confirm(caller(), file_id))}


def _add_statements(blueprint: Blueprint, application: Application) -> None:
    key = application.settings.common.cursor_key
    cursors, of_lines = Cursors(key, salt="bank-statements"), Cursors(key, salt="bank-lines")
    readers = application.readers

    @blueprint.get("/bank-statements")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(schemas.BankStatementQuerySchema, location="query")
    @blueprint.response(200, schemas.BankStatementPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Statements, newest first."""
        found = readers.bank_statements.listed(
            query["limit"] + 1, before=cursors.place_of(query), account_id=query["account_id"]
        )
        return page_of(
            found, query["limit"], cursors, place=lambda s: s.statement_id, present=_statement
        )

    @blueprint.get("/bank-statements/<statement_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.BankStatementSchema)
    def show(statement_id: str) -> dict[str, Any]:
        """One statement."""
        return _statement(need_statement(application, statement_id))

    @blueprint.get("/bank-statements/<statement_id>/lines")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found", 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(PageQuerySchema, location="query")
    @blueprint.response(200, schemas.BankLinePageSchema)
    def lines(query: dict[str, Any], statement_id: str) -> dict[str, Any]:
        """Its lines in the bank's order, with what each was matched with."""
        need_statement(application, statement_id)
        found = readers.bank_lines.of_statement(
            statement_id, query["limit"] + 1, after=int(of_lines.place_of(query) or 0)
        )
        return page_of(
            found,
            query["limit"],
            of_lines,
            place=lambda kept: str(kept.line.number),
            present=_kept_line,
        )


def sent_file() -> tuple[str, StatementFile]:
    """The account and the file of a form. Raises InvalidInput."""
    upload = request.files.get("file")
    account_id = request.form.get("account_id", "")
    if upload is None or not account_id:
        missing = "account_id" if upload is not None else "file"
        raise InvalidInput("Send the account and the file", errors={missing: ["Missing"]})
    return account_id, StatementFile(
        name=(upload.filename or "statement")[:200],
        content=upload.stream.read(STATEMENT_BYTES_MAX + 1),
        format=request.form.get("format", ""),
        opening=request.form.get("opening", "")[:40],
        closing=request.form.get("closing", "")[:40],
    )


def need_statement(application: Application, statement_id: str) -> KeptStatement:
    found = application.readers.bank_statements.get(statement_id)
    if found is None:
        raise NotFound("There is no such statement")
    return found


def _account(account: BankAccount) -> dict[str, Any]:
    return {
        **vars(account),
        "currency": account.currency.code,
        "closing": account.last.closing if account.last else None,
        "closed_on": account.last.closed_on if account.last else None,
    }


def _statement(kept: KeptStatement) -> dict[str, Any]:
    return dict(vars(kept))


def _kept_line(kept: KeptLine) -> dict[str, Any]:
    said = {name: getattr(kept, name) for name in ("line_id", "kind", "target", "rule")}
    return {**_line(kept.line), **said, "state": kept.state.value}


def _line(line: BankLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "booked_on": line.booked_on.isoformat(),
        "amount": line.amount,
        "counterparty": line.counterparty,
        "text": line.text,
        "references": list(line.references),
    }


def _foreseen(seen: Foreseen) -> dict[str, Any]:
    verdict = seen.verdict
    return {
        **_line(seen.line),
        "line_id": None,
        "state": "foreseen",
        "kind": verdict.kind or verdict.fault,
        "target": verdict.target,
        "rule": verdict.rule,
    }


def _preview(preview: Preview) -> dict[str, Any]:
    return {
        "file_id": preview.file_id,
        "account_id": preview.account.account_id,
        "statements": [
            {
                "reference": statement.reference,
                "opening": statement.opening,
                "closing": statement.closing,
                "closed_on": statement.closed_on.isoformat(),
                "line_count": len(statement.lines),
                "lines": [_foreseen(each) for each in foreseen],
            }
            for statement, foreseen in zip(preview.statements, preview.foreseen, strict=True)
        ],
    }
