"""What a merge reads of a batch, as a contract: no more of each task and answer than it needs."""

from collections.abc import Iterator
from typing import Protocol

from crowdloom.kernel.ids import BatchId, TaskId

from task_service.domain.submissions import Answer


class Pieces(Protocol):
    """Blocking; read as they are asked for."""

    def task_ids(self, table_id: str, count_max: int) -> Iterator[TaskId]:
        """In the table's order, those with numbers up to `count_max`."""
        ...

    def answers(self, batch_id: BatchId) -> Iterator[tuple[TaskId, Answer]]:
        """Those that count, oldest first."""
        ...
