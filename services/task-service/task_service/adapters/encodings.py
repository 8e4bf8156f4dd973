"""The encoding of a text: told by its byte order mark, by being UTF-8, or guessed."""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator
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
BLOCK_BYTES = 1_000_000
_GUESSED_BYTES_MAX = 200_000


@dataclass(frozen=True)
class Decoded:
    """`mark` is the byte order mark that stood before the text."""

    stretches: list[str]
    encoding: str
    mark: bytes = b""

    @property
    def text(self) -> str:
        return "".join(self.stretches)

    def encode(self, pieces: Callable[[], Iterable[str]]) -> bytes:
        """The pieces together, in the original's encoding; in UTF-8 where that has no such
        characters: then they are asked for once more.
        """
        try:
            return self.mark + _encoded(pieces(), self.encoding)
        except UnicodeEncodeError:
            return codecs.BOM_UTF8 + _encoded(pieces(), "utf-8")


def decode(content: bytes, wanted: str | None = None) -> Decoded:
    """The text to the last character: encoded again it gives the same bytes. It comes in stretches
    of whole lines.

    Raises FaultyRows with the line of what cannot be read.
    """
    mark, marked = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", None))
    encoding = _exact(wanted, marked) or _found(content)
    body = memoryview(content)[len(mark) :]
    try:
        stretches = list(_stretches(body, encoding))
    except LookupError:
        raise not_splittable(f"there is no encoding called {encoding}: try utf-8") from None
    except _UnreadableError as error:
        raise not_splittable(
            f"not {encoding.upper()} (byte 0x{body[error.place]:02x}): save the file as UTF-8, "
            "or say which encoding it has",
            line=content.count(b"\n", len(mark), len(mark) + error.place) + 1,
        ) from None
    line = 1
    for one in stretches:
        if "\0" in one:
            line += one.count("\n", 0, one.index("\0"))
            raise not_splittable("contains a NUL byte: this is not a text file", line=line)
        line += one.count("\n")
    return Decoded(stretches, encoding, mark)


def _exact(wanted: str | None, marked: str | None) -> str | None:
    """Without the mark that some names stand for: it is taken off, and put back, here."""
    name = (wanted or "").lower().replace("_", "-")
    if name == "utf-8-sig":
        return "utf-8"
    if name in ("utf-16", "utf-32"):
        return marked if marked and marked.startswith(name) else f"{name}-le"
    return wanted or marked


class _UnreadableError(Exception):
    def __init__(self, place: int) -> None:
        self.place = place


def _stretches(body: memoryview, encoding: str) -> Iterator[str]:
    """Each but the last ends with a line. Raises LookupError, _UnreadableError."""
    begun: list[str] = []
    for text in _decoded(body, encoding):
        # The two characters of a line's end stay together: what comes next may be the second.
        end = text.rfind("\n") + 1 or text.rfind("\r", 0, -1) + 1
        if end:
            yield "".join([*begun, text[:end]])
            begun = []
        begun.append(text[end:])
    yield "".join(begun)


def _decoded(body: memoryview, encoding: str) -> Iterator[str]:
    b"".decode(encoding)  # raises LookupError as well for a codec that makes no text
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(body), BLOCK_BYTES) or [0]:
        kept = decoder.getstate()[0]
        block = bytes(body[start : start + BLOCK_BYTES])
        try:
            yield decoder.decode(block, start + BLOCK_BYTES >= len(body))
        except UnicodeError as error:
            place = start - len(kept) + getattr(error, "start", 0)
            raise _UnreadableError(place) from None


def _encoded(pieces: Iterable[str], encoding: str) -> bytes:
    encoder = codecs.getincrementalencoder(encoding)()
    made = io.BytesIO()
    made.writelines(map(encoder.encode, pieces))
    made.write(encoder.encode("", final=True))
    return made.getvalue()


def _found(content: bytes) -> str:
    try:
        for _ in _decoded(memoryview(content), "utf-8"):
            pass
    except _UnreadableError:
        guess = from_bytes(content[:_GUESSED_BYTES_MAX]).best()
        return guess.encoding if guess is not None else "utf-8"
    return "utf-8"
