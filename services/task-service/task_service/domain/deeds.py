"""Who did what in a requester's name, and when: for those who answer for a team."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId

DEEDS_LIFETIME = timedelta(days=730)


@dataclass(frozen=True)
class Deed:
    """`person_id` is the account of the one who acted for `requester_id`, the owner's own where
    nobody else did. `way` is `page`, `api` (a session's token) or `key` (an API key, which is the
    owner's). `action` is a stable word; `subject` names what it was done to beyond the batch.
    """

    deed_id: str
    requester_id: RequesterId
    person_id: RequesterId
    way: str
    action: str
    done_at: datetime
    project_id: ProjectId | None = None
    batch_id: BatchId | None = None
    subject: str | None = None
