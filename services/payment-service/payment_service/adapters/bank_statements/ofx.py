"""OFX 1 and 2, read by ofxtools. It tells no opening balance: that is the closing less the lines,
and must still be where the last statement ended.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

from crowdloom.kernel import Currency, Money

from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankStatement,
    UnreadableStatement,
    read_amount,
)

_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENTRY = re.compile(rb"<STMTTRN>", re.IGNORECASE)


def read(file: StatementFile, account: BankAccount) -> Sequence[BankStatement]:
    """Raises UnreadableStatement."""
    found = _FORBIDDEN.search(file.content)
    if found:
        raise UnreadableStatement("dtd", line=_line_at(file.content, found.start()))
    # Here, for it takes longer to load than all of our own code, and most processes never need it.
    from ofxtools.Parser import OFXTree

    tree = OFXTree()
    try:
        tree.parse(io.BytesIO(file.content))
        statements = tree.convert().statements
    except UnicodeDecodeError:
        raise UnreadableStatement("encoding") from None
    except Exception as error:  # noqa: BLE001 - the library raises of every family on bad input
        raise UnreadableStatement("syntax", value=str(error).split("\n")[0]) from None
    places = [_line_at(file.content, entry.start()) for entry in _ENTRY.finditer(file.content)]
    return [_statement(each, account.currency, places) for each in statements]


def _line_at(content: bytes, start: int) -> int:
    return content.count(b"\n", 0, start) + 1


def _statement(found: Any, currency: Currency, places: list[int]) -> BankStatement:
    if found.curdef != currency.code:
        raise UnreadableStatement("currency", value=str(found.curdef))
    if getattr(found, "ledgerbal", None) is None:
        raise UnreadableStatement("closing")
    entries = list(found.transactions or [])
    # Files tell the newest first or last; by day, and as told within one.
    ordered = sorted(zip(entries, places, strict=False), key=lambda pair: pair[0].dtposted)
    lines = tuple(
        _line(number, entry, currency, place) for number, (entry, place) in enumerate(ordered, 1)
    )
    closing = _exact(found.ledgerbal.balamt, currency)
    moved = sum((line.amount for line in lines), Money.zero(currency))
    days = (found.transactions.dtstart, found.transactions.dtend) if entries else ("", "")
    return BankStatement(
        # It has no name of its own; two files of one day differ in where they end.
        reference=f"{_days(days)}, {len(lines)}, {str(closing).partition(' ')[0]}",
        account=str(found.account.acctid),
        opening=closing - moved,
        closing=closing,
        closed_on=found.ledgerbal.dtasof.date(),
        lines=lines,
    )


def _days(days: tuple[Any, Any]) -> str:
    return " – ".join(f"{day:%Y-%m-%d}" for day in days if day)


def _line(number: int, entry: Any, currency: Currency, place: int) -> BankLine:
    said = [entry.memo, entry.refnum, entry.checknum, entry.fitid]
    return BankLine(
        number=number,
        booked_on=entry.dtposted.date(),
        value_on=entry.dtavail.date() if entry.dtavail else None,
        amount=_exact(entry.trnamt, currency, place),
        references=tuple(dict.fromkeys(str(each) for each in said if each)),
        text=str(entry.memo or ""),
        counterparty=str(entry.name or ""),
        place=place,
    )


def _exact(amount: Any, currency: Currency, place: int | None = None) -> Money:
    return read_amount(format(amount, "f"), currency, line=place)
