"""What the lint found, in the reader's words."""

from crowdloom.ui.formats import number_text
from flask_babel import gettext as _

from task_service.domain.templates import RemarkCode, lint


def sentences(template: str) -> list[tuple[str, str]]:
    """Each remark on a template as its place ("Line 3") and a sentence."""
    words = _words()
    return [
        (
            _("Line %(line)s", line=number_text(remark.line)),
            words[remark.code].replace("%s", remark.subject),
        )
        for remark in lint(template)
    ]


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
    }
