"""Projects: a template with what is said about it to workers."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import ProjectId, RequesterId
from crowdloom.kernel.limits import DESCRIPTION_CHARACTERS_MAX, TITLE_CHARACTERS_MAX

from task_service.domain.templates import (
    check_template,
    foreign_hosts,
    is_host,
    needed_columns,
)


@dataclass(frozen=True)
class Project:
    """`columns` are what the template needs of a table; `allowed_hosts` may serve its scripts,
    styles, images and media.
    """

    project_id: ProjectId
    requester_id: RequesterId
    title: str
    description: str
    language: str | None
    template: str
    columns: tuple[str, ...]
    answer_fields: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    created_at: datetime


def new_project(
    *,
    project_id: ProjectId,
    requester_id: RequesterId,
    title: str,
    description: str,
    language: str | None,
    template: str,
    allowed_hosts: tuple[str, ...] | None,
    created_at: datetime,
) -> Project:
    """Check what a requester brought. Raises InvalidInput, TemplateTooLarge,
    TemplateHasNoAnswerField. Without `allowed_hosts` those the template names are allowed.
    """
    parts = check_template(template)
    hosts = tuple(foreign_hosts(template)) if allowed_hosts is None else allowed_hosts
    wrong = [host for host in hosts if not is_host(host)]
    if wrong:
        raise InvalidInput("That is no host name", errors={"allowed_hosts": wrong})
    return Project(
        project_id=project_id,
        requester_id=requester_id,
        title=checked_title(title),
        description=_checked("description", description, DESCRIPTION_CHARACTERS_MAX),
        language=language or None,
        template=template,
        columns=tuple(needed_columns(template)),
        answer_fields=tuple(parts.fields),
        allowed_hosts=hosts,
        created_at=created_at,
    )


def checked_title(title: str) -> str:
    """Raises InvalidInput."""
    return _checked("title", title, TITLE_CHARACTERS_MAX)


def _checked(name: str, text: str, characters_max: int) -> str:
    kept = text.strip()
    if not 0 < len(kept) <= characters_max:
        sentence = f"The {name} has 1 to {characters_max} characters"
        raise InvalidInput(sentence, errors={name: [f"{sentence}."]})
    return kept
