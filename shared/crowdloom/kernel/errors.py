"""The three error families of architecture.md section 5. Anything else is a bug."""

from collections.abc import Mapping


class DomainError(Exception):
    """An expected refusal: a 4xx answer or a result event, never retried.

    `code` is stable and part of the API; `status` is the HTTP status it is answered with; `facts`
    are the offending values, shown to the caller.
    """

    code = "refused"
    status = 422

    def __init__(self, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts: Mapping[str, object] = facts


class NotFound(DomainError):
    """Unknown id, or one that belongs to somebody else: both are answered alike."""

    code = "not_found"
    status = 404


class NotAllowed(DomainError):
    """The caller is known and may not do this."""

    code = "not_allowed"
    status = 403


class Conflict(DomainError):
    """The thing is no longer in the state this call needs."""

    code = "conflict"
    status = 409


class InvalidInput(DomainError):
    """The request's values break a rule; `facts["errors"]` names each field."""

    code = "invalid_input"
    status = 422


class TransientError(Exception):
    """May succeed when tried again: an engine is away, a write conflicted, a fact is missing."""


class PoisonMessage(Exception):
    """Will never succeed: goes to the dead letters with its reason and its original bytes."""
