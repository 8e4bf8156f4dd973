"""The event registry: what an event is, who owns it, what orders it, and how it is written.

An event is a frozen dataclass under its owner's folder. The decorator derives its marshmallow
schema from the annotations, so that name, owner, topic, key, PII flag, schema and example stand in
one place. Fields with a default are optional on the wire: additive changes keep the major version.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.errors import PoisonMessage
from crowdloom.kernel.money import Money


class Event:
    """Base of every registered event. Instances are frozen dataclasses."""


@dataclasses.dataclass(frozen=True)
class EventType:
    """What the registry knows of one event class.

    `key` names the field whose value orders the events of one aggregate; `pii` says whether the
    body names a worker (such topics are closed to task-service).
    """

    name: str
    owner: str
    topic: str
    key: str
    pii: bool
    cls: type[Event]
    schema: Schema
    example: Mapping[str, Any]
    summary: str

    def to_body(self, event: Event) -> dict[str, Any]:
        body = self.schema.dump(event)
        return {name: value for name, value in body.items() if value is not None}

    def from_body(self, body: object) -> Event:
        """Read a body; unknown fields are ignored. Raises PoisonMessage where it does not fit."""
        if not isinstance(body, Mapping):
            raise PoisonMessage(f"{self.name}: the body is not an object")
        try:
            return self.cls(**self.schema.load(body))
        except ValidationError as error:
            raise PoisonMessage(f"{self.name}: {error.messages}") from error


_BY_NAME: dict[str, EventType] = {}
_BY_CLASS: dict[type[Event], EventType] = {}
_SCHEMAS: dict[type, Schema] = {}

_FIELD_OF: dict[type, Callable[..., fields.Field[Any]]] = {
    str: fields.String,
    int: lambda **options: fields.Integer(strict=True, **options),
    bool: fields.Boolean,
    float: fields.Float,
    datetime: InstantField,
    Money: MoneyField,
}


def event(
    name: str, *, owner: str, topic: str, key: str, pii: bool = False, example: Mapping[str, Any]
) -> Callable[[type[Event]], type[Event]]:
    """Register a frozen dataclass as the event `name` (`<service>.<subject>.<action>.v<major>`)."""

    def register(cls: type[Event]) -> type[Event]:
        if name in _BY_NAME:
            raise ValueError(f"{name} is registered twice")
        known = EventType(
            name=name,
            owner=owner,
            topic=topic,
            key=key,
            pii=pii,
            cls=cls,
            schema=_schema_of(cls),
            example=example,
            summary=(cls.__doc__ or "").strip(),
        )
        _BY_NAME[name] = known
        _BY_CLASS[cls] = known
        return cls

    return register


def event_type(name_or_class: str | type[Event]) -> EventType:
    """Look one event up. Raises KeyError where it is not registered."""
    if isinstance(name_or_class, str):
        return _BY_NAME[name_or_class]
    return _BY_CLASS[name_or_class]


def all_event_types() -> list[EventType]:
    return [_BY_NAME[name] for name in sorted(_BY_NAME)]


def topics_of(owner: str) -> list[str]:
    """Every topic the service publishes to, sorted."""
    return sorted({known.topic for known in _BY_NAME.values() if known.owner == owner})


def _schema_of(cls: type) -> Schema:
    """One a class, so that what several fields hold has one name in documents."""
    if cls not in _SCHEMAS:
        _SCHEMAS[cls] = _new_schema(cls)
    return _SCHEMAS[cls]


def _new_schema(cls: type) -> Schema:
    hints = typing.get_type_hints(cls)
    declared = {
        field.name: _field_for(hints[field.name], field) for field in dataclasses.fields(cls)
    }
    return Schema.from_dict(declared, name=cls.__name__)(unknown=EXCLUDE)


def _field_for(hint: Any, field: "dataclasses.Field[Any]") -> fields.Field[Any]:
    options: dict[str, Any] = {"required": field.default is dataclasses.MISSING}
    if field.default is not dataclasses.MISSING:
        options["load_default"] = field.default
    return _wire_field(hint, options)


def _wire_field(hint: Any, options: dict[str, Any]) -> fields.Field[Any]:
    hint = getattr(hint, "__supertype__", hint)
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        inner = next(part for part in typing.get_args(hint) if part is not types.NoneType)
        return _wire_field(inner, {**options, "allow_none": True})
    if origin is tuple:
        inner_field = _wire_field(typing.get_args(hint)[0], {})
        return _TupleField(inner_field, **options)
    if origin in (dict, Mapping) or hint in (dict, Mapping):
        return fields.Dict(keys=fields.String(), **options)
    if dataclasses.is_dataclass(hint) and hint is not Money:
        return _NestedField(typing.cast("type", hint), **options)
    return _FIELD_OF[hint](**options)


class _TupleField(fields.List[Any]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class _NestedField(fields.Nested):
    def __init__(self, cls: type, **options: Any) -> None:
        super().__init__(_schema_of(cls), **options)
        self._cls = cls

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return self._cls(**super()._deserialize(*args, **kwargs))
