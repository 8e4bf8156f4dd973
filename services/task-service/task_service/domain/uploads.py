"""What an uploaded file is, by its first bytes and never by its name."""

import re
from enum import StrEnum

from task_service.domain.splitting.pieces import not_splittable


class Kind(StrEnum):
    TEXT = "text"
    WORKBOOK = "an Excel workbook"
    OLD_WORKBOOK = "an Excel workbook of the old kind (.xls)"
    PDF = "a PDF"
    ZIP = "a ZIP file"
    IMAGE = "an image"
    SOUND = "a recording"
    VIDEO = "a video"
    HTML = "an HTML page"


_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", Kind.PDF),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"BM", Kind.IMAGE),
    (b"II*\0", Kind.IMAGE),
    (b"MM\0*", Kind.IMAGE),
    (b"fLaC", Kind.SOUND),
    (b"OggS", Kind.SOUND),
    (b"ID3", Kind.SOUND),
    (b"\xff\xfb", Kind.SOUND),
    (b"\xff\xf3", Kind.SOUND),
    (b"\xff\xfa", Kind.SOUND),
    (b"\xff\xf2", Kind.SOUND),
    (b"\x1aE\xdf\xa3", Kind.VIDEO),
    (b"\xd0\xcf\x11\xe0", Kind.OLD_WORKBOOK),
)
_WORKBOOK_PART = b"xl/"
_WANTED = {
    "paragraph": {Kind.TEXT},
    "sentence": {Kind.TEXT},
    "words": {Kind.TEXT},
    "rows": {Kind.TEXT, Kind.WORKBOOK},
    "page": {Kind.PDF},
    "tile": {Kind.IMAGE},
    "seconds": {Kind.SOUND},
    "file": {Kind.ZIP},
}
_USUAL = {
    Kind.WORKBOOK: "rows",
    Kind.PDF: "page",
    Kind.IMAGE: "tile",
    Kind.SOUND: "seconds",
    Kind.ZIP: "file",
}
_TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".xlsx")
_SAMPLE_BYTES = 4_096
_JSON_LIST = re.compile(rb'\s*\[\s*\{\s*["}]')
# Also where a comment or an XML declaration comes before it, as in what programs call .xls or .csv.
_HTML = re.compile(rb"<(?:!doctype html|html|head|body|table)\b", re.IGNORECASE)


def kind_of(content: bytes) -> Kind:
    head = content[:_SAMPLE_BYTES]
    if head.startswith(b"PK\x03\x04"):
        return Kind.WORKBOOK if _WORKBOOK_PART in content else Kind.ZIP
    if head[:4] == b"RIFF":
        return {b"WEBP": Kind.IMAGE, b"WAVE": Kind.SOUND}.get(head[8:12], Kind.VIDEO)
    if head[4:8] == b"ftyp":
        return Kind.VIDEO
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") and _HTML.search(start):
        return Kind.HTML
    return next((kind for begin, kind in _STARTS if head.startswith(begin)), Kind.TEXT)


def fitting_splits(content: bytes) -> tuple[str, ...]:
    """All ways in which a file of this kind can be split; none where it is no file to split."""
    kind = kind_of(content)
    return tuple(name for name, kinds in _WANTED.items() if kind in kinds)


def usual_split(content: bytes, name: str) -> str:
    """How a file of this kind is split where nobody says: tables by row, texts by paragraph."""
    kind = kind_of(content)
    if kind is Kind.TEXT or kind not in _USUAL:
        is_table = name.lower().endswith(_TABLE_ENDINGS) or is_list_of_objects(content)
        return "rows" if is_table else "paragraph"
    return _USUAL[kind]


def is_list_of_objects(content: bytes) -> bool:
    """Whether it begins as a list of JSON objects does."""
    return bool(_JSON_LIST.match(content.removeprefix(b"\xef\xbb\xbf")))


def check_kind(content: bytes, wanted: str) -> None:
    """Raises FaultyRows where the file is something else than can be split so."""
    kind = kind_of(content)
    # BMP's two letters begin many a text: what Pillow cannot read is refused by the splitter.
    if kind not in _WANTED[wanted] and not (content[:2] == b"BM" and wanted != "tile"):
        names = " or ".join(sorted(_WANTED[wanted]))
        raise not_splittable(f"this is {_named(kind)}; splitting by {wanted} needs {names}")


def _named(kind: Kind) -> str:
    return "a text" if kind is Kind.TEXT else str(kind)
