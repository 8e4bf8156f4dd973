"""Items of an open batch as they are, for workers who look before they claim."""

from dataclasses import dataclass

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId

from task_service.application.ports import Reader
from task_service.domain.batches import Batch, BatchStatus
from task_service.domain.known_answers import shown_inputs
from task_service.domain.projects import Project

ITEMS_MAX = 3
"""How many of a batch can be looked at, its first ones: enough to judge, too few to harvest."""


@dataclass(frozen=True)
class Preview:
    """A row with the page it is shown in."""

    batch: Batch
    project: Project
    row: dict[str, str]


class PreviewTask:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self, batch_id: BatchId, number: int) -> Preview:
        """Item `number`, from 1. Raises NotFound, for a batch that is not open as well."""
        batch = self._reader.batches.get(batch_id)
        if batch is None or batch.status is not BatchStatus.OPEN or batch.table_id is None:
            raise NotFound("There is no such batch", batch_id=batch_id)
        if not 1 <= number <= ITEMS_MAX:
            raise NotFound("There is no such item to look at", number=number)
        found = self._reader.tasks.page(batch.table_id, after=number - 1, count_max=1)
        project = self._reader.projects.get(batch.project_id)
        if not found or found[0].number != number or project is None:
            raise NotFound("There is no such item to look at", number=number)
        return Preview(batch, project, shown_inputs(batch.columns, found[0].cells))
