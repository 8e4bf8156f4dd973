"""ISO 20022 camt.053, any version: read by local names, so that a new version changes nothing."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from crowdloom.kernel import Currency, Money
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from payment_service.adapters.bank_statements.pieces import own
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import (
    BankAccount,
    BankLine,
    BankStatement,
    UnreadableStatement,
    read_amount,
)

_PLACE = "line of the file"
# Where a reference may sit, the most telling first: what we sent comes back in EndToEndId.
_REFERENCES = (
    "Refs/EndToEndId",
    "RmtInf/Strd/CdtrRefInf/Ref",
    "Refs/InstrId",
    "Refs/TxId",
    "Refs/MsgId",
    "Refs/PmtInfId",
    "Refs/Prtry/Ref",
    "Refs/AcctSvcrRef",
    "Refs/ChqNb",
    "RmtInf/Ustrd",
)
_ENTRY_REFERENCES = ("NtryRef", "AcctSvcrRef", "NtryDtls/Btch/MsgId", "NtryDtls/Btch/PmtInfId")
_NOTHING_SAID = {"NOTPROVIDED", "NONREF", ""}


def read(file: StatementFile, account: BankAccount) -> Sequence[BankStatement]:
    """Raises UnreadableStatement."""
    root = _tree(file.content)
    statements = own(list(_all(root, "BkToCstmrStmt/Stmt")), account, _number)
    return [_statement(found, account.currency) for found in statements]


class _Placed(TreeBuilder):
    """Notes the line of the file on each element."""

    def __init__(self) -> None:
        super().__init__()
        self.parser: Any = None

    def start(self, tag: Any, attrs: Any) -> Element:
        return super().start(tag, {**attrs, _PLACE: str(self.parser.CurrentLineNumber)})


def _tree(content: bytes) -> Element:
    builder = _Placed()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.parser = parser.parser
    try:
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException:
        raise UnreadableStatement("dtd") from None
    except ParseError as error:
        raise UnreadableStatement("syntax", line=error.position[0]) from None
    except (LookupError, ValueError):  # an encoding that nobody knows, or bytes outside of it
        raise UnreadableStatement("encoding") from None
    return root


def _statement(found: Element, currency: Currency) -> BankStatement:
    place = _place(found)
    opening = _balance(found, "OPBD", currency) or _balance(found, "PRCD", currency)
    closing = _balance(found, "CLBD", currency)
    if opening is None:
        raise UnreadableStatement("opening", line=place)
    if closing is None:
        raise UnreadableStatement("closing", line=place)
    lines: list[BankLine] = []
    for entry in _all(found, "Ntry"):
        if (_text(entry, "Sts/Cd") or _text(entry, "Sts") or "BOOK") == "BOOK":
            lines.extend(_lines(entry, len(lines), currency))
    return BankStatement(
        reference=_text(found, "Id") or "",
        account=_number(found),
        opening=opening[0],
        closing=closing[0],
        closed_on=closing[1],
        lines=tuple(lines),
    )


def _number(found: Element) -> str:
    return _text(found, "Acct/Id/IBAN") or _text(found, "Acct/Id/Othr/Id") or ""


def _balance(found: Element, code: str, currency: Currency) -> tuple[Money, date] | None:
    for balance in _all(found, "Bal"):
        if _text(balance, "Tp/CdOrPrtry/Cd") == code:
            day = _day(balance, "Dt")
            if day is None:
                raise UnreadableStatement("date", line=_place(balance))
            return _amount(balance, currency), day
    return None


def _lines(entry: Element, before: int, currency: Currency) -> Iterator[BankLine]:
    """One a transaction where a batch is itemised in full, otherwise one for the entry."""
    whole = _amount(entry, currency)
    details = list(_all(entry, "NtryDtls/TxDtls"))
    parts = [_part(each, entry, currency) for each in details]
    itemised = len(parts) > 1 and all(part is not None for part in parts)
    if itemised and sum((p for p in parts if p), Money.zero(currency)) == whole:
        for number, (each, part) in enumerate(zip(details, parts, strict=True), before + 1):
            yield _line(number, entry, [each], part or whole)
    else:
        yield _line(before + 1, entry, details, whole)


def _line(number: int, entry: Element, details: Sequence[Element], amount: Money) -> BankLine:
    booked_on = _day(entry, "BookgDt") or _day(entry, "ValDt")
    if booked_on is None:
        raise UnreadableStatement("entry", line=_place(entry))
    references = [said for path in _REFERENCES for each in details for said in _texts(each, path)]
    references += [said for path in _ENTRY_REFERENCES for said in _texts(entry, path)]
    references += _texts(entry, "AddtlNtryInf")
    party = "Cdtr" if amount.units < 0 else "Dbtr"
    names = [
        said
        for each in details
        for path in (f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")
        for said in _texts(each, path)
    ]
    told = [said for each in details for said in _texts(each, "RmtInf/Ustrd")]
    return BankLine(
        number=number,
        booked_on=booked_on,
        value_on=_day(entry, "ValDt"),
        amount=amount,
        references=tuple(dict.fromkeys(references)),
        text=" ".join(told) or (_text(entry, "AddtlNtryInf") or ""),
        counterparty=names[0] if names else "",
        place=_place(entry),
    )


def _part(details: Element, entry: Element, currency: Currency) -> Money | None:
    """A transaction's own share of its entry, signed as the entry where it does not say. What is
    told in the currency of the other party is no share of it.
    """
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        for amount in _all(details, path):
            if amount.get("Ccy", currency.code) != currency.code:
                continue
            owner = details if _text(details, "CdtDbtInd") else entry
            return _signed(amount, _text(owner, "CdtDbtInd"), currency)
    return None


def _amount(owner: Element, currency: Currency) -> Money:
    for amount in _all(owner, "Amt"):
        return _signed(amount, _text(owner, "CdtDbtInd"), currency)
    raise UnreadableStatement("entry", line=_place(owner))


def _signed(amount: Element, direction: str | None, currency: Currency) -> Money:
    place = _place(amount)
    if amount.get("Ccy", currency.code) != currency.code:
        raise UnreadableStatement("currency", line=place, value=amount.get("Ccy", ""))
    if direction not in {"CRDT", "DBIT"}:
        raise UnreadableStatement("entry", line=place, value=direction or "")
    size = read_amount(amount.text or "", currency, line=place)
    return size if direction == "CRDT" else -size


def _day(owner: Element, path: str) -> date | None:
    said = _text(owner, f"{path}/Dt") or _text(owner, f"{path}/DtTm")
    if said is None:
        return None
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        raise UnreadableStatement("date", line=_place(owner), value=said) from None


def _place(element: Element) -> int:
    return int(element.get(_PLACE, "0"))


def _all(element: Element, path: str) -> Iterator[Element]:
    first, _, rest = path.partition("/")
    for child in element:
        if child.tag.rpartition("}")[2] == first:
            if rest:
                yield from _all(child, rest)
            else:
                yield child


def _texts(element: Element, path: str) -> list[str]:
    said = [(found.text or "").strip() for found in _all(element, path)]
    return [text for text in said if text.upper() not in _NOTHING_SAID]


def _text(element: Element, path: str) -> str | None:
    return next((found.text.strip() for found in _all(element, path) if found.text), None)
