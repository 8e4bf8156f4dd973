"""Whom a batch is for, in the API."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from task_service.domain.requirements import COMPARATORS, DEVICES, Condition, Requirements
from task_service.entrypoints.http import schemas
from task_service.entrypoints.http.schemas import Text

_LIST_MAX = 5_000
_LANGUAGES_MAX = 50
_CODE = validate.Length(min=1, max=64)


class ConditionSchema(Schema):
    qualification = Text(required=True, validate=_CODE, metadata={"example": "reliable"})
    comparator = fields.String(load_default="has", validate=validate.OneOf(COMPARATORS))
    score = fields.Integer(load_default=None, allow_none=True, strict=True)

    @post_load
    def _make(self, said: dict[str, Any], **_: Any) -> Condition:
        return Condition(**said)


def _conditions() -> fields.Field[Any]:
    return fields.List(fields.Nested(ConditionSchema), load_default=())


def _texts(count_max: int, **options: Any) -> fields.Field[Any]:
    return fields.List(
        Text(validate=_CODE), load_default=(), validate=validate.Length(max=count_max), **options
    )


class RequirementsSchema(Schema):
    """Empty lists ask for nothing."""

    all_of = _conditions()
    any_of = _conditions()
    none_of = _conditions()
    languages = _texts(_LANGUAGES_MAX, metadata={"description": "One of them is to be spoken"})
    devices = fields.List(fields.String(validate=validate.OneOf(DEVICES)), load_default=())
    # Under another name here: `only` is what a schema itself calls the fields it is cut down to.
    nobody_else = _texts(
        _LIST_MAX,
        data_key="only",
        attribute="only",
        metadata={"description": "Pseudonyms: nobody else sees the batch"},
    )
    excluded = _texts(_LIST_MAX, metadata={"description": "Pseudonyms that are given nothing"})
    answers_per_worker_max = fields.Integer(load_default=None, allow_none=True, strict=True)
    answers_per_worker_a_day_max = fields.Integer(load_default=None, allow_none=True, strict=True)

    @post_load
    def _make(self, said: dict[str, Any], **_: Any) -> Requirements:
        listed = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
        return Requirements(**{**said, **listed})


class NewBatchSchema(schemas.NewBatchSchema):
    requirements = fields.Nested(
        RequirementsSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Who may work on it; anybody without it"},
    )


class BatchDetailSchema(schemas.BatchDetailSchema):
    requirements = fields.Nested(RequirementsSchema, required=True, allow_none=True)
