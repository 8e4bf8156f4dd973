"""The market's own qualifications, from a file of the package."""

import json
from pathlib import Path
from typing import Any

from crowdloom.kernel.answer_keys import read_answer_key

from worker_service.domain.qualifications import Qualification, Question, Rule, Test

_FILE = Path(__file__).parent / "catalogue" / "qualifications.json"


def market_qualifications() -> tuple[Qualification, ...]:
    """In the order in which the catalogue shows them."""
    return tuple(_qualification(entry) for entry in json.loads(_FILE.read_text("utf-8")))


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
