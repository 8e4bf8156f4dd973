"""Files that prove something about an exception: bounded, and of a few kinds known by their bytes.

What a file is called, or what a browser says of it, decides nothing.
"""

from dataclasses import dataclass

from crowdloom.kernel import DomainError

EVIDENCE_BYTES_MAX = 5 * 1024 * 1024
EVIDENCE_FILES_MAX = 20
NAME_CHARACTERS_MAX = 120
_MARKS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP, _WORKBOOK = b"PK\x03\x04", b"xl/workbook.xml"
_CONTROL_BELOW, _ALLOWED = 32, {9, 10, 12, 13}


class EvidenceRefused(DomainError):
    """Empty, too large, one file too many, or of no kind that is kept."""

    code = "evidence_refused"
    status = 422


@dataclass(frozen=True)
class EvidenceFile:
    """`file_id` is the SHA-256 of its bytes; the same file twice is one."""

    file_id: str
    name: str
    media_type: str
    length: int


def media_type_of(content: bytes) -> str:
    """By the bytes alone. Raises EvidenceRefused."""
    if not content:
        raise _refused("The file is empty", "empty")
    if len(content) > EVIDENCE_BYTES_MAX:
        raise _refused("The file is larger than 5 MB", "too_large")
    known = next((kind for mark, kind in _MARKS if content.startswith(mark)), None)
    if known is not None:
        return known
    if content.startswith(_ZIP) and _WORKBOOK in content:
        return _XLSX
    if _is_text(content):
        return "text/plain"
    raise _refused("Send a PDF, a PNG or JPEG image, an XLSX, or a text or CSV in UTF-8", "kind")


def plain_name(name: str) -> str:
    """The last part of a path, without what a header or a page could not show."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if each.isprintable()).strip(" .")
    return shown[-NAME_CHARACTERS_MAX:] or "file"


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(byte < _CONTROL_BELOW and byte not in _ALLOWED for byte in set(content))


def _refused(sentence: str, reason: str) -> EvidenceRefused:
    return EvidenceRefused(sentence, reason=reason, errors={"file": [sentence]})
