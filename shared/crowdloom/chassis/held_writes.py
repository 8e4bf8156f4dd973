"""Writes of a transaction that are sent at its end, in one command.

Each command costs the database and us more than what it writes: a claim or a submit is two, its
writes and the commit, where a command for each write would make it four.
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
    """`taken` is what a refusal by a unique index is said as; `missed`, that an update found
    nothing to change.
    """

    write: Write
    taken: Exception | None = None
    missed: Exception | None = None


class Hold(Protocol):
    """A transaction's promise to send a write at its end."""

    def __call__(
        self, write: Write, *, taken: Exception | None = None, missed: Exception | None = None
    ) -> None: ...


def outside_a_transaction(
    write: Write,  # noqa: ARG001 - as a Hold is called
    *,
    taken: Exception | None = None,  # noqa: ARG001
    missed: Exception | None = None,  # noqa: ARG001
) -> None:
    """What a repository has beside any transaction. Raises TypeError."""
    raise TypeError("this is one of several writes, in a transaction")


def write_together(
    client: "MongoClient[dict[str, Any]]", held: Sequence[Held], session: ClientSession | None
) -> None:
    """In their order. Raises what pymongo raises for a single write, DuplicateKeyError as `taken`
    where given; `missed` after all are written, so that it must end the transaction. As the first
    command of one, only without a read concern: the embedded engines refuse that.
    """
    updates = [one for one in held if isinstance(one.write, UpdateOne)]
    is_one_of_many = len(updates) > 1 and any(one.missed for one in updates)
    try:
        done = client.bulk_write(
            [one.write for one in held], session=session, verbose_results=is_one_of_many
        )
    except ClientBulkWriteException as failure:
        if isinstance(failure.error, Exception):
            raise failure.error from failure
        refusals = failure.write_errors
        if not refusals:
            raise
        raise _as_of_one(refusals[0], held) from failure
    for index, one in enumerate(held):
        if one.missed is None:
            continue
        # To read what became of each costs more than to read what became of all.
        found = done.update_results[index] if is_one_of_many else done
        if not found.matched_count:
            raise one.missed


def _as_of_one(refusal: Any, held: Sequence[Held]) -> Exception:
    code, words = refusal["code"], refusal["errmsg"]
    if code == _DUPLICATE_KEY:
        return held[refusal["idx"]].taken or DuplicateKeyError(words, code, refusal)
    # MongoDB says so of the whole command; one of the embedded engines of the single write.
    labels = ["TransientTransactionError"] if code == _WRITE_CONFLICT else []
    return OperationFailure(words, code, {**refusal, "errorLabels": labels})
