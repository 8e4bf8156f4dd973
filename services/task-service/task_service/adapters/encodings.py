"""The encoding of a text: told by its byte order mark, by being UTF-8, or guessed."""

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

from task_service.domain.splitting.pieces import not_splittable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GUESSED_BYTES_MAX = 200_000


@dataclass(frozen=True)
class Decoded:
    """`mark` is the byte order mark that stood before the text."""

    text: str
    encoding: str
    mark: bytes = b""

    def encode(self, text: str) -> bytes:
        """In the original's encoding; in UTF-8 where that has no such characters."""
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError:
            return codecs.BOM_UTF8 + text.encode()


def decode(content: bytes, wanted: str | None = None) -> Decoded:
    """The text to the last character: encoded again it gives the same bytes.

    Raises FaultyRows with the line of what cannot be read.
    """
    mark, marked = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", None))
    encoding = wanted or marked or _found(content)
    body = content[len(mark) :]
    try:
        text = body.decode(encoding)
    except LookupError:
        raise not_splittable(f"there is no encoding called {encoding}: try utf-8") from None
    except UnicodeDecodeError as error:
        raise not_splittable(
            f"not {encoding.upper()} (byte 0x{body[error.start]:02x}): save the file as UTF-8, "
            "or say which encoding it has",
            line=body.count(b"\n", 0, error.start) + 1,
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise not_splittable("contains a NUL byte: this is not a text file", line=line)
    return Decoded(text, encoding, mark)


def _found(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        guess = from_bytes(content[:_GUESSED_BYTES_MAX]).best()
        return guess.encoding if guess is not None else "utf-8"
    return "utf-8"
