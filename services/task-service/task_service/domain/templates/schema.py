"""What an answer to a template consists of: each field with its kind and the values on offer."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from html.parser import HTMLParser

from task_service.domain.templates.parts import is_answer_field

VALUES_MAX = 50
# A list in an attribute, as JSON or with single quotes.
_LISTED = re.compile(r"""["']([^"',\[\]]+)["']""")


class FieldKind(StrEnum):
    ONE_OF = "one_of"
    SEVERAL_OF = "several_of"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOXES = "boxes"
    POLYGONS = "polygons"
    SPANS = "spans"
    KEPT = "kept"  # a hidden field: the page's script fills it in


_BY_TAG = {
    "crowd-bounding-box": FieldKind.BOXES,
    "crowd-polygon": FieldKind.POLYGONS,
    "crowd-entity-annotation": FieldKind.SPANS,
    "crowd-classifier": FieldKind.ONE_OF,
    "crowd-image-classifier": FieldKind.ONE_OF,
    "crowd-radio-group": FieldKind.ONE_OF,
    "crowd-radio-button": FieldKind.ONE_OF,
    "crowd-checkbox": FieldKind.SEVERAL_OF,
    "crowd-slider": FieldKind.NUMBER,
    "select": FieldKind.ONE_OF,
}
_BY_TYPE = {
    "radio": FieldKind.ONE_OF,
    "checkbox": FieldKind.SEVERAL_OF,
    "number": FieldKind.NUMBER,
    "range": FieldKind.NUMBER,
    "date": FieldKind.DATE,
    "hidden": FieldKind.KEPT,
}


@dataclass
class AnswerField:
    """`values` are those that can be chosen, at most VALUES_MAX, empty where anything can be
    written; `required` where a form without it is not sent.
    """

    name: str
    kind: FieldKind
    values: list[str] = field(default_factory=list)
    required: bool = False


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: dict[str, AnswerField] = {}
        self._select: AnswerField | None = None
        self._option: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        kind = given.get("type", "").lower()
        if tag == "option" and self._select is not None:
            self._note_option()
            self._option = "" if "value" not in given else None
            if given.get("value"):
                _offer(self._select, given["value"])
        elif is_answer_field(tag, kind) and given.get("name"):
            self._field(tag, kind, given)

    def handle_data(self, data: str) -> None:
        if self._option is not None:
            self._option += data

    def handle_endtag(self, tag: str) -> None:
        if tag in {"option", "select"}:
            self._note_option()
        if tag == "select":
            self._select = None

    def _field(self, tag: str, kind: str, given: dict[str, str]) -> None:
        found = _BY_TAG.get(tag) or _BY_TYPE.get(kind, FieldKind.TEXT)
        name = given["name"]
        made = self.fields.setdefault(name, AnswerField(name, found))
        made.required |= "required" in given
        for value in _LISTED.findall(given.get("labels") or given.get("categories") or ""):
            _offer(made, value)
        if tag == "select":
            made.kind = FieldKind.SEVERAL_OF if "multiple" in given else FieldKind.ONE_OF
            self._select = made
        elif found in {FieldKind.ONE_OF, FieldKind.SEVERAL_OF} and given.get("value"):
            _offer(made, given["value"])

    def _note_option(self) -> None:
        if self._option and self._select is not None:
            _offer(self._select, self._option.strip())
        self._option = None


def answer_schema(template: str) -> list[AnswerField]:
    """In the order of the template, each name once."""
    reader = _Reader()
    reader.feed(template.replace("<![", "<! ["))
    return list(reader.fields.values())


def _offer(field_: AnswerField, value: str) -> None:
    if value and value not in field_.values and len(field_.values) < VALUES_MAX:
        field_.values.append(value)
