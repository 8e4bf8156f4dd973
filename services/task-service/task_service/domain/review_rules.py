"""Rules that choose answers for one decision: what they say, who gave them, how fast."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crowdloom.kernel.errors import InvalidInput

from task_service.domain.consensus import Consensus, joined
from task_service.domain.submissions import Submission


class Condition(StrEnum):
    """`agrees` and `differs` compare with the majority of the task's answers; a tie is no majority,
    and agrees or differs with nobody. `known_right` and `known_wrong` are about rows whose answer
    the requester knows; no other row is hit.
    """

    EQUALS = "equals"
    CONTAINS = "contains"
    EMPTY = "empty"
    AGREES = "agrees"
    DIFFERS = "differs"
    FASTER = "faster"
    WORKER = "worker"
    KNOWN_RIGHT = "known_right"
    KNOWN_WRONG = "known_wrong"


_WITH_FIELD = {
    Condition.EQUALS,
    Condition.CONTAINS,
    Condition.EMPTY,
    Condition.AGREES,
    Condition.DIFFERS,
}
_WITH_VALUE = {Condition.EQUALS, Condition.CONTAINS, Condition.FASTER, Condition.WORKER}


@dataclass(frozen=True)
class Rule:
    """`field` is one of the answer's; `value` a text, a pseudonym, or a number of seconds."""

    condition: Condition
    field: str = ""
    value: str = ""

    @property
    def asks_the_majority(self) -> bool:
        return self.condition in (Condition.AGREES, Condition.DIFFERS)

    def check(self) -> None:
        """Raises InvalidInput naming what is missing."""
        errors: dict[str, list[str]] = {}
        if self.condition in _WITH_FIELD and not self.field:
            errors["field"] = ["Choose a field of the answer."]
        if self.condition in _WITH_VALUE and not self.value.strip():
            errors["value"] = ["Write what to look for."]
        elif self.condition is Condition.FASTER and not self.value.strip().isdecimal():
            errors["value"] = ["Write a whole number of seconds."]
        if errors:
            raise InvalidInput("The rule is not complete", errors=errors)

    def hits(self, submission: Submission, majority: Mapping[str, Consensus]) -> bool:
        """`majority` is that of the task's answers, by field; used by agrees and differs alone."""
        given = joined(submission.answer).get(self.field, "")
        if self.asks_the_majority:
            won = majority.get(self.field)
            agrees = won is not None and given == won.value
            settled = won is not None and not won.tied
            return settled and agrees is (self.condition is Condition.AGREES)
        if self.condition is Condition.FASTER:
            return submission.seconds < int(self.value)
        if self.condition is Condition.WORKER:
            return submission.pseudonym == self.value.strip()
        if self.condition in (Condition.KNOWN_RIGHT, Condition.KNOWN_WRONG):
            return submission.known_right is (self.condition is Condition.KNOWN_RIGHT)
        wanted, found = self.value.strip().casefold(), given.strip().casefold()
        if self.condition is Condition.CONTAINS:
            return wanted in found
        return found == (wanted if self.condition is Condition.EQUALS else "")
