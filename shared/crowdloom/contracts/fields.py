"""Wire fields shared by events and HTTP APIs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields

from crowdloom.kernel.clock import format_instant, parse_instant
from crowdloom.kernel.errors import DomainError
from crowdloom.kernel.money import Money


class MoneyField(fields.Field[Money]):
    """`{"amount_minor": 5, "currency": "USD"}`; `scale` where it is finer than the minor unit."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.to_wire()

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Money:
        if not isinstance(value, Mapping):
            raise ValidationError("Not money: an object with amount_minor and currency.")
        try:
            return Money.from_wire(value)
        except DomainError as error:
            raise ValidationError(error.sentence) from error


class InstantField(fields.Field[datetime]):
    """RFC 3339 with an offset; written in UTC with milliseconds."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            return parse_instant(value)
        except (ValueError, TypeError) as error:
            raise ValidationError("Not an RFC 3339 instant with an offset.") from error
