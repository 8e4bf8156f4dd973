"""What the columns of a results file mean, with what is in them."""

from collections import Counter
from typing import Any

from task_service.application.results import META, Results
from task_service.domain.batches import Batch
from task_service.domain.consensus import joined
from task_service.domain.projects import Project

_VALUES_MAX = 20


def data_dictionary(results: Results, batch: Batch, project: Project) -> dict[str, Any]:
    """The columns of the tidy form: `{"columns": [{"name", "kind", "meaning", ..}]}`. A field of
    the answers says how many have it, and its values where they are 20 at most.
    """
    counted: dict[str, Counter[str]] = {}
    total = 0
    for submission in results.submissions(batch):
        total += 1
        for name, value in joined(submission.answer).items():
            counted.setdefault(name, Counter())[value] += 1
    known = set(project.answer_fields)
    fields = [_field(name, values, name in known) for name, values in sorted(counted.items())]
    inputs = [
        {"name": name, "kind": "input", "meaning": "A column of the table"}
        for name in batch.columns
    ]
    meta = [{"name": name, "kind": "meta", "meaning": meaning} for name, meaning in META.items()]
    return {
        "batch_id": batch.batch_id,
        "title": batch.title,
        "tasks": batch.task_count,
        "answers": total,
        "encoding": "UTF-8",
        "escaping": "A cell that begins with = + - @, a tab or a carriage return, apostrophes "
        "before it or not, has one apostrophe more in CSV; numbers have none.",
        "columns": [*inputs, *fields, *meta],
    }


def _field(name: str, values: Counter[str], in_template: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": f"answer.{name}",
        "kind": "answer",
        "meaning": "A field of the template" if in_template else "A field that a script made",
        "filled": sum(count for value, count in values.items() if value),
        "distinct": len(values),
    }
    if len(values) <= _VALUES_MAX:
        found["values"] = dict(values.most_common())
    return found
