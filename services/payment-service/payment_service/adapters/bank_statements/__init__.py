"""Bank statements as files: a module a format, behind one port."""

from collections.abc import Callable, Mapping, Sequence

from payment_service.adapters.bank_statements import camt053, csv_file, mt940_file, ofx
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.bank_statements import (
    LINES_MAX,
    STATEMENT_BYTES_MAX,
    BankAccount,
    BankStatement,
    UnreadableStatement,
)

Reader = Callable[[StatementFile, BankAccount], Sequence[BankStatement]]
_READERS: Mapping[str, Reader] = {
    "camt053": camt053.read,
    "mt940": mt940_file.read,
    "ofx": ofx.read,
    "csv": csv_file.read,
}
_LOOKED_AT_BYTES = 4_000
# Workbooks and other zips, old workbooks, PDF, gzip: no reader of text says what is wrong there.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")


class FileFormats:
    """The `StatementFormats` port."""

    names = tuple(_READERS)

    def __call__(self, file: StatementFile, account: BankAccount) -> Sequence[BankStatement]:
        if len(file.content) > STATEMENT_BYTES_MAX:
            raise UnreadableStatement("too_large")
        if not file.content.strip():
            raise UnreadableStatement("empty")
        if file.content.startswith(_NO_TEXT):
            raise UnreadableStatement("format", value=file.name)
        name = file.format or format_of(file.content)
        reader = _READERS.get(name)
        if reader is None:
            raise UnreadableStatement("format", value=name)
        statements = reader(file, account)
        if not statements:
            raise UnreadableStatement("empty")
        if sum(len(statement.lines) for statement in statements) > LINES_MAX:
            raise UnreadableStatement("too_many")
        return statements


def format_of(content: bytes) -> str:
    """By what stands at its beginning, whatever the file is called."""
    # Without the zeros of UTF-16, so that its reader can say what is wrong with it.
    head = content[:_LOOKED_AT_BYTES].replace(b"\x00", b"")
    if b"OFXHEADER" in head or b"<OFX>" in head:
        return "ofx"
    if head.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<"):
        return "camt053"
    if b":20:" in head and b":25:" in head:
        return "mt940"
    return "csv"
