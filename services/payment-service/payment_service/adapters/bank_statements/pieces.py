"""What the readers of text share."""

from payment_service.domain.bank_statements import UnreadableStatement


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
