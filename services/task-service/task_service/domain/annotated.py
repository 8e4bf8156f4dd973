"""What was marked in an answer: boxes, polygons, spans, as the crowd HTML elements write them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MEDIA_COLUMNS = ("image_url", "image", "image_uri", "img", "url", "src", "picture", "photo")
_CORNERS_MIN = 3
_SIDES = ("left", "top", "width", "height")


@dataclass(frozen=True)
class Mark:
    """`selector` is one of the Web Annotation model's; places in an image are its pixels, in a text
    UTF-16 units (as the browser counts them), end excluded. `box` is (left, top, width, height),
    `outline` the corners of a polygon.
    """

    label: str
    selector: Mapping[str, Any]
    box: tuple[float, float, float, float] | None = None
    outline: tuple[tuple[float, float], ...] = ()

    @property
    def on_image(self) -> bool:
        return self.box is not None


def media_column(columns: Sequence[str]) -> str | None:
    """The column that names the picture that is marked: the first with a name usual for it."""
    named = {name.lower(): name for name in reversed(columns)}
    return next((named[usual] for usual in _MEDIA_COLUMNS if usual in named), None)


def marks_in(field: str, value: str) -> list[Mark]:
    """The marks in one field's value; empty where it holds none."""
    part = field.rpartition(".")[2]
    read = {"boundingBoxes": _box, "polygons": _polygon, "entities": _span}.get(part)
    if read is None:
        return []
    try:
        listed: Any = json.loads(value)
    except (ValueError, RecursionError):
        return []
    found = (
        [read(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    )
    return [mark for mark in found if mark is not None]


def _box(one: Mapping[str, Any]) -> Mark | None:
    sides = _numbers(one, _SIDES)
    if sides is None:
        return None
    left, top, width, height = sides
    fragment = f"xywh=pixel:{left:g},{top:g},{width:g},{height:g}"
    selector = {
        "type": "FragmentSelector",
        "conformsTo": "http://www.w3.org/TR/media-frags/",
        "value": fragment,
    }
    return Mark(_label(one), selector, (left, top, width, height))


def _polygon(one: Mapping[str, Any]) -> Mark | None:
    vertices = one.get("vertices")
    corners = [
        corner
        for vertex in (vertices if isinstance(vertices, list) else ())
        if isinstance(vertex, dict) and (corner := _numbers(vertex, ("x", "y")))
    ]
    if len(corners) < _CORNERS_MIN:
        return None
    points = " ".join(f"{x:g},{y:g}" for x, y in corners)
    selector = {"type": "SvgSelector", "value": f'<svg><polygon points="{points}"/></svg>'}
    across, down = [x for x, _ in corners], [y for _, y in corners]
    box = (min(across), min(down), max(across) - min(across), max(down) - min(down))
    return Mark(_label(one), selector, box, tuple((x, y) for x, y in corners))


def _span(one: Mapping[str, Any]) -> Mark | None:
    places = _numbers(one, ("startOffset", "endOffset"))
    if places is None:
        return None
    start, end = (int(place) for place in places)
    return Mark(_label(one), {"type": "TextPositionSelector", "start": start, "end": end})


def _numbers(one: Mapping[str, Any], names: Sequence[str]) -> list[float] | None:
    found = [one.get(name) for name in names]
    if any(isinstance(part, bool) or not isinstance(part, int | float) for part in found):
        return None
    return found  # type: ignore[return-value]  # numbers, every one


def _label(one: Mapping[str, Any]) -> str:
    return str(one.get("label", ""))
