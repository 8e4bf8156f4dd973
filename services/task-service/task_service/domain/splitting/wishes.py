"""How a whole is to be split, as people write it: `sentence`, `rows:7`, `tile:512`."""

from dataclasses import dataclass

from crowdloom.kernel.errors import InvalidInput

from task_service.domain.splitting.pieces import Wish


@dataclass(frozen=True)
class _Bounds:
    """What a piece and an overlap have by default, and at most."""

    size: int
    size_max: int
    overlap: int = 0
    overlap_max: int = 0


KINDS = {
    "paragraph": _Bounds(1, 1_000),
    "sentence": _Bounds(1, 10_000),
    "words": _Bounds(200, 20_000, 20, 2_000),
    "rows": _Bounds(1, 250),
    "page": _Bounds(1, 1),
    "tile": _Bounds(1_024, 8_192, 128, 4_096),
    "seconds": _Bounds(30, 3_600, 1, 60),
    "file": _Bounds(1, 1),
}


def parse_wish(
    by: str,
    *,
    overlap: int | None = None,
    language: str = "en",
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Wish:
    """`by` is a kind, or a kind and a size. Raises InvalidInput naming what is wrong."""
    kind, _, written = by.partition(":")
    bounds = KINDS.get(kind)
    if bounds is None:
        raise _invalid("by", f"Split by one of {', '.join(KINDS)}; a size may follow, as in rows:7")
    size = int(written) if written.isascii() and written.isdigit() else bounds.size
    if (written and str(size) != written) or not 1 <= size <= bounds.size_max:
        raise _invalid("by", f"The size of {kind} is a number from 1 to {bounds.size_max}")
    shared = bounds.overlap if overlap is None else overlap
    if not 0 <= shared <= bounds.overlap_max:
        raise _invalid("overlap", f"The overlap of {kind} is from 0 to {bounds.overlap_max}")
    return Wish(kind, size, shared, language, encoding, delimiter)


def _invalid(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, errors={field: [f"{sentence}."]})
