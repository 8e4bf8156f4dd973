"""The three error families of architecture.md section 5. Anything else is a bug."""

import re
from collections.abc import Mapping

_FACT = re.compile(r"%\((\w+)\)s")


def with_facts(wording: str, facts: Mapping[str, object]) -> str:
    """The sentence with the facts that it names; whatever else is in it stays as it is."""
    return _FACT.sub(lambda found: str(facts.get(found[1], found[0])), wording)


class DomainError(Exception):
    """An expected refusal: a 4xx answer or a result event, never retried.

    `code` is stable and part of the API; `status` is the HTTP status it is answered with; `facts`
    are the offending values, shown to the caller. The sentence is a plain text in the code, with
    `%(name)s` for a fact: pages say it in the reader's language (`crowdloom.ui.refusals`).
    """

    code = "refused"
    status = 422

    def __init__(self, sentence: str, **facts: object) -> None:
        self.wording = sentence
        self.sentence = with_facts(sentence, facts)
        self.facts: Mapping[str, object] = facts
        super().__init__(self.sentence)


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
