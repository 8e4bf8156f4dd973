"""COCO's object detection form, of boxes and polygons."""

import json
from itertools import pairwise
from typing import Any

from task_service.domain.annotated import Mark, marks_in
from task_service.domain.consensus import joined
from task_service.domain.submissions import Submission


class Coco:
    """Gathers answers; images and categories are numbered from 1 in the order they come."""

    def __init__(self) -> None:
        self._images: dict[str, dict[str, Any]] = {}
        self._categories: dict[str, int] = {}
        self._annotations: list[dict[str, Any]] = []

    def add(self, file_name: str, submission: Submission) -> None:
        """One answer about the image of that name; only what is marked on the image is kept."""
        values = joined(submission.answer)
        image = self._images.setdefault(
            file_name, {"id": len(self._images) + 1, "file_name": file_name}
        )
        for name, value in values.items():
            if name.endswith("inputImageProperties"):
                image.update(_size(value))
            for mark in marks_in(name, value):
                if mark.on_image:
                    self._annotations.append(self._annotation(image["id"], mark, submission))

    def document(self, description: str) -> dict[str, Any]:
        return {
            "info": {"description": description},
            "images": list(self._images.values()),
            "categories": [{"id": at, "name": name} for name, at in self._categories.items()],
            "annotations": self._annotations,
        }

    def _annotation(self, image_id: int, mark: Mark, submission: Submission) -> dict[str, Any]:
        _, _, width, height = box = mark.box or (0.0, 0.0, 0.0, 0.0)
        category = self._categories.setdefault(mark.label, len(self._categories) + 1)
        return {
            "id": len(self._annotations) + 1,
            "image_id": image_id,
            "category_id": category,
            "bbox": list(box),
            "segmentation": [[at for corner in mark.outline for at in corner]]
            if mark.outline
            else [],
            "area": _area(mark) if mark.outline else width * height,
            "iscrowd": 0,
            "worker": submission.pseudonym,
            "submission_id": submission.submission_id,
        }


def _area(mark: Mark) -> float:
    """Of a simple polygon: the shoelace formula."""
    corners = (*mark.outline, mark.outline[0])
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairwise(corners))) / 2


def _size(value: str) -> dict[str, int]:
    try:
        found: Any = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in ("width", "height") if isinstance(found.get(name), int)}
