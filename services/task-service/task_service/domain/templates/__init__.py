"""Requester-supplied task templates: what they need, what they ask, and the page they become.

Compatible with Mechanical Turk's web templates: `${name}` placeholders, forms of their own or none.
"""

from task_service.domain.templates.document import FrameContext, render_document
from task_service.domain.templates.hosts import (
    foreign_hosts,
    frame_policy,
    hosts_of_row,
    is_host,
    nests_pages,
)
from task_service.domain.templates.lint import Remark, RemarkCode, lint
from task_service.domain.templates.parts import (
    answer_fields,
    check_size,
    check_template,
    has_own_form,
    read_parts,
)
from task_service.domain.templates.placeholders import (
    find_placeholders,
    needed_columns,
    substitute,
)
from task_service.domain.templates.schema import AnswerField, FieldKind, answer_schema
from task_service.domain.templates.task_types import choice_count_of, task_type_of

__all__ = [
    "AnswerField",
    "FieldKind",
    "FrameContext",
    "Remark",
    "RemarkCode",
    "answer_fields",
    "answer_schema",
    "check_size",
    "check_template",
    "choice_count_of",
    "find_placeholders",
    "foreign_hosts",
    "frame_policy",
    "has_own_form",
    "hosts_of_row",
    "is_host",
    "lint",
    "needed_columns",
    "nests_pages",
    "read_parts",
    "render_document",
    "substitute",
    "task_type_of",
]
