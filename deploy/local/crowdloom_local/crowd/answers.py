"""Recorded answers of real workers, each given once."""

import csv
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from crowdloom.client.people import Answer


class Answers(Protocol):
    """Where simulated workers get their answers from. Safe from several threads."""

    def take(self, inputs: Mapping[str, str]) -> Answer:
        """Return the answer to a task with these inputs."""
        ...

    def put_back(self, inputs: Mapping[str, str], answer: Answer) -> None:
        """Take an answer back that was not submitted after all."""
        ...


class Dataset:
    """A folder with `labels.csv` (task, worker, label) and `truth.csv` (task, label)."""

    def __init__(self, folder: Path) -> None:
        self.labels: dict[str, list[str]] = defaultdict(list)
        seen: set[tuple[str, str]] = set()
        with (folder / "labels.csv").open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if (row["task"], row["worker"]) not in seen:
                    seen.add((row["task"], row["worker"]))
                    self.labels[row["task"]].append(row["label"])
        self.truth: dict[str, str] = {}
        if (folder / "truth.csv").exists():
            with (folder / "truth.csv").open(newline="", encoding="utf-8-sig") as file:
                self.truth = {row["task"]: row["label"] for row in csv.DictReader(file)}

    @property
    def is_free_text(self) -> bool:
        """Answers that hardly ever repeat cannot be voted on by equality."""
        every = [label for labels in self.labels.values() for label in labels]
        return len(set(every)) > len(every) / 4

    def tasks(self, count: int, redundancy: int) -> list[str]:
        """The first `count` tasks with at least `redundancy` recorded answers."""
        enough = [task for task, labels in self.labels.items() if len(labels) >= redundancy]
        if len(enough) < count:
            raise ValueError(f"only {len(enough)} tasks have {redundancy} recorded answers")
        return enough[:count]


class RecordedAnswers:
    """Whoever gets a task answers with its next recorded label not yet given."""

    def __init__(self, dataset: Dataset, *, task_column: str, field: str) -> None:
        self._left = {task: deque(labels) for task, labels in dataset.labels.items()}
        self._task_column = task_column
        self._field = field
        self._lock = threading.Lock()

    def take(self, inputs: Mapping[str, str]) -> Answer:
        with self._lock:
            return [(self._field, self._left[inputs[self._task_column]].popleft())]

    def put_back(self, inputs: Mapping[str, str], answer: Answer) -> None:
        with self._lock:
            self._left[inputs[self._task_column]].appendleft(answer[0][1])
