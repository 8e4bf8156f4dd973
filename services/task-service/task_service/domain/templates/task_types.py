"""What a template asks of a worker, in a word: a skill shown in one project counts in the next."""

from task_service.domain.templates.schema import FieldKind, answer_schema

_TYPES = {
    "draw": {FieldKind.BOXES, FieldKind.POLYGONS},
    "mark": {FieldKind.SPANS},
    "write": {FieldKind.TEXT},
    "rate": {FieldKind.NUMBER, FieldKind.DATE},
    "choose": {FieldKind.ONE_OF, FieldKind.SEVERAL_OF},
}


def task_type_of(template: str) -> str | None:
    """The most that its form asks for: a text to write beside a choice is writing. None where its
    fields are seen only when it runs.
    """
    asked = {one.kind for one in answer_schema(template)}
    return next((name for name, kinds in _TYPES.items() if kinds & asked), None)


def choice_count_of(template: str) -> int | None:
    """Among how many values its form lets one choose at most; None where it offers none."""
    counts = [len(one.values) for one in answer_schema(template) if one.kind is FieldKind.ONE_OF]
    return max((count for count in counts if count > 1), default=None)
