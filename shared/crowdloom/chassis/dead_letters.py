"""Dead letters: messages that could not be handled, kept with their reason until replayed."""

import hashlib
from collections.abc import Iterator
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database

from crowdloom.chassis.bus import BusMessage
from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound

DEAD_LETTERS = "dead_letters"
DEAD_LETTER_INDEXES = [
    IndexModel([("state", ASCENDING), ("buried_at", DESCENDING)], name="by_state")
]
_LISTED_MAX = 100


class DeadLetters:
    """In the service's own database. `state` is open, replay_requested or replayed."""

    def __init__(self, database: Database[dict[str, Any]], clock: Clock) -> None:
        self._letters = database[DEAD_LETTERS]
        self._clock = clock

    def bury(self, message: BusMessage, reason: str) -> str:
        """Keep the message's bytes and why it is here. The same message is kept once."""
        letter_id = _letter_id(message)
        self._letters.update_one(
            {"_id": letter_id},
            {
                "$set": {
                    "topic": message.topic,
                    "key": message.key,
                    "partition": message.partition,
                    "offset": message.offset,
                    "headers": [[name, value] for name, value in message.headers],
                    "value": message.value,
                    "reason": reason[:2_000],
                    "state": "open",
                    "buried_at": self._clock.now(),
                },
                "$inc": {"burials": 1},
            },
            upsert=True,
        )
        return letter_id

    def open_count(self) -> int:
        return self._letters.count_documents({"state": {"$ne": "replayed"}})

    def listed(self) -> list[dict[str, Any]]:
        """The newest that are not yet replayed, at most a hundred."""
        found = self._letters.find({"state": {"$ne": "replayed"}}).sort("buried_at", DESCENDING)
        return list(found.limit(_LISTED_MAX))

    def request_replay(self, letter_id: str, *, asked_by: str) -> None:
        """Have the events process handle the message again; asked again, it changes nothing.

        Raises NotFound.
        """
        self._letters.update_one(
            {"_id": letter_id, "state": "open"},
            {
                "$set": {
                    "state": "replay_requested",
                    "asked_by": asked_by,
                    "asked_at": self._clock.now(),
                }
            },
        )
        if self._letters.find_one({"_id": letter_id}, {"_id": 1}) is None:
            raise NotFound("There is no such dead letter", dead_letter_id=letter_id)

    def requested(self) -> Iterator[tuple[str, BusMessage]]:
        for letter in self._letters.find({"state": "replay_requested"}):
            yield (
                letter["_id"],
                BusMessage(
                    topic=letter["topic"],
                    key=letter["key"],
                    value=bytes(letter["value"]),
                    headers=tuple((name, bytes(value)) for name, value in letter["headers"]),
                    partition=letter["partition"],
                    offset=letter["offset"],
                ),
            )

    def settle(self, letter_id: str, *, reason: str | None) -> None:
        """After a replay: gone where `reason` is None, open again with the new reason otherwise."""
        change = {"state": "replayed"} if reason is None else {"state": "open", "reason": reason}
        self._letters.update_one({"_id": letter_id}, {"$set": change})


def _letter_id(message: BusMessage) -> str:
    digest = hashlib.sha256(message.topic.encode() + b"\n" + message.value)
    for name, value in message.headers:
        digest.update(name.encode() + b"\n" + value)
    return digest.hexdigest()[:32]
