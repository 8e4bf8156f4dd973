"""What workers who change nothing answer to each kind of piece, and what must come back."""

import io
import json
import random
import threading
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import requests
import soundfile
from crowdloom.client.people import Answer
from PIL import Image
from pypdf import PdfReader

_TIMEOUT_SECONDS = 20
_CELL_PIXELS = 97
_LABELS = ("cat", "dog")
_WORDS_PER_SECOND = 4
_BOX = ("left", "top", "width", "height")


class Whole(Protocol):
    """One file. `take` is called from several threads."""

    template: str

    def take(self, inputs: Mapping[str, str]) -> Answer:
        """The answer to a piece of somebody who changes nothing."""
        ...

    def put_back(self, inputs: Mapping[str, str], answer: Answer) -> None: ...

    def is_same(self, merged: bytes) -> bool:
        """Whether the merged file is the original, by what its kind can say of itself."""
        ...


class _Whole:
    def __init__(self, content: bytes, origin: str) -> None:
        self.content = content
        self._origin = origin
        self._lock = threading.Lock()
        self._seen: dict[tuple[int, ...], Any] = {}

    def put_back(self, _inputs: Mapping[str, str], _answer: Answer) -> None:
        """Any of these answers can be given again."""

    def _file(self, address: str) -> bytes:
        answer = requests.get(self._origin + address, timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.content


class TextWhole(_Whole):
    """Byte for byte."""

    template = '<p dir="auto">${text}</p><textarea name="text" required></textarea>'

    def take(self, inputs: Mapping[str, str]) -> Answer:
        return [("text", inputs["text"])]

    def is_same(self, merged: bytes) -> bool:
        return merged == self.content


class RowsWhole(_Whole):
    """Byte for byte, every cell having been given as an answer."""

    template = '<p>Check the rows.</p><textarea name="note"></textarea>'

    def take(self, inputs: Mapping[str, str]) -> Answer:
        return list(inputs.items())

    def is_same(self, merged: bytes) -> bool:
        return merged == self.content


class PagesWhole(TextWhole):
    """The pages' texts, in order."""

    def is_same(self, merged: bytes) -> bool:
        pages = PdfReader(io.BytesIO(self.content)).pages
        return merged.decode().split("\f") == [
            page.extract_text().replace("\f", "\n").replace("\0", "") for page in pages
        ]


class ImageWhole(_Whole):
    """Known boxes are drawn on the tiles that show them; the tiles themselves are the pixels."""

    template = '<img src="${image}" alt="A part of a picture"><input name="boxes">'

    def __init__(self, content: bytes, origin: str) -> None:
        super().__init__(content, origin)
        self._image = Image.open(io.BytesIO(content))
        self.boxes = _boxes(*self._image.size)

    def take(self, inputs: Mapping[str, str]) -> Answer:
        left, top, width, height = (int(inputs[name]) for name in _BOX)
        tile = self._file(inputs["image"])
        with self._lock:
            self._seen[left, top] = tile
        parts = []
        for box in self.boxes:
            first, last = max(box["left"], left), min(box["left"] + box["width"], left + width)
            high, low = max(box["top"], top), min(box["top"] + box["height"], top + height)
            if first < last and high < low:
                sides = (first - left, high - top, last - first, low - high)
                parts.append({**dict(zip(_BOX, sides, strict=True)), "label": box["label"]})
        return [("boxes", json.dumps(parts))]

    def is_same(self, merged: bytes) -> bool:
        document = json.loads(merged)
        names = {one["id"]: one["name"] for one in document["categories"]}
        found = [(*one["bbox"], names[one["category_id"]]) for one in document["annotations"]]
        wanted = [(*(box[name] for name in _BOX), box["label"]) for box in self.boxes]
        return sorted(found) == sorted(wanted) and self._pixels_are_same()

    def _pixels_are_same(self) -> bool:
        pieces = {place: Image.open(io.BytesIO(tile)) for place, tile in self._seen.items()}
        whole = Image.new(next(iter(pieces.values())).mode, self._image.size)
        for place, piece in pieces.items():
            whole.paste(piece, (place[0], place[1]))
        original = self._image if self._image.mode == whole.mode else self._image.convert("RGB")
        return whole.tobytes() == original.tobytes()


class SoundWhole(_Whole):
    """A word each quarter of a second, heard wherever it begins; the cores are the samples."""

    template = '<audio src="${audio}" controls></audio><textarea name="words"></textarea>'

    def __init__(self, content: bytes, origin: str) -> None:
        super().__init__(content, origin)
        self._samples, self._rate = soundfile.read(io.BytesIO(content), always_2d=True)
        seconds = len(self._samples) / self._rate
        self.words = [at / _WORDS_PER_SECOND for at in range(int(seconds * _WORDS_PER_SECOND))]

    def take(self, inputs: Mapping[str, str]) -> Answer:
        start, end, heard = (float(inputs[name]) for name in ("start", "end", "heard_from"))
        samples, rate = soundfile.read(io.BytesIO(self._file(inputs["audio"])), always_2d=True)
        first = round((start - heard) * rate)
        with self._lock:
            self._seen[(round(start * rate),)] = samples[
                first : first + round((end - start) * rate)
            ]
        until = heard + len(samples) / rate
        said = [
            {"start": word - heard, "end": word - heard + 0.2, "text": f"word {word}"}
            for word in self.words
            if heard <= word < until
        ]
        return [("words", json.dumps(said))]

    def is_same(self, merged: bytes) -> bool:
        said = [one["text"] for one in json.loads(merged)["segments"]]
        heard = np.concatenate([self._seen[start] for start in sorted(self._seen)])
        return said == [f"word {word}" for word in self.words] and np.array_equal(
            heard, self._samples
        )


def whole_of(kind: str, content: bytes, origin: str) -> Whole:
    """Raises KeyError for a kind that there is not."""
    kinds: dict[str, type[TextWhole | RowsWhole | ImageWhole | SoundWhole]] = {
        "paragraph": TextWhole,
        "sentence": TextWhole,
        "words": TextWhole,
        "rows": RowsWhole,
        "page": PagesWhole,
        "tile": ImageWhole,
        "seconds": SoundWhole,
    }
    return kinds[kind](content, origin)


def _boxes(width: int, height: int) -> list[dict[str, Any]]:
    """Boxes that do not touch, one in each cell of a grid; the same ones for the same image."""
    chance = random.Random(width * height)
    boxes = []
    for top in range(0, height - _CELL_PIXELS, _CELL_PIXELS):
        for left in range(0, width - _CELL_PIXELS, _CELL_PIXELS):
            wide, high = (chance.randint(8, _CELL_PIXELS - 20) for _ in "wh")
            sides = (left + chance.randint(1, 15), top + chance.randint(1, 15), wide, high)
            named = dict(zip(_BOX, sides, strict=True))
            boxes.append({**named, "label": chance.choice(_LABELS)})
    return boxes


def first_difference(merged: bytes, original: bytes) -> str:
    """Where two files part, for whoever looks for the fault."""
    at = next((i for i, (a, b) in enumerate(zip(merged, original, strict=False)) if a != b), None)
    place = min(len(merged), len(original)) if at is None else at
    return (
        f"byte {place} of {len(original)}: {merged[place : place + 60]!r} "
        f"where it was {original[place : place + 60]!r}"
    )
