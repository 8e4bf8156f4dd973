"""What the lint found, in the reader's words."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdloom.ui.formats import number_text
from flask_babel import gettext as _

from task_service.domain.templates import RemarkCode, lint


@dataclass(frozen=True)
class Found:
    """A remark with its line, the line in words ("Line 3"), and a sentence."""

    line: int
    place: str
    sentence: str


def found(template: str, *, columns: Sequence[str] | None = None) -> list[Found]:
    """Each remark on a template; `columns` are those of the table that is to be shown."""
    words = _words()
    return [
        Found(
            remark.line,
            _("Line %(line)s", line=number_text(remark.line)),
            words[remark.code].replace("%s", remark.subject),
        )
        for remark in lint(template, columns=columns)
    ]


def sentences(template: str) -> list[tuple[str, str]]:
    """Each remark on a template as its place ("Line 3") and a sentence."""
    return [(one.place, one.sentence) for one in found(template)]


def _words() -> dict[RemarkCode, str]:
    return {
        RemarkCode.NO_ANSWER_FIELD: _("The template asks nothing: give a field a name."),
        RemarkCode.DUPLICATE_NAME: _("A second field has the name “%s”: their answers mix."),
        RemarkCode.MISSING_COLUMN: _("The table has no column “%s”."),
        RemarkCode.INPUT_WITHOUT_LABEL: _(
            "The field “%s” has no label: a screen reader is silent."
        ),
        RemarkCode.IMAGE_WITHOUT_ALT: _("An image has no alt text."),
        RemarkCode.DOCUMENT_WITHOUT_LANGUAGE: _("The document does not say its language (lang)."),
        RemarkCode.FOREIGN_HOST: _("Loads from %s: the task breaks when that host is away."),
        RemarkCode.UNKNOWN_ELEMENT: _(
            "“%s” is no element that works here: it shows nothing and gives no answer."
        ),
    }
