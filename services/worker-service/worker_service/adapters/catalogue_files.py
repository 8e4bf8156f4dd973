"""The market's own qualifications and practice items, from files of the package."""

import json
from pathlib import Path
from typing import Any

from crowdloom.kernel.answer_keys import read_answer_key

from worker_service.domain.practice import PracticeItem, PracticeWords
from worker_service.domain.qualifications import Qualification, Question, Rule, Test

PRACTICE_FIELD = "answer"
_FOLDER = Path(__file__).parent / "catalogue"


def market_qualifications() -> tuple[Qualification, ...]:
    """In the order in which the catalogue shows them."""
    return tuple(_qualification(entry) for entry in _read("qualifications.json"))


def practice_items() -> tuple[PracticeItem, ...]:
    """In the order in which they are done."""
    return tuple(PracticeItem(tuple(map(_words, item))) for item in _read("practice.json"))


def _read(name: str) -> Any:
    return json.loads((_FOLDER / name).read_text("utf-8"))


def _words(entry: dict[str, Any]) -> PracticeWords:
    plain = {name: value for name, value in entry.items() if name not in {"choices", "right"}}
    key = read_answer_key({PRACTICE_FIELD: entry["right"]})
    return PracticeWords(**plain, choices=tuple(entry["choices"]), key=key)


def _qualification(entry: dict[str, Any]) -> Qualification:
    return Qualification(
        code=entry["code"],
        name=entry["name"],
        description=entry["description"],
        rule=Rule(**entry["rule"]) if "rule" in entry else None,
        test=_test(entry["test"]) if "test" in entry else None,
        language=entry.get("language"),
        valid_days=entry.get("valid_days"),
    )


def _test(entry: dict[str, Any]) -> Test:
    questions = entry["questions"]
    return Test(
        questions=tuple(
            Question(one["name"], one["text"], tuple(one["choices"])) for one in questions
        ),
        key=read_answer_key({one["name"]: one["right"] for one in questions}),
        pass_percent=entry["pass_percent"],
        tries_max=entry["tries_max"],
        wait_seconds=entry["wait_seconds"],
    )
