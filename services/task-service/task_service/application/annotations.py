"""Answers as annotations: the W3C's Web Annotation model, and COCO for boxes and polygons."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crowdloom.kernel.clock import format_instant

from task_service.application.ports import Task
from task_service.application.results import Results
from task_service.domain.annotated import marks_in, media_column
from task_service.domain.batches import Batch
from task_service.domain.coco import Coco
from task_service.domain.consensus import joined
from task_service.domain.submissions import Submission

_CONTEXT = "http://www.w3.org/ns/anno.jsonld"


class Annotations:
    """Names pseudonyms, never more. Answers that were rejected or sent back are left out."""

    def __init__(self, *, results: Results) -> None:
        self._results = results

    def w3c(self, batch: Batch) -> Iterator[str]:
        """An AnnotationPage (https://www.w3.org/TR/annotation-model/): boxes, polygons and spans
        each with a selector on the image or text; every other field as a body about its row.
        """
        head = {"@context": _CONTEXT, "type": "AnnotationPage", "id": f"urn:{batch.batch_id}"}
        yield json.dumps(head, ensure_ascii=False)[:-1] + ', "items": ['
        first = True
        for task, submission in self._counted(batch):
            for document in _w3c_of(batch, task, submission):
                yield ("\n" if first else ",\n") + json.dumps(document, ensure_ascii=False)
                first = False
        yield "\n]}\n"

    def coco(self, batch: Batch) -> Iterator[str]:
        """Images, categories and annotations (https://cocodataset.org/#format-data), each with
        `worker` and `submission_id` beside COCO's own names.
        """
        column = media_column(batch.columns)
        coco = Coco()
        for task, submission in self._counted(batch):
            name = _inputs(batch, task).get(column or "", task.task_id)
            coco.add(name, submission)
        yield json.dumps(coco.document(batch.title), ensure_ascii=False, indent=1) + "\n"

    def _counted(self, batch: Batch) -> Iterator[tuple[Task, Submission]]:
        for task, submissions in self._results.by_task(batch):
            for submission in submissions:
                if submission.counts:
                    yield task, submission


def _inputs(batch: Batch, task: Task) -> dict[str, str]:
    return dict(zip(batch.columns, task.cells, strict=True))


def _w3c_of(batch: Batch, task: Task, submission: Submission) -> Iterator[dict[str, Any]]:
    inputs = _inputs(batch, task)
    media = inputs.get(media_column(batch.columns) or "")
    number = 0
    for name, value in joined(submission.answer).items():
        marks = marks_in(name, value)
        for mark in marks:
            number += 1
            source = media if mark.on_image and media else f"urn:{task.task_id}"
            target = {"source": source, "selector": dict(mark.selector)}
            yield _annotation(submission, number, mark.label, "tagging", target)
        if not marks and value:
            number += 1
            about = {"source": f"urn:{task.task_id}", "crowdloom:field": name}
            yield _annotation(submission, number, value, "describing", about)


def _annotation(
    submission: Submission, number: int, value: str, purpose: str, target: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"urn:{submission.submission_id}:{number}",
        "type": "Annotation",
        "motivation": purpose,
        "created": format_instant(submission.submitted_at),
        "creator": {"type": "Person", "nickname": submission.pseudonym},
        "body": {"type": "TextualBody", "value": value, "purpose": purpose},
        "target": target,
    }
