"""A project that is still being written: saved as it is typed, right or not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median_low

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.limits import DESCRIPTION_CHARACTERS_MAX, TITLE_CHARACTERS_MAX

from task_service.domain.tables import Table
from task_service.domain.templates import check_size

DRAFTS_MAX = 50
ROWS_MAX = 20
TRIALS_MAX = 9


@dataclass(frozen=True)
class DraftText:
    """What is typed; `language` None is any."""

    title: str = ""
    description: str = ""
    language: str | None = None
    template: str = ""

    def checked(self) -> "DraftText":
        """Nothing but sizes is checked before it is made a project. Raises InvalidInput,
        TemplateTooLarge.
        """
        check_size(self.template)
        limits = {"title": TITLE_CHARACTERS_MAX, "description": DESCRIPTION_CHARACTERS_MAX}
        for name, characters_max in limits.items():
            if len(getattr(self, name)) > characters_max:
                sentence = f"The {name} has at most {characters_max} characters"
                raise InvalidInput(sentence, errors={name: [f"{sentence}."]})
        return self


@dataclass(frozen=True)
class TrialFile:
    """The file that the rows came from, kept under its digest."""

    digest: str
    name: str


@dataclass(frozen=True)
class ProjectDraft:
    """`version` counts the savings, so that two tabs notice each other; `columns` and `rows` are
    the first ones of a table to try the template on; `trials` are the seconds that the requester
    took to answer a row.
    """

    draft_id: str
    requester_id: RequesterId
    text: DraftText
    version: int
    saved_at: datetime
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    file: TrialFile | None = None
    trials: tuple[int, ...] = ()

    def row(self, number: int) -> dict[str, str]:
        """From 1; without rows nothing is filled in."""
        if not 1 <= number <= len(self.rows):
            return {}
        return dict(zip(self.columns, self.rows[number - 1], strict=True))

    @property
    def seconds(self) -> int | None:
        """What an item takes its requester, None where it was not tried."""
        return usual_seconds(self.trials)

    def saved(self, text: DraftText, at: datetime) -> "ProjectDraft":
        return replace(self, text=text.checked(), version=self.version + 1, saved_at=at)

    def with_table(self, table: Table, file: TrialFile | None) -> "ProjectDraft":
        """Its first rows."""
        return replace(self, columns=table.columns, rows=tuple(table.rows[:ROWS_MAX]), file=file)


def usual_seconds(trials: Sequence[int]) -> int | None:
    """The middle one, None of none."""
    return median_low(trials) if trials else None
