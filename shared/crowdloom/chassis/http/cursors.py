"""Cursors of lists: signed, so that nobody can make one up."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from itsdangerous import BadSignature, URLSafeSerializer

from crowdloom.kernel.errors import InvalidInput

ItemT = TypeVar("ItemT")


class Cursors:
    def __init__(self, key: str, *, salt: str) -> None:
        self._serializer = URLSafeSerializer(key, salt=salt)

    def write(self, place: str) -> str:
        text = self._serializer.dumps(place)
        return text if isinstance(text, str) else text.decode()

    def read(self, cursor: str) -> str:
        """Raises InvalidInput for anything that `write` did not make."""
        try:
            return str(self._serializer.loads(cursor))
        except BadSignature:
            raise InvalidInput(
                "The cursor is not one of ours; begin the list again",
                errors={"cursor": ["Not a cursor of this list"]},
            ) from None

    def place_of(self, query: Mapping[str, Any]) -> str | None:
        """Where the list goes on, None for its beginning. Raises InvalidInput."""
        return self.read(query["cursor"]) if query["cursor"] else None


def page_of(
    found: Sequence[ItemT],
    count_max: int,
    cursors: Cursors,
    *,
    place: Callable[[ItemT], str],
    present: Callable[[ItemT], dict[str, Any]],
) -> dict[str, Any]:
    """A page of a list of which one item more than the page holds was asked for."""
    items = found[:count_max]
    more = len(found) > count_max
    return {
        "items": [present(item) for item in items],
        "next_cursor": cursors.write(place(items[-1])) if more else None,
    }
