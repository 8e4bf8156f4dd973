"""Writes of a transaction that are sent at its end, in one command.

Each command costs the database and us more than what it writes: a claim or a submit in three
commands instead of four leaves a third of its cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pymongo import InsertOne, MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import ClientBulkWriteException, DuplicateKeyError, OperationFailure

Write = InsertOne[dict[str, Any]] | UpdateOne
"""With its namespace: those of several collections go together."""
_DUPLICATE_KEY, _WRITE_CONFLICT = 11_000, 112


@dataclass(frozen=True)
class Held:
    """`taken` is what a refusal by a unique index is said as."""

    write: Write
    taken: Exception | None = None


class Hold(Protocol):
    """A transaction's promise to send a write at its end."""

    def __call__(self, write: Write, *, taken: Exception | None = None) -> None: ...


def write_together(
    client: "MongoClient[dict[str, Any]]", held: Sequence[Held], session: ClientSession | None
) -> None:
    """In their order, and never as the first command of a transaction: the embedded engines refuse
    that. Raises what pymongo raises for a single write, DuplicateKeyError as `taken` where given.
    """
    try:
        client.bulk_write([one.write for one in held], session=session)
    except ClientBulkWriteException as failure:
        if isinstance(failure.error, Exception):
            raise failure.error from failure
        refusals = failure.write_errors
        if not refusals:
            raise
        raise _as_of_one(refusals[0], held) from failure


def _as_of_one(refusal: Any, held: Sequence[Held]) -> Exception:
    code, words = refusal["code"], refusal["errmsg"]
    if code == _DUPLICATE_KEY:
        return held[refusal["idx"]].taken or DuplicateKeyError(words, code, refusal)
    # MongoDB says so of the whole command; one of the embedded engines of the single write.
    labels = ["TransientTransactionError"] if code == _WRITE_CONFLICT else []
    return OperationFailure(words, code, {**refusal, "errorLabels": labels})
