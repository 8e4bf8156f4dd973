"""Images by tiles that overlap, and boxes drawn on tiles joined to boxes on the image.

An object on a border is drawn on each of its tiles, cut off at the tile's edge. Two boxes are the
same object if they carry the same label and agree, by intersection over union, within what both
tiles show; an object of several tiles becomes the box around all of its parts.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from task_service.domain.splitting.pieces import PieceAnswers

IOU_MIN = 0.5
_SIDES = ("left", "top", "width", "height")


@dataclass(frozen=True)
class Box:
    """In pixels of the image; `label` may be empty."""

    left: float
    top: float
    width: float
    height: float
    label: str = ""

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def area(self) -> float:
        return self.width * self.height

    def within(self, other: "Box") -> "Box | None":
        """What both cover; None where that is nothing."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        width = min(self.right, other.right) - left
        height = min(self.bottom, other.bottom) - top
        return Box(left, top, width, height, self.label) if width > 0 and height > 0 else None

    def around(self, other: "Box") -> "Box":
        left, top = min(self.left, other.left), min(self.top, other.top)
        right, bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        return Box(left, top, right - left, bottom - top, self.label)


def iou(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    shared = one.within(other)
    if shared is None:
        return 0.0
    return shared.area / (one.area + other.area - shared.area)


def tiles_of(width: int, height: int, *, side: int, overlap: int) -> list[Box]:
    """Squares of `side` pixels that cover the image, row by row, each sharing `overlap` pixels with
    the next; those at the right and at the bottom are cut off by the image.
    """
    return [
        Box(left, top, min(side, width - left), min(side, height - top))
        for top in _starts(height, side, overlap)
        for left in _starts(width, side, overlap)
    ]


def _starts(length: int, side: int, overlap: int) -> range:
    step = side - overlap
    return range(0, max(length - overlap, 1), step)


def merge_boxes(tiles: Sequence[Box], answers: PieceAnswers) -> list[Box]:
    """The boxes of all tiles' answers on the image, each object once, top to bottom."""
    drawn = [
        (tile, box)
        for tile, answer in zip(tiles, answers, strict=True)
        if answer is not None
        for value in answer.values.values()
        for box in _on_image(value, tile)
    ]
    joined = _joined(drawn)
    return sorted(joined, key=lambda box: (box.top, box.left, box.label))


def _on_image(value: str, tile: Box) -> Iterator[Box]:
    for found in boxes_in(value):
        moved = Box(
            found.left + tile.left, found.top + tile.top, found.width, found.height, found.label
        )
        inside = moved.within(tile)
        if inside is not None:
            yield inside


def boxes_in(value: str) -> Iterator[Box]:
    """The boxes in an answer's value: a JSON list of objects with left, top, width, height and
    perhaps a label, as the crowd HTML elements write them. Anything else holds none.
    """
    try:
        listed: Any = json.loads(value)
    except (ValueError, RecursionError):
        return
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            continue
        sides = [side for name in _SIDES if isinstance(side := one.get(name), int | float)]
        if len(sides) == len(_SIDES):
            yield Box(*sides, str(one.get("label", "")))  # type: ignore[arg-type, call-arg]  # four


def _joined(drawn: Sequence[tuple[Box, Box]]) -> list[Box]:
    """Boxes that are parts of one object become one: the connected components of `_same`."""
    parts = list(range(len(drawn)))

    def root(at: int) -> int:
        while parts[at] != at:
            parts[at] = parts[parts[at]]
            at = parts[at]
        return at

    order = sorted(range(len(drawn)), key=lambda at: drawn[at][1].left)
    for place, at in enumerate(order):
        for other in _beside(drawn, order, place):
            if _same(drawn[at], drawn[other]):
                parts[root(other)] = root(at)
    wholes: dict[int, Box] = {}
    for at, (_, box) in enumerate(drawn):
        top = root(at)
        wholes[top] = wholes[top].around(box) if top in wholes else box
    return list(wholes.values())


def _beside(drawn: Sequence[tuple[Box, Box]], order: Sequence[int], place: int) -> Iterable[int]:
    """Those after `place` in the order of left edges that begin before its right edge."""
    right = drawn[order[place]][1].right
    for at in order[place + 1 :]:
        if drawn[at][1].left > right:
            return
        yield at


def _same(one: tuple[Box, Box], other: tuple[Box, Box]) -> bool:
    (tile, box), (other_tile, other_box) = one, other
    if box.label != other_box.label or tile == other_tile:
        return False
    shown = tile.within(other_tile)
    if shown is None:
        return False
    part, other_part = box.within(shown), other_box.within(shown)
    return part is not None and other_part is not None and iou(part, other_part) >= IOU_MIN
