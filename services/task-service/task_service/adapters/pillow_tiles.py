"""Images by tile, with Pillow; merged, the boxes drawn on them in COCO's format."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, UnidentifiedImageError

from task_service.application.source_ports import Keep
from task_service.domain.splitting.pieces import (
    Merged,
    PieceAnswers,
    Split,
    Wish,
    not_splittable,
    numbers_contested,
    numbers_missing,
)
from task_service.domain.splitting.tiles import Box, merge_boxes, tiles_of

PIXELS_MAX = 100_000_000
_PIXELS_AT_ONCE = 20_000_000
TILES_MAX = 10_000
SIDE_MIN = 64
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_MEDIA_TYPE = "image/png"
_MODES = {"1", "L", "RGB", "RGBA", "P", "LA"}


class TileSplitter:
    """Tiles are PNG: not a pixel is changed."""

    def is_long(self, content: bytes, wish: Wish) -> bool:  # noqa: ARG002 - the port's
        width, height = _looked_at(content).size
        return width * height > _PIXELS_AT_ONCE

    def split(self, content: bytes, wish: Wish, keep: Keep) -> Split:
        image = _opened(content)
        if wish.size < SIDE_MIN or not 0 <= wish.overlap <= wish.size // 2:
            raise not_splittable(
                f"tiles have sides of at least {SIDE_MIN} pixels and share at most half of them"
            )
        tiles = tiles_of(*image.size, side=wish.size, overlap=wish.overlap)
        if len(tiles) > TILES_MAX:
            raise not_splittable(f"{len(tiles):,} tiles are too many: make them larger")
        return Split(
            columns=("image", "left", "top", "width", "height"),
            rows=[_row(tile, keep(_cropped(image, tile), _MEDIA_TYPE)) for tile in tiles],
            lines=range(1, len(tiles) + 1),
            recipe={
                "width": image.width,
                "height": image.height,
                "tiles": [[int(side) for side in _sides(tile)] for tile in tiles],
            },
            main_column="image",
            file_columns=("image",),
        )

    def merge(self, content: bytes, recipe: Mapping[str, Any], answers: PieceAnswers) -> Merged:  # noqa: ARG002 - boxes need no pixels
        tiles = [Box(*sides) for sides in recipe["tiles"]]
        boxes = merge_boxes(tiles, answers)
        missing, contested = numbers_missing(answers), numbers_contested(answers)
        document = coco(recipe, boxes)
        document["info"] = {
            "missing_tiles": [recipe["tiles"][number - 1] for number in missing],
            "contested_tiles": [recipe["tiles"][number - 1] for number in contested],
        }
        return Merged(
            content=[json.dumps(document, ensure_ascii=False, indent=1).encode()],
            media_type="application/json",
            ending="coco.json",
            missing=missing,
            contested=contested,
        )


def coco(recipe: Mapping[str, Any], boxes: Sequence[Box]) -> dict[str, Any]:
    """COCO's object detection format: one image, its categories, its boxes as x, y, width, height
    (cocodataset.org, "Data format").
    """
    labels = sorted({box.label for box in boxes})
    return {
        "images": [{"id": 1, "width": recipe["width"], "height": recipe["height"]}],
        "categories": [{"id": at, "name": label} for at, label in enumerate(labels, start=1)],
        "annotations": [
            {
                "id": at,
                "image_id": 1,
                "category_id": labels.index(box.label) + 1,
                "bbox": list(_sides(box)),
                "area": box.area,
                "iscrowd": 0,
            }
            for at, box in enumerate(boxes, start=1)
        ],
    }


def _looked_at(content: bytes, *, load: bool = False) -> Image.Image:
    """Its size; its pixels as well where it is loaded. Raises FaultyRows."""
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > PIXELS_MAX:
            raise not_splittable(
                f"the image has {image.width * image.height:,} pixels, more than {PIXELS_MAX:,}"
            )
        if load:
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        kinds = ", ".join(_FORMATS)
        raise not_splittable(f"not an image that can be read: choose {kinds}") from error
    return image


def _opened(content: bytes) -> Image.Image:
    image = _looked_at(content, load=True)
    return image if image.mode in _MODES else image.convert("RGB")


def _cropped(image: Image.Image, tile: Box) -> bytes:
    file = io.BytesIO()
    corners = (int(tile.left), int(tile.top), int(tile.right), int(tile.bottom))
    image.crop(corners).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _row(tile: Box, cell: str) -> tuple[str, ...]:
    return (cell, *(str(int(side)) for side in _sides(tile)))


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.width, box.height
