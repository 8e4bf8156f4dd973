"""What became of one item, whoever's it is: for an operator who traces a task."""

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId

from worker_service.application.ports import Readers
from worker_service.domain.appeals import Appeal
from worker_service.domain.work_items import WorkItem


class ShowItem:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, assignment_id: AssignmentId) -> tuple[WorkItem, Appeal | None]:
        """Raises NotFound."""
        item = self._readers.work_items.get(assignment_id)
        if item is None:
            raise NotFound("There is no such assignment", assignment_id=assignment_id)
        return item, self._readers.appeals.get(assignment_id)
