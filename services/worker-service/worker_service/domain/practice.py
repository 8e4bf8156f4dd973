"""Practice: items with known answers, for getting to know how work goes. Nothing of it is kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crowdloom.kernel.answer_keys import AnswerKey, marked

FALLBACK_LANGUAGE = "en"


@dataclass(frozen=True)
class PracticeWords:
    """One item in one language. Without choices the answer is written; `why` says what is right."""

    language: str
    title: str
    instructions: str
    material: str
    question: str
    choices: tuple[str, ...]
    key: AnswerKey
    why: str

    def is_right(self, answer: Iterable[tuple[str, str]]) -> bool:
        return all(marked(self.key, answer).values())


@dataclass(frozen=True)
class PracticeItem:
    """The same item in several languages."""

    words: Sequence[PracticeWords]

    def in_language(self, tag: str) -> PracticeWords:
        """In the reader's language, else in English."""
        known = {one.language: one for one in self.words}
        return known.get(tag.split("-", maxsplit=1)[0]) or known[FALLBACK_LANGUAGE]
