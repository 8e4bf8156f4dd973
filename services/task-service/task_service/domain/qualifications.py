"""A requester's own qualifications: what is asked, what is right, and who was given one by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crowdloom.kernel.answer_keys import AnswerKey, read_answer_key
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import AssignmentId, Pseudonym, RequesterId
from crowdloom.kernel.limits import DESCRIPTION_CHARACTERS_MAX, TITLE_CHARACTERS_MAX

QUALIFICATIONS_MAX = 100
QUESTIONS_MAX = 50
CHOICES_MAX = 10
CHOICES_MIN = 2
QUESTION_CHARACTERS_MAX = 1_000
CHOICE_CHARACTERS_MAX = 200
TRIES_MAX = 20
WAIT_SECONDS_MAX = 30 * 86_400
VALID_DAYS_MAX = 3_650
PERCENT_MAX = 100
_RIGHT_MARK = "*"


class TooManyQualifications(Conflict):
    code = "too_many_qualifications"


@dataclass(frozen=True)
class Question:
    """`name` is the field of the answer key."""

    name: str
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Exam:
    """A test. Without questions a qualification is given by hand alone."""

    questions: tuple[Question, ...] = ()
    answer_key: AnswerKey | None = None
    pass_percent: int = PERCENT_MAX
    tries_max: int = 1
    wait_seconds: int = 0


@dataclass(frozen=True)
class OwnQualification:
    """A `closed` one is given to nobody any more."""

    qualification_id: str
    requester_id: RequesterId
    name: str
    description: str
    exam: Exam
    valid_days: int | None
    created_at: datetime
    closed: bool = False

    def checked(self) -> "OwnQualification":
        """As it is kept. Raises InvalidInput naming every field that is wrong."""
        kept = replace(self, name=self.name.strip(), description=self.description.strip())
        errors = {**_words_wrong(kept), **_exam_wrong(kept.exam)}
        if kept.valid_days is not None and not 1 <= kept.valid_days <= VALID_DAYS_MAX:
            errors["valid_days"] = [f"1 to {VALID_DAYS_MAX} days, or none."]
        if errors:
            raise InvalidInput("The qualification cannot be kept like this", errors=errors)
        return kept


@dataclass(frozen=True)
class HandGrant:
    """Given by hand to the worker of this pseudonym, who held the assignment."""

    qualification_id: str
    pseudonym: Pseudonym
    assignment_id: AssignmentId
    granted_at: datetime
    revoked_at: datetime | None = None
    reason: str = ""


def questions_of_text(text: str) -> Exam:
    """A test as it is written in a form: a paragraph each, its first line the question, the others
    its choices, a `*` before each right one. Raises InvalidInput naming the paragraph.
    """
    questions, key = [], {}
    for number, lines in enumerate(_paragraphs(text), start=1):
        choices = [line.removeprefix(_RIGHT_MARK).strip() for line in lines[1:]]
        right = [line[1:].strip() for line in lines[1:] if line.startswith(_RIGHT_MARK)]
        if not right:
            sentence = f"Question {number}: put a * before each right choice."
            raise InvalidInput("No choice is marked", errors={"questions": [sentence]})
        name = f"q{number}"
        questions.append(Question(name, lines[0], tuple(choices)))
        key[name] = tuple(right)
    return Exam(questions=tuple(questions), answer_key=key or None)


def _paragraphs(text: str) -> list[list[str]]:
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            paragraphs[-1].append(line.strip())
        elif paragraphs[-1]:
            paragraphs.append([])
    return [lines for lines in paragraphs if lines]


def _words_wrong(one: OwnQualification) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not 0 < len(one.name) <= TITLE_CHARACTERS_MAX:
        errors["name"] = [f"1 to {TITLE_CHARACTERS_MAX} characters."]
    if not 0 < len(one.description) <= DESCRIPTION_CHARACTERS_MAX:
        errors["description"] = [f"1 to {DESCRIPTION_CHARACTERS_MAX} characters."]
    return errors


def _exam_wrong(exam: Exam) -> dict[str, list[str]]:
    limits = {
        "pass_percent": (exam.pass_percent, 1, PERCENT_MAX),
        "tries_max": (exam.tries_max, 1, TRIES_MAX),
        "wait_seconds": (exam.wait_seconds, 0, WAIT_SECONDS_MAX),
    }
    errors = {
        name: [f"{low} to {high}."]
        for name, (value, low, high) in limits.items()
        if not low <= value <= high
    }
    wrong = _questions_wrong(exam.questions) or _key_wrong(exam)
    return {**errors, "questions": [wrong]} if wrong else errors


def _questions_wrong(questions: Sequence[Question]) -> str:
    if len(questions) > QUESTIONS_MAX:
        return f"At most {QUESTIONS_MAX} questions."
    if len({question.name for question in questions}) < len(questions):
        return "Each question has a name of its own."
    for number, question in enumerate(questions, start=1):
        if not 0 < len(question.text) <= QUESTION_CHARACTERS_MAX:
            return f"Question {number}: 1 to {QUESTION_CHARACTERS_MAX} characters."
        if not CHOICES_MIN <= len(set(question.choices)) == len(question.choices) <= CHOICES_MAX:
            return f"Question {number}: {CHOICES_MIN} to {CHOICES_MAX} different choices."
        if not all(0 < len(choice) <= CHOICE_CHARACTERS_MAX for choice in question.choices):
            return f"Question {number}: a choice has 1 to {CHOICE_CHARACTERS_MAX} characters."
    return ""


def _key_wrong(exam: Exam) -> str:
    if not exam.questions and not exam.answer_key:
        return ""
    key = read_answer_key(dict(exam.answer_key or {}))
    choices = {question.name: set(question.choices) for question in exam.questions}
    if key.keys() != choices.keys():
        return "The answer key names every question, and nothing else."
    unlisted = [name for name, right in key.items() if not set(right) <= choices[name]]
    return f"{unlisted[0]}: what is right must be one of the choices." if unlisted else ""
