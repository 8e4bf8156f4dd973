"""What MongoDB's queries and updates mean, for documents held in memory.

Only the operators that the services use are here; any other one is refused, so that a test can
never pass by an operator that does nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bson import Int64

Document = dict[str, Any]

MISSING: Any = object()


def copied(value: Any) -> Any:
    """A copy that shares nothing changeable; tuples become lists, as they do on the wire."""
    kind = type(value)
    if kind is dict or isinstance(value, Mapping):
        return {name: copied(each) for name, each in value.items()}
    if kind is list or kind is tuple:
        return [copied(each) for each in value]
    return value


def projected(document: Document, projection: Mapping[str, Any] | None) -> Document:
    """Whole top-level fields: more of a nested field than asked for hurts nobody."""
    if not projection or any(value in (0, False) for value in projection.values()):
        return copied(document)  # type: ignore[no-any-return]
    wanted = {name.split(".")[0] for name in projection} | {"_id"}
    return {name: copied(value) for name, value in document.items() if name in wanted}


def values_at(document: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path, entering arrays; MISSING where there is none."""
    name, _, rest = path.partition(".")
    if isinstance(document, list):
        for each in document:
            yield from values_at(each, path)
        return
    found = document.get(name, MISSING) if isinstance(document, dict) else MISSING
    if rest and found is not MISSING:
        yield from values_at(found, rest)
    else:
        yield found
        if isinstance(found, list):
            yield from found


def matches(document: Document, query: Mapping[str, Any]) -> bool:
    for name, condition in query.items():
        if name == "$and":
            held = all(matches(document, each) for each in condition)
        elif name == "$or":
            held = any(matches(document, each) for each in condition)
        elif name == "$nor":
            held = not any(matches(document, each) for each in condition)
        elif name.startswith("$"):
            raise NotImplementedError(name)
        else:
            held = _field_matches(document, name, condition)
        if not held:
            return False
    return True


def is_operators(condition: Any) -> bool:
    return isinstance(condition, dict) and any(str(name).startswith("$") for name in condition)


def _field_matches(document: Document, path: str, condition: Any) -> bool:
    found = document.get(path, MISSING) if "." not in path else MISSING
    values = [found] if found is not MISSING else list(values_at(document, path))
    if isinstance(found, list):
        values += found
    if not is_operators(condition):
        return any(_same(value, condition) for value in values)
    return all(_operator(name)(values, wanted) for name, wanted in condition.items())


def _same(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return value is None or value is MISSING
    return bool(value == wanted)


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[list[Any], Any], bool]:
    def check(values: list[Any], wanted: Any) -> bool:
        for value in values:
            try:
                if value is not None and value is not MISSING and test(value, wanted):
                    return True
            except TypeError:
                continue
        return False

    return check


_OPERATORS: dict[str, Callable[[list[Any], Any], bool]] = {
    "$in": lambda values, wanted: any(_same(v, each) for v in values for each in wanted),
    "$nin": lambda values, wanted: not any(_same(v, each) for v in values for each in wanted),
    "$ne": lambda values, wanted: not any(_same(value, wanted) for value in values),
    "$eq": lambda values, wanted: any(_same(value, wanted) for value in values),
    "$exists": lambda values, wanted: any(v is not MISSING for v in values) == bool(wanted),
    "$lt": _compared(lambda value, wanted: value < wanted),
    "$lte": _compared(lambda value, wanted: value <= wanted),
    "$gt": _compared(lambda value, wanted: value > wanted),
    "$gte": _compared(lambda value, wanted: value >= wanted),
}


def _operator(name: str) -> Callable[[list[Any], Any], bool]:
    if name not in _OPERATORS:
        raise NotImplementedError(name)
    return _OPERATORS[name]


def updated(document: Document, change: Mapping[str, Any], *, inserting: bool) -> Document:
    """A changed copy."""
    made: Document = copied(document)
    for operator, fields in change.items():
        if operator == "$setOnInsert" and not inserting:
            continue
        apply = _UPDATES.get(operator)
        if apply is None:
            raise NotImplementedError(operator)
        for path, value in fields.items():
            holder, name = _holder(made, path)
            apply(holder, name, value)
    return made


def _holder(document: Document, path: str) -> tuple[Document, str]:
    *way, name = path.split(".")
    for each in way:
        document = document.setdefault(each, {})
    return document, name


def _set(holder: Document, name: str, value: Any) -> None:
    holder[name] = copied(value)


def _inc(holder: Document, name: str, value: Any) -> None:
    held = holder.get(name, 0)
    # A long stays a long, as on the wire.
    long = isinstance(held, Int64) or isinstance(value, Int64)
    holder[name] = Int64(held + value) if long else held + value


def _unset(holder: Document, name: str, _value: Any) -> None:
    holder.pop(name, None)


def _push(holder: Document, name: str, value: Any) -> None:
    several = isinstance(value, dict) and "$each" in value
    added, kept = (value["$each"], value.get("$slice")) if several else ([value], None)
    if kept is not None and kept >= 0:
        raise NotImplementedError("$slice from the front")
    holder[name] = [*holder.get(name, []), *copied(added)][kept:]


def _add_to_set(holder: Document, name: str, value: Any) -> None:
    held = holder.get(name, [])
    holder[name] = held if value in held else [*held, copied(value)]


def _max(holder: Document, name: str, value: Any) -> None:
    holder[name] = max(holder[name], value) if holder.get(name) is not None else value


def _min(holder: Document, name: str, value: Any) -> None:
    holder[name] = min(holder[name], value) if holder.get(name) is not None else value


_UPDATES: dict[str, Callable[[Document, str, Any], None]] = {
    "$set": _set,
    "$setOnInsert": _set,
    "$inc": _inc,
    "$unset": _unset,
    "$push": _push,
    "$addToSet": _add_to_set,
    "$max": _max,
    "$min": _min,
}


def born_of(query: Mapping[str, Any]) -> Document:
    """What an upsert takes over from its query: the fields that are compared for equality."""
    born: Document = {}
    for path, condition in query.items():
        if path.startswith("$") or is_operators(condition):
            continue
        holder, name = _holder(born, path)
        holder[name] = copied(condition)
    return born


def aggregated(documents: Iterator[Document], stages: list[Mapping[str, Any]]) -> list[Document]:
    rows = list(documents)
    for stage in stages:
        ((name, what),) = stage.items()
        if name not in _STAGES:
            raise NotImplementedError(name)
        rows = _STAGES[name](rows, what)
    return rows


def _match(rows: list[Document], query: Mapping[str, Any]) -> list[Document]:
    return [row for row in rows if matches(row, query)]


def _unwind(rows: list[Document], path: str) -> list[Document]:
    name = path.removeprefix("$")
    return [{**row, name: each} for row in rows for each in row.get(name, [])]


def _group(rows: list[Document], what: Mapping[str, Any]) -> list[Document]:
    groups: dict[str, Document] = {}
    for row in rows:
        key = _expression(row, what["_id"])
        group = groups.setdefault(repr(key), {"_id": key})
        for name, accumulator in what.items():
            if name == "_id":
                continue
            ((kind, of),) = accumulator.items()
            if kind != "$sum":
                raise NotImplementedError(kind)
            value = _expression(row, of)
            group[name] = group.get(name, 0) + (value if isinstance(value, int) else 0)
    return list(groups.values())


def _expression(row: Document, expression: Any) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        found = next(values_at(row, expression[1:]))
        return None if found is MISSING else found
    if is_operators(expression):
        raise NotImplementedError(repr(expression))
    if isinstance(expression, dict):
        return {name: _expression(row, each) for name, each in expression.items()}
    return expression


def sorted_by(rows: list[Document], order: list[tuple[str, int]]) -> list[Document]:
    """Nothing sorts before everything else, as in MongoDB."""
    for path, direction in reversed(order):
        rows = sorted(rows, key=_sort_key(path), reverse=direction < 0)
    return rows


def _sort_key(path: str) -> Callable[[Document], tuple[bool, Any]]:
    def key(row: Document) -> tuple[bool, Any]:
        found = next(values_at(row, path))
        there = found is not MISSING and found is not None
        return there, found if there else 0

    return key


_STAGES: dict[str, Callable[[list[Document], Any], list[Document]]] = {
    "$match": _match,
    "$unwind": _unwind,
    "$group": _group,
    "$sort": lambda rows, order: sorted_by(rows, list(order.items())),
    "$limit": lambda rows, count: rows[:count],
}
