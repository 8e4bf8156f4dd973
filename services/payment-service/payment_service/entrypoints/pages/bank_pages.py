"""Banks: accounts, statements in, and what each line was for."""

from dataclasses import asdict
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import Currency, DomainError, Money
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.bank_accounts import ENCODINGS
from payment_service.application.bank_ports import KeptLine, KeptStatement
from payment_service.application.book_bank_lines import exception_key
from payment_service.bootstrap import Application
from payment_service.domain.bank_flows import KINDS
from payment_service.domain.bank_statements import BankAccount, BankLineState
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.entrypoints.http.bank_statements import need_statement, sent_file
from payment_service.entrypoints.pages import bank_words, shell
from payment_service.entrypoints.pages.tables import Column, Table
from payment_service.entrypoints.pages.tolerance_pages import ACCOUNTS, tolerances

LINES_PAGE_ITEMS = 200
STATEMENTS = "/finance/bank-statements"
_COLUMNS = (
    *("date", "amount", "money_in", "money_out", "direction"),
    *("balance", "reference", "text", "counterparty"),
)
_MAPPED = (*_COLUMNS, "date_format", "debit_word", "decimal", "delimiter", "encoding")


def bank_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("bank_pages", __name__)
    _add_statements(blueprint, application)
    _add_file(blueprint, application)
    _add_files(blueprint, application)
    _add_lines(blueprint, application)
    _add_accounts(blueprint, application)
    return blueprint


def _add_statements(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(STATEMENTS)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        return _list_page(application, {})

    @blueprint.post(STATEMENTS)
    @require("staff", MAKER)
    def look() -> Any:
        try:
            account_id, file = sent_file()
            preview = application.import_statements.look(shell.staff_member(), account_id, file)
        except InvalidInput as missing:
            fields = {"file": _("Choose a file."), "account_id": _("Choose the account.")}
            errors = {name: fields[name] for name in missing.facts.get("errors", {})}  # type: ignore[attr-defined]
            return _list_page(application, errors), 422
        except DomainError as refusal:
            return _list_page(application, {"file": bank_words.refusal(refusal)}), 422
        return redirect(f"{STATEMENTS}/files/{preview.file_id}", 303)

    @blueprint.get(f"{STATEMENTS}/<statement_id>")
    @require("staff", *FINANCE_READERS)
    def one(statement_id: str) -> str:
        found = need_statement(application, statement_id)
        return render_template(
            "finance/bank_statement.html",
            found=found,
            account=application.readers.bank_accounts.get(found.account_id),
            table=_lines(application, found).shown(LINES_PAGE_ITEMS),
            state=request.args.get("state", ""),
            counts=application.readers.bank_lines.counts(statement_id),
            names=application.readers.staff.names(),
            **_line_words(),
        )


def _add_file(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{STATEMENTS}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def listed_file(kind: str) -> Response:
        return _statements(application).file(kind, "bank-statements")

    @blueprint.get(f"{STATEMENTS}/<statement_id>.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def statement_file(statement_id: str, kind: str) -> Response:
        found = need_statement(application, statement_id)
        return _lines(application, found).file(kind, f"bank-statement-{found.closed_on}")


def _lines(application: Application, found: KeptStatement) -> Table[KeptLine]:
    state = request.args.get("state", "")
    columns: list[Column[KeptLine]] = [
        Column("line", lambda kept: kept.line_id),
        Column("number", lambda kept: kept.line.number),
        Column("booked_on", lambda kept: kept.line.booked_on, _("Day")),
        Column(
            "amount", lambda kept: kept.line.amount, _("Amount"), is_figure=True, is_summed=True
        ),
        Column("currency", lambda kept: kept.line.amount.currency.code),
        Column("state", lambda kept: kept.state.value, _("State")),
        Column("counterparty", lambda kept: kept.line.counterparty, _("Who and what for")),
        Column("text", lambda kept: kept.line.text),
        Column("references", lambda kept: " ".join(kept.line.references)),
        Column("matched_as", lambda kept: kept.kind, _("Matched with")),
        Column("matched_with", lambda kept: kept.target),
        Column("rule", lambda kept: kept.rule),
        Column("entry", lambda kept: kept.entry_key),
    ]
    rows = application.tables.bank_lines(
        found.statement_id, BankLineState(state) if state in set(BankLineState) else None
    )
    return Table(columns, rows, first="number")


def _statements(application: Application) -> Table[KeptStatement]:
    names = application.readers.staff.names()
    accounts = {each.account_id: each.name for each in application.readers.bank_accounts.listed()}
    found = application.tables.bank_statements(request.args.get("account") or None)
    columns: list[Column[KeptStatement]] = [
        Column("id", lambda row: row.statement_id),
        Column("statement", lambda row: row.reference, _("Statement")),
        Column("closed_on", lambda row: row.closed_on, _("Closed on")),
        Column("opening", lambda row: row.opening, _("Opening"), is_figure=True),
        Column("moved", lambda row: row.moved, _("Moved"), is_figure=True, is_summed=True),
        Column("closing", lambda row: row.closing, _("Closing"), is_figure=True),
        Column("currency", lambda row: row.closing.currency.code),
        Column("lines", lambda row: row.line_count, _("Lines"), is_figure=True),
        Column("account", lambda row: accounts.get(row.account_id, ""), _("Account")),
        Column(
            "confirmed_by", lambda row: names.get(StaffId(row.confirmed_by), ""), _("Confirmed by")
        ),
        Column("confirmed_at", lambda row: row.confirmed_at),
    ]
    return Table.kept(columns, found, first="-confirmed_at")


def _list_page(application: Application, errors: dict[str, str]) -> str:
    accounts = application.readers.bank_accounts.listed()
    return render_template(
        "finance/bank_statements.html",
        table=_statements(application).shown(),
        accounts=accounts,
        by_id={account.account_id: account for account in accounts},
        account=request.args.get("account", ""),
        errors=errors,
        form=request.form,
        may_make=shell.may(MAKER),
        names=application.readers.staff.names(),
    )


def _line_words() -> dict[str, Any]:
    return {
        "states": bank_words.line_states(),
        "tones": bank_words.LINE_TONES,
        "kinds": bank_words.kinds(),
        "rules": bank_words.rules(),
    }


def _add_files(blueprint: Blueprint, application: Application) -> None:
    desk = application.import_statements

    @blueprint.get(f"{STATEMENTS}/files/<file_id>")
    @require("staff", *FINANCE_READERS)
    def preview(file_id: str) -> Any:
        kept = application.readers.bank_files.get(file_id)
        if kept is not None and kept.statement_ids:
            return redirect(f"{STATEMENTS}/{kept.statement_ids[-1]}", 303)
        try:
            found = desk.preview(file_id)
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Not taken"), bank_words.refusal(refusal))
            return redirect(STATEMENTS, 303)
        return render_template(
            "finance/bank_preview.html", found=found, may_make=shell.may(MAKER), **_line_words()
        )

    @blueprint.post(f"{STATEMENTS}/files/<file_id>/confirm")
    @require("staff", MAKER)
    def confirm(file_id: str) -> BaseResponse:
        try:
            booked = desk.confirm(shell.staff_member(), file_id)
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Nothing was booked"), bank_words.refusal(refusal))
            return redirect(STATEMENTS, 303)
        statement = need_statement(application, booked[-1])
        if statement.booked_count < statement.line_count:
            ui.say("good", _("Taken"), _("Its lines are being booked; this page says how far."))
        else:
            ui.say("good", _("Booked"), _("Lines in suspense are in the exceptions."))
        return redirect(f"{STATEMENTS}/{booked[-1]}", 303)


def _add_lines(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{STATEMENTS}/lines/<line_id>")
    @require("staff", *FINANCE_READERS)
    def line(line_id: str) -> str:
        kept = _need_line(application, line_id)
        waiting = application.readers.exceptions.waiting_for(exception_key(line_id))
        entries = application.journal.entries(count_max=20, ref=("bank_line", line_id))
        return render_template(
            "finance/bank_line.html",
            kept=kept,
            line=kept.line,
            statement=need_statement(application, kept.statement_id),
            exception=waiting,
            waits=kept.state is BankLineState.UNMATCHED and waiting is not None,
            entries=list(reversed(entries)),
            choices=[(kind, bank_words.kinds()[kind]) for kind in KINDS],
            may_make=shell.may(MAKER),
            money=Money,
            **_line_words(),
        )

    @blueprint.post(f"{STATEMENTS}/lines/<line_id>/match")
    @require("staff", MAKER)
    def match(line_id: str) -> BaseResponse:
        wanted = {name: request.form.get(name, "") for name in ("kind", "target")}
        return _propose(line_id, "statement_match", {"line_id": line_id, **wanted})

    @blueprint.post(f"{STATEMENTS}/lines/<line_id>/unmatch")
    @require("staff", MAKER)
    def unmatch(line_id: str) -> BaseResponse:
        return _propose(line_id, "statement_unmatch", {"line_id": line_id})

    def _propose(line_id: str, kind: str, payload: dict[str, str]) -> BaseResponse:
        _need_line(application, line_id)
        try:
            approval = application.approvals.propose(
                shell.staff_member(),
                kind,
                payload=payload,
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
        except DomainError as refusal:
            ui.say("bad", _("Not proposed"), ui.worded(refusal))
            return redirect(f"{STATEMENTS}/lines/{line_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves it now."))
        return redirect(f"/finance/approvals/{approval.approval_id}", 303)


def _need_line(application: Application, line_id: str) -> KeptLine:
    kept = application.readers.bank_lines.get(line_id)
    if kept is None or application.readers.bank_statements.get(kept.statement_id) is None:
        raise NotFound("There is no such bank line")
    return kept


def _add_accounts(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{ACCOUNTS}/<account_id>")
    @require("staff", *FINANCE_READERS)
    def account(account_id: str) -> str:
        known = None if account_id == "new" else _need_account(application, account_id)
        return _account_page(application, known, _typed(known), {})

    @blueprint.post(f"{ACCOUNTS}/<account_id>")
    @require("staff", MAKER)
    def put(account_id: str) -> Any:
        form = request.form
        known = None if account_id == "new" else _need_account(application, account_id)
        ledger_name = account_id if known else form.get("account_id", "").strip()
        if known is None and application.readers.bank_accounts.get(ledger_name):
            taken = _("There is such an account already. Open it to change it.")
            return _account_page(application, None, form, {"account_id": taken}), 422
        try:
            made = application.put_bank_account(
                shell.staff_member(),
                ledger_name,
                name=form.get("name", ""),
                number=form.get("number", ""),
                currency=form.get("currency", known.currency.code if known else ""),
                mapping=_typed_mapping() if any(form.get(name) for name in _COLUMNS) else None,
            )
        except DomainError as refusal:
            named: Any = refusal.facts.get("errors", {})
            errors = {name: _field_errors().get(name, said[0]) for name, said in named.items()}
            errors = errors or {"name": ui.worded(refusal)}
            return _account_page(application, known, form, errors), 422
        ui.say("good", _("Saved"), made.name)
        return redirect(STATEMENTS, 303)


def _need_account(application: Application, account_id: str) -> BankAccount:
    known = application.readers.bank_accounts.get(account_id)
    if known is None:
        raise NotFound("There is no such bank account")
    return known


def _typed(known: BankAccount | None) -> dict[str, Any]:
    if known is None:
        return {}
    mapping = asdict(known.mapping) if known.mapping else {}
    shown = {name: "tab" if value == "\t" else value for name, value in mapping.items()}
    return {**shown, "name": known.name, "number": known.number}


def _typed_mapping() -> dict[str, Any]:
    form = request.form
    mapping: dict[str, Any] = {name: form[name].strip() for name in _MAPPED if form.get(name)}
    if mapping.get("delimiter") == "tab":
        mapping["delimiter"] = "\t"
    skipped = form.get("skipped_lines", "0").strip() or "0"
    mapping["skipped_lines"] = int(skipped) if skipped.isdecimal() else -1
    mapping["newest_first"] = bool(form.get("newest_first"))
    return mapping


def _field_errors() -> dict[str, str]:
    return {
        "account_id": _("Small letters, digits, - and _, a letter first; at most 31."),
        "name": _("Give it a name."),
        "number": _("The IBAN, or the account number as the bank writes it."),
        "date": _("Name the column of the booking date."),
        "date_format": _("Like %(forms)s.", forms="%d.%m.%Y, %m/%d/%Y, %Y-%m-%d"),
        "amount": _("Name one column of amounts, or both columns: money in and money out."),
        "debit_word": _("Say which word in that column means money out."),
        "skipped_lines": _("0 to 100."),
    }


def _account_page(
    application: Application, known: BankAccount | None, form: Any, errors: dict[str, str]
) -> str:
    return render_template(
        "finance/bank_account.html",
        known=known,
        form=form,
        errors=errors,
        currencies=[(each.code, each.code) for each in Currency],
        currency=form.get("currency", application.currency.code),
        encodings=[(name, name) for name in ENCODINGS],
        delimiters=[(",", ","), (";", ";"), ("tab", _("tab")), ("|", "|")],
        rules=tolerances(application, known).shown() if known else None,
        rule_kinds=bank_words.rule_kinds(),
        names=application.readers.staff.names(),
        may_make=shell.may(MAKER),
    )
