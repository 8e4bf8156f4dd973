"""OFX 1 and 2, read by ofxtools. It tells no opening balance: that is the closing less the lines,
and must still be where the last statement ended.
"""

import io
import re
from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import Any

from crowdloom.kernel import Currency, Money

from payment_service.adapters.bank_statements.pieces import own
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
# What else may be in a file: requests, closing notices, depots. None has lines of an account.
_STATEMENTS = {"STMTRS", "CCSTMTRS"}


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
        told = [each for each in tree.convert().statements if type(each).__name__ in _STATEMENTS]
        root: Any = tree.getroot()
        written = [each for each in root.iter() if each.tag in _STATEMENTS]
        statements = list(zip(told, written, strict=True))
    except UnicodeDecodeError:
        raise UnreadableStatement("encoding") from None
    except Exception as error:  # noqa: BLE001 - the library raises of every family on bad input
        raise UnreadableStatement("syntax", value=str(error).split("\n")[0]) from None
    places = (_line_at(file.content, entry.start()) for entry in _ENTRY.finditer(file.content))
    placed = [(*pair, list(islice(places, len(pair[0].transactions or [])))) for pair in statements]
    return [
        _statement(told, account.currency, text, at)
        for told, text, at in own(placed, account, lambda each: str(each[0].account.acctid))
    ]


def _line_at(content: bytes, start: int) -> int:
    return content.count(b"\n", 0, start) + 1


def _statement(
    found: Any, currency: Currency, written: Any, places: Sequence[int]
) -> BankStatement:
    """Of what the library made of a statement, and the statement as it is written."""
    if found.curdef != currency.code:
        raise UnreadableStatement("currency", value=str(found.curdef))
    if getattr(found, "ledgerbal", None) is None:
        raise UnreadableStatement("closing")
    entries = zip(found.transactions or [], written.iter("STMTTRN"), places, strict=False)
    # Files tell the newest first or last; by day, and as told within one.
    ordered = sorted(entries, key=lambda each: each[0].dtposted)
    lines = tuple(_line(number, currency, *each) for number, each in enumerate(ordered, 1))
    closing = _exact(found.ledgerbal.balamt, currency)
    moved = sum((line.amount for line in lines), Money.zero(currency))
    days = [_day(written, f"BANKTRANLIST/{name}") for name in ("DTSTART", "DTEND")]
    between = " – ".join(day.isoformat() for day in days if day)
    return BankStatement(
        # It has no name of its own; two files of one day differ in where they end.
        reference=f"{between}, {len(lines)}, {str(closing).partition(' ')[0]}",
        account=str(found.account.acctid),
        opening=closing - moved,
        closing=closing,
        closed_on=_day(written, "LEDGERBAL/DTASOF") or found.ledgerbal.dtasof.date(),
        lines=lines,
    )


def _day(written: Any, path: str) -> date | None:
    """The day as the bank wrote it. The library turns moments into UTC, where midnight of the bank
    is the day before or after.
    """
    text = (written.findtext(path) or "").strip()
    return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text else None


def _line(number: int, currency: Currency, entry: Any, written: Any, place: int) -> BankLine:
    said = [entry.memo, entry.refnum, entry.checknum, entry.fitid]
    return BankLine(
        number=number,
        booked_on=_day(written, "DTPOSTED") or entry.dtposted.date(),
        value_on=_day(written, "DTAVAIL"),
        amount=_exact(entry.trnamt, currency, place),
        references=tuple(dict.fromkeys(str(each) for each in said if each)),
        text=str(entry.memo or ""),
        counterparty=str(entry.name or ""),
        place=place,
    )


def _exact(amount: Any, currency: Currency, place: int | None = None) -> Money:
    return read_amount(format(amount, "f"), currency, line=place)
