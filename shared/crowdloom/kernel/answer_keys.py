"""The one form in which right answers are written: `{"field": "value"}`, or a list of any of which.

Tests of qualifications, practice items and gold tasks are scored by it alike.
"""

import unicodedata
from collections.abc import Iterable, Mapping

from crowdloom.kernel.errors import InvalidInput

AnswerKey = Mapping[str, tuple[str, ...]]
"""Field name to the values that are right."""

FIELDS_MAX = 200
VALUES_MAX = 50
VALUE_CHARACTERS_MAX = 2_000


def read_answer_key(document: object) -> AnswerKey:
    """Raises InvalidInput, naming each field that is not a text or a list of texts."""
    if not isinstance(document, Mapping) or not 0 < len(document) <= FIELDS_MAX:
        raise _refused({"answer_key": [f"An object of 1 to {FIELDS_MAX} fields."]})
    key = {str(name): _values(value) for name, value in document.items()}
    wrong = [name for name, values in key.items() if not values]
    if wrong:
        sentence = f"A text, or a list of 1 to {VALUES_MAX} texts of which any is right."
        raise _refused({f"answer_key.{name}": [sentence] for name in wrong})
    return key


def marked(key: AnswerKey, answer: Iterable[tuple[str, str]]) -> dict[str, bool]:
    """For each field of the key, whether it is answered and every value given for it is right.

    Values are compared without regard to case, to spaces at the ends or doubled, and to how an
    accented letter is encoded.
    """
    given: dict[str, list[str]] = {}
    for name, value in answer:
        given.setdefault(name, []).append(_plain(value))
    right = {name: {_plain(value) for value in values} for name, values in key.items()}
    return {
        name: bool(given.get(name)) and set(given[name]) <= values for name, values in right.items()
    }


def _values(value: object) -> tuple[str, ...]:
    """Empty where the value cannot be read."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or len(listed) > VALUES_MAX:
        return ()
    fits = all(isinstance(one, str) and len(one) <= VALUE_CHARACTERS_MAX for one in listed)
    return tuple(listed) if fits else ()


def _plain(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split()).casefold()


def _refused(errors: dict[str, list[str]]) -> InvalidInput:
    return InvalidInput("The answer key cannot be read", errors=errors)
