"""A job: files that were uploaded and became nothing's tasks go, once they are old."""

from datetime import timedelta

from crowdloom.kernel import Clock

from task_service.application.source_ports import Files

UNUSED_LIFETIME = timedelta(days=7)
"""So long a kept file waits for its draft: a page that names it can be gone back to until then."""
_AT_ONCE_MAX = 100


class CleanUnusedFiles:
    def __init__(self, *, files: Files, clock: Clock) -> None:
        self._files = files
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many went."""
        return self._files.forget_unused(self._clock.now() - UNUSED_LIFETIME, _AT_ONCE_MAX)
