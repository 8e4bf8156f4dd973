"""Cursors of lists: signed, so that nobody can make one up."""

from crowdloom.kernel.errors import InvalidInput
from itsdangerous import BadSignature, URLSafeSerializer


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
