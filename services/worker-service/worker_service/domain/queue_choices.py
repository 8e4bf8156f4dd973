"""What a worker chose for the queue: what to hide, what to watch, and the filter used last."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, RequesterId, WorkerId

HIDDEN_MAX = 300
"""Of each kind. The oldest is shown again where one more is hidden."""
WATCHES_MAX = 30
WORDS_CHARACTERS_MAX = 100
KeyT = TypeVar("KeyT", bound=str)


@dataclass(frozen=True)
class Watch:
    """A requester (with the name it had) or words; exactly one of both."""

    requester_id: RequesterId | None = None
    words: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        return self.requester_id or f"words:{self.words.casefold()}"


@dataclass(frozen=True)
class QuietHours:
    """From one hour of the day until another, by the clock of the worker's device; may span
    midnight. `HH:MM`, both empty where there are none.
    """

    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class QueueChoices:
    """`hidden_*` map an id to the name it had. `filter` holds the parts of the queue's address.
    `seen_at` is when the worker last looked at what the watches found.
    """

    worker_id: WorkerId
    filter: Mapping[str, str] = field(default_factory=dict)
    hidden_batches: Mapping[BatchId, str] = field(default_factory=dict)
    hidden_requesters: Mapping[RequesterId, str] = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()
    sound: bool = False
    quiet: QuietHours = QuietHours()
    seen_at: datetime | None = None

    def hiding_batch(self, batch_id: BatchId, title: str) -> "QueueChoices":
        return replace(self, hidden_batches=_with(self.hidden_batches, batch_id, title))

    def hiding_requester(self, requester_id: RequesterId, name: str) -> "QueueChoices":
        return replace(self, hidden_requesters=_with(self.hidden_requesters, requester_id, name))

    def showing(self, hidden_id: str) -> "QueueChoices":
        """Take a batch or a requester out of what is hidden."""
        return replace(
            self,
            hidden_batches=_without(self.hidden_batches, hidden_id),
            hidden_requesters=_without(self.hidden_requesters, hidden_id),
        )

    def watching(self, watch: Watch) -> "QueueChoices":
        """Watching what is watched changes nothing. Raises InvalidInput."""
        if not watch.key.removeprefix("words:").strip():
            raise InvalidInput("Say what to watch", errors={"words": ["Say what to watch"]})
        if any(known.key == watch.key for known in self.watches):
            return self
        if len(self.watches) >= WATCHES_MAX:
            raise InvalidInput(
                "At most %(count_max)s watches",
                count_max=WATCHES_MAX,
                errors={"words": [f"At most {WATCHES_MAX}"]},
            )
        return replace(self, watches=(*self.watches, watch))

    def not_watching(self, key: str) -> "QueueChoices":
        return replace(self, watches=tuple(one for one in self.watches if one.key != key))


def _with(names: Mapping[KeyT, str], key: KeyT, name: str) -> dict[KeyT, str]:
    kept = {**_without(names, key), key: name}
    return dict(list(kept.items())[-HIDDEN_MAX:])


def _without(names: Mapping[KeyT, str], key: str) -> dict[KeyT, str]:
    return {known: name for known, name in names.items() if known != key}
