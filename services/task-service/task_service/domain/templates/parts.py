"""What a template consists of, read with the standard library's tolerant HTML parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from crowdloom.kernel.limits import TEMPLATE_BYTES_MAX

from task_service.domain.errors import TemplateHasNoAnswerField, TemplateTooLarge

_FIELD_TAGS = {"input", "select", "textarea"}
_NO_ANSWER_TYPES = {"submit", "button", "reset", "image", "file"}
# Elements of the crowd family that take an answer; the rest of the family that we run is layout.
_CROWD_FIELDS = {
    "crowd-input",
    "crowd-text-area",
    "crowd-checkbox",
    "crowd-radio-button",
    "crowd-radio-group",
    "crowd-slider",
    "crowd-classifier",
    "crowd-image-classifier",
    "crowd-bounding-box",
    "crowd-polygon",
    "crowd-entity-annotation",
}
_CROWD_LAYOUT = {
    "crowd-alert",
    "crowd-badge",
    "crowd-button",
    "crowd-card",
    "crowd-fab",
    "crowd-form",
    "crowd-icon-button",
    "crowd-instructions",
    "crowd-instructions-full",
    "crowd-modal",
    "crowd-ranking",
    "crowd-tab",
    "crowd-tabs",
    "crowd-toast",
    "crowd-tooltip",
    "crowd-waveform",
}


@dataclass
class Parts:
    """`fields` are names of answer fields as written, each once, in order. Where a template asks by
    named submit buttons alone ("Yes", "No"), those are its fields.
    """

    fields: list[str] = field(default_factory=list)
    form_count: int = 0
    has_submit_button: bool = False
    is_document: bool = False
    has_script: bool = False


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = Parts()
        self.buttons: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        parts = self.parts
        # A crowd-form is no form to a browser: the one that is put around it posts its fields.
        parts.form_count += tag == "form"
        parts.is_document |= tag in {"html", "body"}
        parts.has_script |= tag == "script"
        kind = (given.get("type") or "").lower()
        if tag == "input" and kind in {"submit", "image"}:
            parts.has_submit_button = True
        if tag == "button" and kind in {"", "submit"}:
            parts.has_submit_button = True
        if tag == "crowd-button" and (given.get("form-action") or "").lower() == "submit":
            parts.has_submit_button = True
        is_button = kind == "submit" or (tag == "button" and not kind)
        if is_button and tag in {"input", "button"} and given.get("name"):
            self.buttons.append(str(given["name"]))
        if is_answer_field(tag, kind) and given.get("name"):
            parts.fields.append(str(given["name"]))


def read_parts(template: str) -> Parts:
    reader = _Reader()
    # Marked sections hold no field, and html.parser stumbles over them. What is still open at the
    # end holds none either: `close` would read it again from each of its beginnings.
    reader.feed(template.replace("<![", "<! ["))
    reader.parts.fields = list(dict.fromkeys(reader.parts.fields or reader.buttons))
    return reader.parts


def answer_fields(template: str) -> list[str]:
    return read_parts(template).fields


def has_own_form(template: str) -> bool:
    return read_parts(template).form_count > 0


def check_template(template: str) -> Parts:
    """Raises TemplateTooLarge or TemplateHasNoAnswerField.

    A template that builds its fields by script passes: what it asks is seen only when it runs.
    """
    check_size(template)
    parts = read_parts(template)
    if not parts.fields and not parts.has_script:
        raise TemplateHasNoAnswerField(
            "The template asks nothing: add at least one field with a name, for example "
            '<input name="answer"> or <textarea name="answer"></textarea>'
        )
    return parts


def check_size(template: str) -> None:
    """Raises TemplateTooLarge."""
    size = len(template.encode())
    if size > TEMPLATE_BYTES_MAX:
        raise TemplateTooLarge(
            "The template is larger than %(limit)s",
            limit=f"{TEMPLATE_BYTES_MAX // 1000} kB",
            bytes=size,
        )


def is_unknown_element(tag: str) -> bool:
    """One of the crowd family, by its name, of which a browser shows nothing here."""
    return tag.startswith("crowd-") and tag not in _CROWD_FIELDS | _CROWD_LAYOUT


def is_answer_field(tag: str, kind: str) -> bool:
    if tag in _CROWD_FIELDS:
        return True
    return tag in _FIELD_TAGS and kind not in _NO_ANSWER_TYPES
