"""What the readers share."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from payment_service.domain.bank_statements import BankAccount, UnreadableStatement

FoundT = TypeVar("FoundT")


def own(
    found: Sequence[FoundT], account: BankAccount, number: Callable[[FoundT], str]
) -> Sequence[FoundT]:
    """Banks put all accounts of a customer into one file, which is sent once for each: those that
    are of this one; all where none is, so that whoever checks them can say of which they are.
    """
    return [each for each in found if account.is_called(number(each))] or found


def decoded(content: bytes, encoding: str = "utf-8") -> str:
    """Raises UnreadableStatement with the line of the first byte that is not text.

    UTF-8 is tried with its mark; banks that still write Latin letters in one byte are understood,
    but zeros mean another encoding altogether.
    """
    if encoding == "utf-8" and b"\x00" in content:
        raise UnreadableStatement("encoding", line=1)
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except LookupError:
        raise UnreadableStatement("encoding", value=encoding) from None
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            return decoded(content, "cp1252")
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableStatement("encoding", line=line) from None
