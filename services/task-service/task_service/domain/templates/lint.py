"""What is worth mending in a template, with line numbers.

Nothing here keeps a template from running: what Mechanical Turk ran runs here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser

from task_service.domain.templates.hosts import foreign_hosts
from task_service.domain.templates.parts import is_answer_field, is_unknown_element, read_parts
from task_service.domain.templates.placeholders import needed_columns

REMARKS_MAX = 100
_SHARED_TYPES = {"radio", "checkbox", "hidden"}
_LABELLING = ("aria-label", "aria-labelledby", "title", "label", "header")


class RemarkCode(StrEnum):
    NO_ANSWER_FIELD = "no_answer_field"
    DUPLICATE_NAME = "duplicate_name"
    MISSING_COLUMN = "missing_column"
    INPUT_WITHOUT_LABEL = "input_without_label"
    IMAGE_WITHOUT_ALT = "image_without_alt"
    DOCUMENT_WITHOUT_LANGUAGE = "document_without_language"
    FOREIGN_HOST = "foreign_host"
    UNKNOWN_ELEMENT = "unknown_element"


@dataclass(frozen=True, order=True)
class Remark:
    """`line` counts from 1; `subject` is the name, column or host that it is about, or empty."""

    line: int
    code: RemarkCode
    subject: str = ""


@dataclass(frozen=True)
class _Field:
    line: int
    tag: str
    kind: str
    name: str
    identity: str
    is_labelled: bool


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: list[_Field] = []
        self.labelled: set[str] = set()
        self.remarks: list[Remark] = []
        self._open_labels = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        if tag == "label":
            self._open_labels += 1
            self.labelled.add(given.get("for", ""))
        elif tag == "img" and "alt" not in given:
            self.remarks.append(Remark(line, RemarkCode.IMAGE_WITHOUT_ALT, given.get("src", "")))
        elif tag == "html" and not given.get("lang"):
            self.remarks.append(Remark(line, RemarkCode.DOCUMENT_WITHOUT_LANGUAGE))
        elif is_unknown_element(tag):
            self.remarks.append(Remark(line, RemarkCode.UNKNOWN_ELEMENT, tag))
        kind = given.get("type", "").lower()
        if is_answer_field(tag, kind):
            self.fields.append(self._field(tag, kind, given, line))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._open_labels = max(0, self._open_labels - 1)

    def _field(self, tag: str, kind: str, given: dict[str, str], line: int) -> _Field:
        own_words = tag in {"crowd-checkbox", "crowd-radio-button", "crowd-radio-group"}
        named = any(given.get(name) for name in _LABELLING)
        return _Field(
            line=line,
            tag=tag,
            kind=kind,
            name=given.get("name", ""),
            identity=given.get("id", ""),
            is_labelled=own_words or named or self._open_labels > 0 or kind == "hidden",
        )


def lint(template: str, *, columns: Sequence[str] | None = None) -> list[Remark]:
    """Remarks in the order of their lines, at most REMARKS_MAX; `columns` are those of the table
    that is to be shown, None where there is none yet.
    """
    reader = _Reader()
    reader.feed(template.replace("<![", "<! ["))
    found = [
        *reader.remarks,
        *_unlabelled(reader),
        *_duplicates(reader.fields),
        *_unasked(template),
        *_elsewhere(template),
        *(_missing(template, columns) if columns is not None else ()),
    ]
    return sorted(found)[:REMARKS_MAX]


def _unlabelled(reader: _Reader) -> Iterator[Remark]:
    for field in reader.fields:
        by_label = bool(field.identity) and field.identity in reader.labelled
        if not field.is_labelled and not by_label:
            yield Remark(field.line, RemarkCode.INPUT_WITHOUT_LABEL, field.name)


def _duplicates(fields: Iterable[_Field]) -> Iterator[Remark]:
    """Fields of one name, where they are no group of choices: their values would run together."""
    seen: set[str] = set()
    for field in fields:
        if not field.name or field.kind in _SHARED_TYPES or field.tag == "crowd-radio-button":
            continue
        if field.name in seen:
            yield Remark(field.line, RemarkCode.DUPLICATE_NAME, field.name)
        seen.add(field.name)


def _unasked(template: str) -> Iterator[Remark]:
    parts = read_parts(template)
    if not parts.fields and not parts.has_script:
        yield Remark(1, RemarkCode.NO_ANSWER_FIELD)


def _elsewhere(template: str) -> Iterator[Remark]:
    for host in foreign_hosts(template):
        yield Remark(_line_of(template, f"//{host}"), RemarkCode.FOREIGN_HOST, host)


def _missing(template: str, columns: Sequence[str]) -> Iterator[Remark]:
    for name in needed_columns(template):
        if name not in columns:
            yield Remark(_line_of(template, f"${{{name}}}"), RemarkCode.MISSING_COLUMN, name)


def _line_of(template: str, text: str) -> int:
    found = re.search(re.escape(text), template, re.IGNORECASE)
    return template.count("\n", 0, found.start() if found else 0) + 1
