"""Our own accounts at banks: what each is called there, and how its CSV is read."""

import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from crowdloom.chassis.store import Store
from crowdloom.kernel import Currency
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import StaffId

from payment_service.application.ports import Session
from payment_service.domain.bank_statements import BankAccount, CsvMapping, plain

_NAME = re.compile(r"(?!new$)[a-z][a-z0-9_-]{0,30}")  # `new` is the page where one is added
_NUMBER_CHARACTERS = range(4, 35)
_TITLE_CHARACTERS_MAX = 80
_COLUMN_CHARACTERS_MAX = 80
_DATE_FORM = re.compile(r"(?=.*%d)(?=.*%[mbB])(?=.*%[Yy])[%dmYybB./\- ]{6,20}")
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "cp1252", "iso8859-15", "utf-16")


class PutBankAccount:
    """Add one, or change how it is called and read. Noted in the audit log with what it was."""

    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(
        self,
        who: StaffId,
        account_id: str,
        *,
        name: str,
        number: str,
        currency: str,
        mapping: Mapping[str, Any] | None,
    ) -> BankAccount:
        """Raises InvalidInput naming each field. The currency of a known account stays."""
        errors = _errors(account_id, name, number)
        read = None if mapping is None else _mapping(mapping, errors)
        if errors:
            raise InvalidInput("Mend the fields that are named", errors=errors)

        def work(session: Session) -> BankAccount:
            before = session.bank_accounts.get(account_id)
            known = before or BankAccount(account_id, name, number, Currency.of(currency))
            if known.currency.code != currency:
                raise InvalidInput(
                    "An account keeps its currency", errors={"currency": [known.currency.code]}
                )
            after = replace(known, name=name.strip(), number=plain(number), mapping=read)
            session.bank_accounts.put(after)
            session.audit.note(
                who=who,
                what="bank_account.put",
                subject=account_id,
                before=None if before is None else _told(before),
                after=_told(after),
            )
            return after

        return self._store.run(work)


def _told(account: BankAccount) -> dict[str, Any]:
    mapping = asdict(account.mapping) if account.mapping else None
    return {"name": account.name, "number": account.number, "mapping": mapping}


def _errors(account_id: str, name: str, number: str) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not _NAME.fullmatch(account_id):
        errors["account_id"] = [
            "Small letters, digits, - and _; at most 31, a letter first; not new"
        ]
    if not 0 < len(name.strip()) <= _TITLE_CHARACTERS_MAX:
        errors["name"] = [f"1 to {_TITLE_CHARACTERS_MAX} characters"]
    if len(plain(number)) not in _NUMBER_CHARACTERS:
        errors["number"] = ["The IBAN, or the account number as the bank writes it"]
    return errors


def _mapping(given: Mapping[str, Any], errors: dict[str, list[str]]) -> CsvMapping:
    known = {field.name for field in fields(CsvMapping)}
    read = CsvMapping(**{"date": "", **{n: v for n, v in given.items() if n in known}})
    texts = [value for value in asdict(read).values() if isinstance(value, str)]
    if any(len(text) > _COLUMN_CHARACTERS_MAX for text in texts):
        errors["date"] = [f"At most {_COLUMN_CHARACTERS_MAX} characters"]
    if not read.date:
        errors["date"] = ["The column of the booking date"]
    if not _date_form_works(read.date_format):
        errors["date_format"] = ["Like %d.%m.%Y, %m/%d/%Y or %Y-%m-%d"]
    signed, apart = bool(read.amount), bool(read.money_in and read.money_out)
    if signed == apart:
        errors["amount"] = ["Either one column of amounts, or two: money in and money out"]
    if read.direction and not (read.amount and read.debit_word):
        errors["debit_word"] = ["The word in that column for money out"]
    if read.decimal not in {".", ","}:
        errors["decimal"] = ["A point or a comma"]
    if read.delimiter not in DELIMITERS:
        errors["delimiter"] = ["Comma, semicolon, tab or bar"]
    if read.encoding not in ENCODINGS:
        errors["encoding"] = [", ".join(ENCODINGS)]
    if not 0 <= read.skipped_lines <= 100:  # noqa: PLR2004 - a limit on everything
        errors["skipped_lines"] = ["0 to 100"]
    return read


def _date_form_works(form: str) -> bool:
    if not _DATE_FORM.fullmatch(form):
        return False
    day = datetime(2026, 11, 29)  # noqa: DTZ001 - any day, to try the form
    return datetime.strptime(day.strftime(form), form).day == day.day  # noqa: DTZ007
